"""Reading `forward`: what modules, functions and tensor methods do to the signal."""

from __future__ import annotations

import ast
import re
from typing import Any

from initlint.describe import calls, classes
from initlint.describe import flow_operations as ops
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import Sym
from initlint.describe.values import (
    Choice,
    ClassRef,
    External,
    Function,
    ModuleObject,
    Sequence,
    Storage,
    Tensor,
    Value,
)
from initlint.reference.layers import (
    ACTIVATION_FUNCTIONS,
    ACTIVATIONS,
    LAYERS,
    NORM_FUNCTIONS,
    NORMS,
    PASSTHROUGH,
    PASSTHROUGH_FUNCTIONS,
)  # fmt: skip

_INDICES = re.compile(r"(\[[^][:,.]+\])+")  # `[i]`, `[i][j]`: each takes the first axis away
_TUPLES = {"LSTM": 2, "GRU": 2, "RNN": 2, "MultiheadAttention": 2, "LSTMCell": 2}
_LIKE_PASS = frozenset({
    "mean", "sum", "max", "min", "amax", "amin", "cumsum", "index_select", "gather", "masked_fill", "masked_fill_",
    "masked_select",
    "scatter", "where", "type", "bool", "long", "int", "requires_grad_", "half", "sort", "topk", "flip", "rot90",
    "tile",
    "broadcast_to", "split", "chunk", "unbind", "select", "as_strided", "clamp", "clamp_min", "clip", "tril", "triu",
    "zero_pad2d", "pad_packed_sequence", "pack_padded_sequence", "repeat_interleave", "swapaxes", "nan_to_num",
    "detach_",
    "apply_rotary_pos_emb", "rearrange", "logsumexp", "median", "norm", "stack_", "squeeze_", "unsqueeze_",
    "bfloat16", "t_",
    "contiguous_", "double", "to_dense", "index_add", "embedding_renorm_", "checkpoint_name", "scatter_add",
})  # fmt: skip


def call_module(
    run: Run, module: ModuleObject, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    """`module(x)`."""
    given = [*args, *kwargs.values()]
    if not run.forward:
        return run.nameless("output")
    return _once(run, module, args, kwargs, given, node, frame)


def _once(
    run: Run,
    module: ModuleObject,
    args: list[Value],
    kwargs: dict[str, Value],
    given: list[Value],
    node: ast.AST,
    frame: Frame,
) -> Value:
    if module.cls is not None and module.kind != "DropPath":  # each has its own, and all do the same
        method = classes.find(run.project, module.cls, "forward")
        if method is not None:
            if sum(entry is method.node for entry in run.stack) > 1:
                return unknown(run, given, node, frame)
            method.bound = module
            if args and _derives_from_norm(run, module.cls):
                args = [ops.add(run, "norm", ops.flows(run, args[:1]), frame, node, name=module.kind), *args[1:]]
            return calls.call_function(run, method, args, kwargs, node, frame)
    return base_forward(run, module, args, kwargs, node, frame)


def _derives_from_norm(run: Run, cls: ClassRef) -> bool:
    """Whether it is a norm of torch's with a forward of its own, which may normalise by lines that are hard to read."""
    bases = (base.dotted for base in classes.order(run.project, cls) if isinstance(base, External))
    return any(base.rpartition(".")[2] in NORMS for base in bases)


def base_forward(
    run: Run, module: ModuleObject, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    """The forward of torch's own class."""
    given = [*args, *kwargs.values()]
    kinds = (*module.bases, module.kind)
    if "Sequential" in kinds:
        value = args[0] if args else None
        members = [child for child in _members(run, module) if not _left_out(run, child)]
        turns = 2 if module.multiplicity is not None else 1
        for _ in range(turns):
            for child in members:
                value = calls.call(run, child, [value], {}, node, frame)
        return value
    kind = next((k for k in kinds if k in LAYERS), module.kind)
    role = LAYERS[kind].role if kind in LAYERS else None
    if kind in ACTIVATIONS or (module.dotted or "").startswith("activation."):
        return _activation(run, ACTIVATIONS.get(kind, kind), given, _slope(run, module, kind), node, frame)
    if role == "norm" or kind in NORMS:
        return ops.add(run, "norm", ops.flows(run, given), frame, node, module=module, name=kind)
    if role == "composite":
        return ops.add(run, "unknown", ops.flows(run, given), frame, node)
    if role is not None:
        out = ops.layer(run, module, given[:1] if role != "attention" else given, node, frame)
        if role == "attention" and isinstance(module.slots.get("out_proj"), ModuleObject):
            out = ops.layer(run, module.slots["out_proj"], [out], node, frame)
        return Sequence((out, ops.passed(run, out)), "tuple") if kind in _TUPLES else out
    if kind in PASSTHROUGH:
        source = args[0] if args else None
        return source if isinstance(source, Tensor) else _through(run, given, node, frame)
    return unknown(run, given, node, frame)


def _members(run: Run, module: ModuleObject) -> list[Value]:
    """What a Sequential calls, one after the other: modules, and what nobody knows, `Sequential(conv, activation)`."""
    from initlint.describe.modules import children

    own = module.cls is None  # a class of its own may also keep other things
    known = {name for name, _ in children(run, module)}
    unknown = (name for name, value in module.slots.items() if isinstance(value, Sym))
    known.update(name for name in unknown if own or name.isdigit() or "*" in name)
    return [value for name, value in module.slots.items() if name in known]


def _left_out(run: Run, child: Value) -> bool:
    """Whether the default configuration does not put this member in."""
    if not isinstance(child, Choice):
        return False
    return all(any(guard.default is False for guard in guards) for guards, _ in child.options if run.consistent(guards))


def _slope(run: Run, module: ModuleObject, kind: str) -> Any:
    if kind in ("LeakyReLU", "leaky_relu"):
        value = module.arguments.get("negative_slope", module.arguments.get("0", 0.01))
        return run.default_option(value)
    if kind == "PReLU":
        return run.default_option(module.arguments.get("init", 0.25))
    return None


def _activation(run: Run, name: str, given: list[Value], slope: Any, node: ast.AST, frame: Frame) -> Tensor:
    if name == "identity":
        return _through(run, given, node, frame)
    op = "softmax" if name in ("softmax", "log_softmax") else "activation"
    return ops.add(run, op, ops.flows(run, given[:1]), frame, node, name=name, slope=slope)


def _through(run: Run, given: list[Value], node: ast.AST, frame: Frame) -> Tensor:
    return ops.add(run, "pass", ops.flows(run, given), frame, node)


def function(run: Run, dotted: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    """A function outside the project on a signal."""
    last = dotted.rpartition(".")[2]
    given = [*args, *kwargs.values()]
    family = dotted.startswith(("torch.", "einops.", "numpy."))
    if not ops.flows(run, given):
        return (
            run.nameless(last)
            if last not in ("zeros", "ones", "randn", "arange", "tensor", "empty", "rand", "full")
            else Tensor(None, node=None)
        )
    if family and last in ACTIVATION_FUNCTIONS:
        slope = kwargs.get("negative_slope", args[1] if len(args) > 1 else 0.01) if "leaky" in last else None
        return _activation(run, ACTIVATION_FUNCTIONS[last], given, slope, node, frame)
    if family and last in NORM_FUNCTIONS:
        return ops.add(run, "norm", ops.flows(run, given[:1]), frame, node, name=last)
    if (
        family
        and last
        in ("linear", "matmul", "mm", "bmm", "einsum", "bilinear", "addmm", "baddbmm", "dot", "tensordot", "mv")
    ) or (family and last.startswith("conv")):
        return _contraction(run, last, args, kwargs, node, frame)
    if family and last in ("cat", "concat", "concatenate", "stack", "hstack", "vstack"):
        for value in _flat(run, given):
            ops.use(value, "cat")
        return ops.add(run, "cat", ops.flows(run, given), frame, node)
    if last == "scaled_dot_product_attention":
        return ops.add(run, "attention", ops.flows(run, given), frame, node)
    if family and last in ("add", "sub", "mul", "div", "multiply", "true_divide") and len(args) > 1:
        operator = {"add": ast.Add(), "sub": ast.Sub()}.get(last, ast.Mult())
        return ops.binary(run, operator, args[0], args[1], node, frame)
    if family and last in ("embedding", "embedding_bag"):
        ops.use(args[1] if len(args) > 1 else kwargs.get("weight"), "embedding")
        return ops.add(run, "pass", ops.flows(run, given), frame, node)
    if family and (last in PASSTHROUGH_FUNCTIONS or last in _LIKE_PASS):
        if isinstance(args[0] if args else None, Tensor) and args[0].storage is not None:
            return args[0]
        tensor = args[0] if args else None
        return (
            ops.passed(run, tensor)
            if isinstance(tensor, Tensor) and tensor.node is not None
            else _through(run, given, node, frame)
        )
    if dotted.endswith(("checkpoint.checkpoint", "checkpoint")) and args:
        return calls.call(run, args[0], args[1:], {}, node, frame)
    return unknown(run, given, node, frame)


def _flat(run: Run, values: list[Value]) -> list[Value]:
    found: list[Value] = []
    for value in values:
        value = run.settle(value)
        found += _flat(run, list(value.items)) if isinstance(value, Sequence) else [value]
    return found


def _contraction(
    run: Run, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Tensor:
    if name in ("matmul", "mm", "bmm", "dot", "mv") and len(args) > 1:
        return ops.contract(run, run.settle(args[0]), run.settle(args[1]), node, frame)
    if name in ("addmm", "baddbmm") and len(args) > 2:
        ops.use(run.settle(args[0]), "add")
        return ops.contract(run, run.settle(args[1]), run.settle(args[2]), node, frame)
    if name == "einsum" and args:
        return _einsum(run, args, node, frame)
    weight = run.settle(kwargs.get("weight", args[1] if len(args) > 1 else None))
    operands: tuple[Storage, ...] = ()
    if isinstance(weight, Tensor) and weight.storage is not None:
        kind = "linear" if name in ("linear", "bilinear") else "conv_transpose" if "transpose" in name else "conv"
        axis, axes = (-1 if kind == "linear" else None), ((0, 1) if name == "conv_tbc" else None)
        how = "embedding" if ops.picks_rows(args[0] if args else None) else "contract"
        ops.use(weight, how, axis=axis, axes=axes, kind=kind, transposed=weight.transposed)
        operands = (weight.storage,)
    bias = run.settle(kwargs.get("bias", args[2] if len(args) > 2 else None))
    ops.use(bias, "add")
    signal, kernel = ops.flows(run, [args[0] if args else kwargs.get("input")]), ops.flows(run, [weight])
    if not all(map(ops.of_weights_alone, kernel)):  # the signal chooses the kernel: a gate
        kernel = ops.flows(run, [ops.add(run, "mul", kernel, frame, node)])
    return ops.add(run, "contract", [*signal, *kernel], frame, node, operands=operands)


def _einsum(run: Run, args: list[Value], node: ast.AST, frame: Frame) -> Tensor:
    equation = run.settle(args[0])
    tensors = [run.settle(value) for value in args[1:]]
    operands = []
    for position, value in enumerate(tensors):
        if isinstance(value, Tensor) and value.storage is not None:
            summed: tuple[int, ...] | None = None
            if isinstance(equation, str) and "->" in equation:
                left, _, out = equation.replace(" ", "").partition("->")
                terms = left.split(",")
                if position < len(terms):
                    summed = _summed(value, terms[position], out)
            ops.use(
                value,
                "contract" if summed is None or summed else "mul",
                axes=summed,
                transposed=value.transposed,
                kind="einsum",
            )
            operands.append(value.storage)
    sources = ops.flows(run, tensors)
    known = all(isinstance(value, Tensor) for value in tensors)  # what is lost sight of may be the signal
    if known and all(map(ops.of_weights_alone, sources)):  # a weight spread over a fixed basis: no signal is summed
        for value in tensors:
            ops.use(value, "product")
    return ops.add(run, "contract", sources, frame, node, operands=tuple(operands))


def _summed(tensor: Tensor, term: str, out: str) -> tuple[int, ...] | None:
    """The axes of the whole parameter that a term of einsum sums over: `w[i]` lacks the first of them.

    None where a part with fewer axes came about in another way, and which of them are left is not known.
    """
    axes = tuple(i for i, letter in enumerate(term) if letter not in out)
    whole = tensor.storage.shape if tensor.storage is not None else None
    missing = len(whole) - len(term) if whole is not None and "." not in term else 0
    if missing == 0 or not axes:
        return axes
    taken = _INDICES.fullmatch(tensor.region or "")
    return tuple(axis + missing for axis in axes) if taken and (tensor.region or "").count("[") == missing else None


def tensor_method(
    run: Run, tensor: Tensor, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    """A method of a signal or of a parameter inside forward."""
    if name in (
        "size",
        "dim",
        "numel",
        "item",
        "stride",
        "get_device",
        "tolist",
        "new_zeros",
        "new_ones",
        "new_tensor",
        "new_full",
        "new_empty",
        "any",
        "all",
        "numpy",
        "argmax",
        "argmin",
        "eq",
        "ne",
        "lt",
        "gt",
        "nonzero",
    ):
        return run.nameless(name)
    if tensor.storage is not None:
        return _of_parameter(run, tensor, name, args, kwargs, node, frame)
    given = [tensor, *args]
    if name in ACTIVATION_FUNCTIONS:
        return _activation(run, ACTIVATION_FUNCTIONS[name], given, None, node, frame)
    if name in ("matmul", "mm", "bmm", "dot"):
        return ops.contract(run, tensor, run.settle(args[0]) if args else None, node, frame)
    operators = {
        "add": ast.Add(),
        "add_": ast.Add(),
        "sub": ast.Sub(),
        "sub_": ast.Sub(),
        "mul": ast.Mult(),
        "mul_": ast.Mult(),
        "div": ast.Div(),
        "div_": ast.Div(),
    }
    if name in operators and args:
        return ops.binary(run, operators[name], tensor, args[0], node, frame)
    if name in PASSTHROUGH_FUNCTIONS or name in _LIKE_PASS:
        if name in ("chunk", "split", "unbind"):
            count = args[0] if args and isinstance(args[0], int) and name == "chunk" else None
            pieces = tuple(ops.passed(run, tensor) for _ in range(count if count and count <= 16 else 1))
            return Sequence(pieces, "tuple", None if count and count <= 16 else run.nameless("count"))
        if name in ("max", "min", "sort", "topk", "median") and args:
            return Sequence((ops.passed(run, tensor), run.nameless("indices")), "tuple")
        return ops.passed(run, tensor)
    if name in ("backward", "retain_grad", "register_hook"):
        return None
    return unknown(run, given, node, frame)


def _of_parameter(
    run: Run, tensor: Tensor, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    from initlint.describe import tensors

    if name in ("matmul", "mm", "bmm"):
        return ops.contract(run, tensor, run.settle(args[0]) if args else None, node, frame)
    if name in ("mul", "div", "mul_", "div_"):
        ops.use(tensor, "rescaled")
        return tensor
    if name in tensors.VIEWS and isinstance(node, ast.Call):
        if name in ("chunk", "split", "unbind", "tensor_split"):
            return tensors.pieces(run, tensor, name, args)
        return tensors.look(run, tensor, name, args)
    if name in tensors.MOVES or name in ("clone", "contiguous", "repeat", "expand", "type_as", "unsqueeze", "squeeze"):
        return tensor
    if name in ACTIVATION_FUNCTIONS or name in ("exp", "sum", "mean", "norm"):
        ops.use(tensor, "transformed")
        return ops.add(run, "unknown", ops.flows(run, [tensor]), frame, node)
    return unknown(run, [tensor, *args], node, frame)


def unknown(run: Run, given: list[Value], node: ast.AST, frame: Frame) -> Value:
    """Something that cannot be followed; whatever goes in may come out."""
    for value in _flat(run, given):
        ops.use(value, "unknown")
    sources = ops.flows(run, given)
    if not sources:
        return run.nameless("value")
    return ops.add(run, "unknown", sources, frame, node)


def read_forward(run: Run, module: ModuleObject, function: Function) -> None:
    """Read a module's forward with signals for its arguments."""
    from initlint.describe import expressions

    run.forward = True
    node = function.node
    frame = Frame(function.file, {}, "forward")
    arguments = [*node.args.posonlyargs, *node.args.args][1:]
    defaults = expressions.defaults(run, node.args, frame)
    args: list[Value] = []
    for argument in arguments:
        if argument.arg in defaults:
            default = defaults[argument.arg]
            plain = isinstance(default, (int, float, str, bool, type(None)))
            args.append(run.unknown(argument.arg, default) if plain else default)
        elif _is_number(argument.annotation):
            args.append(run.unknown(argument.arg))
        else:
            args.append(ops.add(run, "input", []))
    if node.args.vararg is not None:
        args.append(ops.add(run, "input", []))
    function.bound = module
    value = calls.call_function(run, function, args, {}, node, frame)
    ops.add(run, "return", ops.flows(run, [value]))


def _is_number(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id in ("int", "float", "bool", "str")
