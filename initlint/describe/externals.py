"""What the functions outside the project do: torch, builtins, math, copy, functools, timm, mmengine."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import replace
from typing import Any

from initlint.describe import classes, draws, exact_types, forward, layers, modules, strangers, tensors, type_tests
from initlint.describe.facts import HelperGivenTensor, InitName
from initlint.describe.nodes import Copied, InitCall, InitEvent, Loaded, Seeded, Target
from initlint.describe.run import ABSENT, Frame, Run
from initlint.describe.symbols import Sym, number
from initlint.describe.values import (
    Choice,
    ClassRef,
    External,
    Function,
    Instance,
    Mapping,
    Method,
    ModuleObject,
    Partial,
    Sequence,
    Super,
    Tensor,
    Value,
)  # fmt: skip
from initlint.reference.layers import ACTIVATIONS, LAYERS_BY_DOTTED_NAME, NORMS, PASSTHROUGH

# A function of unknown make with such a name may write to what it is given.
_MAY_WRITE = re.compile(r"init|reset|load|weight|restore|pretrain|fill_|copy_|zero", re.IGNORECASE)
_WEIGHT_NORMS = {
    "torch.nn.utils.weight_norm": "weight_norm",
    "torch.nn.utils.parametrizations.weight_norm": "parametrizations.weight_norm",
    "torch.nn.utils.parametrizations.spectral_norm": "parametrizations.spectral_norm",
    "torch.nn.utils.parametrizations.orthogonal": "parametrizations.orthogonal",
    "torch.nn.utils.parametrize.register_parametrization": "parametrize.register_parametrization",
    "torch.nn.utils.spectral_norm": "spectral_norm",
}
# mmcv / mmengine helpers look for `.weight` on what they are given.
MM_HELPERS = frozenset(
    {
        "constant_init",
        "xavier_init",
        "normal_init",
        "trunc_normal_init",
        "uniform_init",
        "kaiming_init",
        "caffe2_xavier_init",
    }
)


def syntactic(run: Run, dotted: str, node: ast.Call, frame: Frame) -> Value:
    """Builtins whose arguments matter as text; NotImplemented for all else."""
    match dotted:
        case "builtins.super":
            return Super(frame.self_value if frame.self_value is not None else _outer_self(frame), _owner(frame))
        case "builtins.isinstance":
            return _isinstance(run, node, frame)
        case "builtins.type" if len(node.args) == 1:
            return _type_of(run, node, frame)
    return NotImplemented


def _outer_self(frame: Frame) -> Value:
    scope: Frame | None = frame
    while scope is not None:
        if scope.self_value is not None:
            return scope.self_value
        scope = scope.outer
    return None


def _owner(frame: Frame) -> ClassRef | None:
    scope: Frame | None = frame
    while scope is not None:
        if scope.owner is not None:
            return scope.owner
        scope = scope.outer
    return None


def _type_of(run: Run, node: ast.Call, frame: Frame) -> Value:
    from initlint.describe.expressions import evaluate

    value = run.settle(evaluate(run, node.args[0], frame))
    if isinstance(value, ModuleObject):
        return exact_types.class_of(run, value)
    if isinstance(value, Instance):
        return value.cls
    if isinstance(value, Sym):
        return run.unknown(f"type({value!r})", payload=("class of", value))
    return run.nameless("type")


def _isinstance(run: Run, node: ast.Call, frame: Frame) -> Value:
    from initlint.describe.expressions import evaluate

    type_tests.note_isinstance(run, node, frame)
    if len(node.args) != 2:
        return run.nameless("isinstance")
    subject = evaluate(run, node.args[0], frame)
    types = run.settle(evaluate(run, node.args[1], frame))
    members = list(types.items) if isinstance(types, Sequence) else [types]
    options = [(guards, _is_one_of(run, option, members, node, frame)) for guards, option in run.options(subject)]
    return run.choose(options) if options else run.nameless("isinstance")


def _is_one_of(run: Run, subject: Value, members: list[Value], node: ast.Call, frame: Frame) -> Value:
    answers = [is_instance(run, subject, run.settle(member)) for member in members]
    if True in answers:
        return True
    if all(answer is False for answer in answers):
        return False
    text = " or ".join(_type_text(member) for member in members)
    lessons: dict[Sym, Value] = {}
    if isinstance(subject, Sym):
        kinds = [
            member for member in members if isinstance(member, External) and member.dotted in LAYERS_BY_DOTTED_NAME
        ]
        made = [layers.generic(run, member.dotted, frame.site(node), repr(subject)) for member in kinds]
        if len(made) == 1 and len(members) == 1:
            lessons[subject] = made[0]
        elif made:
            from initlint.describe.nodes import Guard

            lessons[subject] = Choice(
                tuple(((Guard(("kind", id(node), i), True, None),), module) for i, module in enumerate(made))
            )
    return run.unknown(
        f"isinstance({subject!r}, {text})" if isinstance(subject, Sym) else f"isinstance@{id(node)}:{id(subject)}",
        payload=("narrow", lessons),
    )


def _type_text(value: Value) -> str:
    return value.dotted if isinstance(value, External) else value.name if isinstance(value, ClassRef) else repr(value)


def is_instance(run: Run, subject: Value, cls: Value) -> bool | None:
    """Whether a value is an instance of a class; None where unknown."""
    if isinstance(subject, ModuleObject):
        return _module_is(run, subject, cls)
    simple = {"builtins.str": str, "builtins.int": int, "builtins.float": float, "builtins.bool": bool}
    if isinstance(cls, External) and isinstance(subject, (str, int, float, bool, type(None))):
        return isinstance(subject, simple[cls.dotted]) if cls.dotted in simple else False
    if isinstance(subject, Sequence) and isinstance(cls, External):
        return {"builtins.list": subject.kind == "list", "builtins.tuple": subject.kind == "tuple"}.get(
            cls.dotted, False
        )
    if isinstance(subject, Mapping) and isinstance(cls, External):
        return cls.dotted == "builtins.dict" or cls.dotted.endswith("OrderedDict")
    if isinstance(subject, Tensor) and isinstance(cls, External):
        if cls.dotted == "torch.nn.Parameter":
            return subject.is_parameter
        return cls.dotted == "torch.Tensor"
    if (
        isinstance(subject, Sym)
        and isinstance(subject.default, (str, int, float, bool))
        and isinstance(cls, External)
        and cls.dotted in simple
    ):
        return isinstance(subject.default, simple[cls.dotted])
    return None


_FAMILIES = {
    "torch.nn.modules.batchnorm._BatchNorm": "BatchNorm", "torch.nn._BatchNorm": "BatchNorm",
    "torch.nn.modules.conv._ConvNd": "Conv", "torch.nn._ConvNd": "Conv",
    "torch.nn.modules.instancenorm._InstanceNorm": "InstanceNorm", "torch.nn.modules.batchnorm._NormBase": "BatchNorm",
    "torch.nn.RNNBase": ("RNN", "LSTM", "GRU"), "mmcv.utils._BatchNorm": "BatchNorm",
    "mmengine.utils.dl_utils.parrots_wrapper._BatchNorm": "BatchNorm", "mmcv.utils.parrots_wrapper._BatchNorm": "BatchNorm",
    "torch.nn.modules.conv._ConvTransposeNd": "ConvTranspose",
}  # fmt: skip


def _module_is(run: Run, module: ModuleObject, cls: Value) -> bool | None:
    if isinstance(cls, External):
        dotted = cls.dotted
        last = dotted.rpartition(".")[2]
        if dotted in ("torch.nn.Module", "builtins.object"):
            return True
        if dotted in _FAMILIES:
            prefix = _FAMILIES[dotted]
            names = (*module.bases, module.kind) if module.cls is None else module.bases
            return any(name.startswith(prefix) for name in names) and not (module.generic and "by name" in module.marks)
        if module.cls is not None:
            entries = classes.order(run.project, module.cls)
            outside = [entry.dotted for entry in entries if isinstance(entry, External)]
            if dotted in outside or last in module.bases:
                return True
            unknown = [o for o in outside if not o.startswith(("torch.nn.", "abc.", "typing.", "builtins."))]
            return None if unknown and not dotted.startswith("torch.nn.") else False
        if dotted == (module.dotted or "") or (dotted.startswith("torch.nn.") and last in (module.kind, *module.bases)):
            return True
        if module.generic and "by name" in module.marks:
            return None
        if last == "BatchNorm2d" and module.kind == "SyncBatchNorm":
            return False
        known = module.dotted is not None and module.dotted.startswith(("torch.nn.", "activation."))
        return False if known else (None if not dotted.startswith("torch.nn.") else None)
    if isinstance(cls, ClassRef):
        if module.cls is None:
            known = module.dotted is not None and module.dotted.startswith(("torch.nn.", "activation."))
            return False if known else None
        return any(entry == cls for entry in classes.order(run.project, module.cls) if isinstance(entry, ClassRef))
    return None


def call(run: Run, dotted: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    """Call something outside the project by its canonical name."""
    head, _, last = dotted.rpartition(".")
    if head == "builtins":
        return _builtin(run, last, args, kwargs, node, frame)
    if head == "torch.nn.init":
        return _init(run, last, dotted, args, kwargs, node, frame)
    if dotted in ("torch.nn.Parameter", "torch.nn.parameter.UninitializedParameter", "torch.nn.Buffer"):
        value = args[0] if args else kwargs.get("data")
        if last != "Parameter":
            return value
        made = tensors.parameter(run, value, node, frame)
        wants = kwargs.get("requires_grad", args[1] if len(args) > 1 else True)
        for _, option in run.options(made) if wants is not True else ():
            tensors.freeze(option, wants)
        return made
    if dotted in _WEIGHT_NORMS:
        return _wrap(run, _WEIGHT_NORMS[dotted], args, kwargs)
    if head in ("math", "numpy") and (result := _mathematics(last, args)) is not None:
        return result
    if head == "torch.nn" and last[:1].isupper():
        return layers.build(run, dotted, args, kwargs, frame.site(node))
    if dotted in LAYERS_BY_DOTTED_NAME:
        return layers.build(run, dotted, args, kwargs, frame.site(node))
    if (
        (head == "torch" or dotted.startswith("torch.cuda.FloatTensor"))
        and last in draws.FACTORIES
        and not _flows(args)
    ):
        return _factory(run, last, args, kwargs, node, frame)
    special = _SPECIAL.get(dotted)
    if special is not None:
        return special(run, args, kwargs, node, frame)
    if run.forward or _flows(args):
        return forward.function(run, dotted, args, kwargs, node, frame)
    if last in draws.MORE_SIGNATURES or (last == "trunc_normal_" and dotted.startswith(("timm", "mm", "detectron2"))):
        return _init(run, last, dotted, args, kwargs, node, frame)
    if last in MM_HELPERS and head.startswith(("mmcv", "mmengine", "mmseg", "fvcore", "detectron2")):
        return _mm_helper(run, last, dotted, args, kwargs, node, frame)
    if last == "c2_msra_fill" or last == "c2_xavier_fill":
        return _caffe2(run, last, dotted, args, node, frame)
    if head == "torch" and any(isinstance(arg, Tensor) for arg in args):
        return _torch_function(run, last, args, kwargs, node, frame)
    if last[:1].isupper() and (
        last in ACTIVATIONS
        or last in NORMS
        or last in PASSTHROUGH
        or head.startswith(("timm", "torchvision", "mmcv", "transformers", "detectron2", "diffusers"))
    ):
        module = ModuleObject(last, frame.site(node), dotted=dotted)
        module.arguments = {**{str(i): value for i, value in enumerate(args)}, **kwargs}
        return module
    return unknown_call(run, External(dotted), args, kwargs, node, frame)


def _flows(args: list[Value]) -> bool:
    return any(isinstance(arg, Tensor) and arg.node is not None for arg in args)


def _init(
    run: Run, name: str, dotted: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    """A function of torch.nn.init, or one that does the same."""
    assert isinstance(node, ast.Call)
    if name == "calculate_gain":
        from initlint.reference.torch_gains import torch_gain

        call_record = InitCall(dotted, frame.site(node), dict(zip(("nonlinearity", "param"), args, strict=False)) | kwargs,
                               dict(zip(("nonlinearity", "param"), node.args, strict=False)) | {k.arg: k.value for k in node.keywords if k.arg},
                               Target("value"), tuple(run.guards), frame.name, bool(frame.in_try), run.grad, bool(run.broad), len(node.args), tuple(run.via))  # fmt: skip
        run.records.append(call_record)
        values = [run.settle(value) for value in call_record.values.values()]
        if values and isinstance(values[0], str) and all(isinstance(v, (int, float, str, type(None))) for v in values):
            try:
                return torch_gain(*values)
            except (ValueError, TypeError):
                return run.nameless("gain")
        return run.nameless("gain")
    if name in ("_calculate_fan_in_and_fan_out", "_calculate_correct_fan"):
        return _fans(run, name, args)
    real = draws.DEPRECATED.get(name, name)
    tensor = args[0] if args else kwargs.get("tensor")
    for guards, option in run.options(tensor) if tensor is not None else [((), None)]:
        with run.under(guards):
            _init_one(run, real, dotted, option, args, kwargs, node, frame)
    return tensor


def _init_one(
    run: Run,
    real: str,
    dotted: str,
    option: Value,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.Call,
    frame: Frame,
) -> None:
    given = [option, *args[1:]] if args else args
    bound = draws.bind_init(real, given, kwargs, node)
    record = tensors.init_call(run, dotted, bound, option, node, frame, len(node.args))
    run.records.append(record)
    if isinstance(option, Tensor) and (real in draws.SIGNATURES or real in draws.MORE_SIGNATURES):
        settled = replace(record, values={key: run.default_option(value) for key, value in record.values.items()})
        event = draws.event_of_init(real, settled, option)
        tensors.write(run, option, replace(event, call=record))
    elif isinstance(option, Tensor):
        tensors.write(run, option, InitEvent("unknown", record.site, call=record, scope=frame.name))


def _fans(run: Run, name: str, args: list[Value]) -> Value:
    from initlint.reference.fans import torch_fans

    tensor = run.settle(args[0]) if args else None
    shape = (
        tensor.shape
        if isinstance(tensor, Tensor) and tensor.shape is not None
        else (tensor.storage.shape if isinstance(tensor, Tensor) and tensor.storage else None)
    )
    fans = torch_fans(shape) if shape is not None and len(shape) > 1 else None
    if fans is None or None in fans:
        fans = (run.nameless("fan_in"), run.nameless("fan_out"))
    if name == "_calculate_correct_fan":
        return fans[1] if len(args) > 1 and args[1] == "fan_out" else fans[0]
    return Sequence(fans, "tuple")


def _factory(run: Run, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    site = frame.site(node)
    event = draws.creation(run, name, [run.settle(arg) for arg in args], kwargs, site, frame)
    if name.endswith("_like"):
        like = run.settle(args[0]) if args else None
        shape = (like.shape or (like.storage.shape if like.storage else None)) if isinstance(like, Tensor) else None
        return tensors.make(run, event, shape, site)
    sizes = args
    if name in ("full",):
        sizes = args[:1]
    if name in ("rand", "randn", "empty", "zeros", "ones", "full", "Tensor", "FloatTensor"):
        size = kwargs.get("size")
        if size is not None:
            sizes = [size]
        flat = [run.default_option(value) for value in sizes]
        if len(flat) == 1 and isinstance(flat[0], Sequence):
            inner = flat[0]
            is_data = name in ("Tensor", "FloatTensor")
            shape = tuple(run.default_option(item) for item in inner.items) if inner.repeated is None and not is_data else None
        else:
            shape = tuple(flat)
            if any(isinstance(value, Sym) and not _is_dimension(value) for value in flat) and len(flat) == 1:
                shape = None
        if shape is not None and not all(isinstance(value, (int, Sym)) for value in shape):
            shape = tuple(value if isinstance(value, (int, Sym)) else run.nameless('size') for value in shape)
        return tensors.make(run, event, shape, site)
    return tensors.make(run, event, None, site)


def _is_dimension(value: Sym) -> bool:
    return value.default is None or not isinstance(value.default, (tuple, list, str))


def _wrap(run: Run, name: str, args: list[Value], kwargs: dict[str, Value]) -> Value:
    module = args[0] if args else kwargs.get("module")
    for _, option in run.options(module):
        if isinstance(option, ModuleObject):
            slot = args[1] if len(args) > 1 else kwargs.get("name", kwargs.get("tensor_name", "weight"))
            option.wrappers = (*option.wrappers, name)
            if isinstance(slot, str) and slot in option.slots and name != "spectral_norm":
                run.set(option, slot, _recomputed(run, option.slots[slot], name))
            elif isinstance(slot, str) and isinstance(tensor := option.slots.get(slot), Tensor):
                run.set(option, slot, replace(tensor, tracked=False))  # a plain tensor beside the real parameter
    return module


def _recomputed(run: Run, value: Value, how: str | None) -> Value:
    """A tensor that is computed anew before each use: what is written to it is lost."""
    return run.choose(
        [
            (guards, replace(option, copied=how) if isinstance(option, Tensor) and option.storage else option)
            for guards, option in run.options(value)
        ]
    )


def _torch_function(
    run: Run, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    """`torch.mul(t, s)` and the like, while a model is built."""
    from initlint.describe.expressions import binary

    operators = {"mul": ast.Mult(), "div": ast.Div(), "add": ast.Add(), "sub": ast.Sub()}
    if name in operators and len(args) == 2:
        return binary(run, operators[name], args[0], args[1], node, frame)
    tensor = next(arg for arg in args if isinstance(arg, Tensor))
    if name in tensors.VIEWS or name in tensors.COPIES:
        return (
            tensors.method(run, tensor, name, args[1:], kwargs, node, frame) if isinstance(node, ast.Call) else tensor
        )
    return tensors.derived(run, tensor, name, frame.site(node))


def _mm_helper(
    run: Run, name: str, dotted: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    """mmengine's `xavier_init(module, gain=1, bias=0, distribution='normal')` and its kin."""
    assert isinstance(node, ast.Call)
    orders = {
        "constant_init": ("module", "val", "bias"), "xavier_init": ("module", "gain", "bias", "distribution"),
        "normal_init": ("module", "mean", "std", "bias"), "trunc_normal_init": ("module", "mean", "std", "a", "b", "bias"),
        "uniform_init": ("module", "a", "b", "bias"),
        "kaiming_init": ("module", "a", "mode", "nonlinearity", "bias", "distribution"),
        "caffe2_xavier_init": ("module", "bias"),
    }  # fmt: skip
    values = dict(zip(orders[name], args, strict=False)) | kwargs
    nodes = dict(zip(orders[name], node.args, strict=False)) | {k.arg: k.value for k in node.keywords if k.arg}
    for guards, module in run.options(values.get("module")):
        with run.under(guards):
            record = tensors.init_call(run, dotted, (values, nodes), module, node, frame, len(node.args))
            run.records.append(record)
            weight = run.settle(module.slots.get("weight")) if isinstance(module, ModuleObject) else None
            if isinstance(weight, Tensor):
                function, more = _MM_TO_TORCH[name](values)
                settled = replace(record, values=more)
                tensors.write(run, weight, replace(draws.event_of_init(function, settled, weight), call=record))
            bias = run.settle(module.slots.get("bias")) if isinstance(module, ModuleObject) else None
            if isinstance(bias, Tensor):
                tensors.write(
                    run, bias, draws.constant_event(values.get("bias", 0), record.site, call=record, scope=frame.name)
                )
    return None


def _mm_kaiming(values: dict[str, Value]) -> tuple[str, dict[str, Value]]:
    name = "kaiming_uniform_" if values.get("distribution", "normal") == "uniform" else "kaiming_normal_"
    return name, {
        "a": values.get("a", 0),
        "mode": values.get("mode", "fan_out"),
        "nonlinearity": values.get("nonlinearity", "relu"),
    }


_MM_TO_TORCH: dict[str, Any] = {
    "constant_init": lambda v: ("constant_", {"val": v.get("val")}),
    "xavier_init": lambda v: (
        "xavier_uniform_" if v.get("distribution", "normal") == "uniform" else "xavier_normal_",
        {"gain": v.get("gain", 1)},
    ),
    "normal_init": lambda v: ("normal_", {"mean": v.get("mean", 0), "std": v.get("std", 1)}),
    "trunc_normal_init": lambda v: (
        "trunc_normal_",
        {"mean": v.get("mean", 0), "std": v.get("std", 1), "a": v.get("a", -2), "b": v.get("b", 2)},
    ),
    "uniform_init": lambda v: ("uniform_", {"a": v.get("a", 0), "b": v.get("b", 1)}),
    "kaiming_init": _mm_kaiming,
    "caffe2_xavier_init": lambda v: ("kaiming_uniform_", {"a": 1, "mode": "fan_in", "nonlinearity": "leaky_relu"}),
}


def _caffe2(run: Run, name: str, dotted: str, args: list[Value], node: ast.AST, frame: Frame) -> Value:
    values: dict[str, Value] = {
        "c2_msra_fill": {"mode": "fan_out", "nonlinearity": "relu", "a": 0},
        "c2_xavier_fill": {"a": 1},
    }[name]
    function = "kaiming_normal_" if name == "c2_msra_fill" else "kaiming_uniform_"
    for guards, module in run.options(args[0]) if args else ():
        with run.under(guards):
            weight = run.settle(module.slots.get("weight")) if isinstance(module, ModuleObject) else None
            if isinstance(weight, Tensor):
                record = tensors.init_call(run, dotted, (values, {}), weight, node, frame, 1)
                tensors.write(run, weight, replace(draws.event_of_init(function, record, weight), call=record))
            bias = run.settle(module.slots.get("bias")) if isinstance(module, ModuleObject) else None
            if isinstance(bias, Tensor):
                tensors.write(run, bias, draws.constant_event(0, frame.site(node), scope=frame.name))
    return None


def _mathematics(name: str, args: list[Value]) -> Value | None:
    if name == "pi":
        return math.pi
    if len(args) == 1 and name == "sqrt" and isinstance(args[0], (int, float, Sym)) and not isinstance(args[0], bool):
        known = number(args[0])
        return args[0] ** 0.5 if known is None or known >= 0 else None
    if name in ("prod",) and args and isinstance(args[0], Sequence):
        total: Any = 1
        for item in args[0].items:
            if not isinstance(item, (int, float, Sym)):
                return None
            total = total * item
        return total if args[0].repeated is None else None
    if (
        name == "pow"
        and len(args) == 2
        and isinstance(args[1], (int, float))
        and isinstance(args[0], (int, float, Sym))
    ):
        try:
            return args[0] ** args[1]
        except (TypeError, ZeroDivisionError, OverflowError):
            return None
    if (
        args
        and all(isinstance(arg, (int, float)) for arg in args)
        and name in ("log", "log2", "log10", "exp", "floor", "ceil", "sin", "cos", "tan", "log1p", "tanh")
    ):
        try:
            return getattr(math, name)(*args)
        except (ValueError, OverflowError, TypeError):
            return None
    return None


def _builtin(run: Run, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    from initlint.describe import attributes
    from initlint.describe.builtin_functions import BUILTINS

    settled = [run.settle(arg) for arg in args]
    if name == "getattr" and len(args) >= 2:
        return _getattr(run, settled, node, frame)
    if name == "setattr" and len(args) == 3:
        if isinstance(settled[0], ModuleObject) and isinstance(settled[1], str):
            modules.set_attribute(run, settled[0], settled[1], settled[2], frame, node)
        elif isinstance(settled[0], Instance) and isinstance(settled[1], str):
            run.set(settled[0], settled[1], settled[2])
        return None
    if name == "delattr" and len(args) == 2:
        if isinstance(settled[0], (ModuleObject, Instance)) and settled[1] in settled[0].slots:
            run.set(settled[0], settled[1], ABSENT)
        return None
    if name == "hasattr" and len(args) == 2:
        if isinstance(settled[0], Tensor) and settled[1] in ("weight", "bias") and isinstance(node, ast.Call):
            run.records.append(HelperGivenTensor(frame.site(node), node.args[0], settled[1], tuple(run.via)))
        return _hasattr(run, settled[0], settled[1], frame)
    if name == "type":
        return run.nameless("type")
    handler = BUILTINS.get(name)
    if handler is not None:
        return handler(run, settled, kwargs)
    del attributes
    return unknown_call(run, External(f"builtins.{name}"), args, kwargs, node, frame)


def looked_up(run: Run, name: str, node: ast.AST, frame: Frame) -> None:
    """Note a name of torch.nn.init that is deprecated, or that it does not have."""
    known = name in draws.SIGNATURES or name in draws.OTHER_NAMES or name in draws.TRANSFORMERS_NAMES
    if not known and not name.startswith("_"):
        run.records.append(InitName(frame.site(node), name, bool(frame.in_try)))


def _getattr(run: Run, args: list[Value], node: ast.AST, frame: Frame) -> Value:
    from initlint.describe import attributes

    subject, name = args[0], args[1]
    if isinstance(name, Sym) and isinstance(name.default, str):
        name = name.default
    if not isinstance(name, str):
        return run.nameless("attribute")
    if (
        isinstance(subject, ModuleObject)
        and name not in subject.slots
        and len(args) > 2
        and _hasattr(run, subject, name, frame) is False
    ):
        return args[2]
    if isinstance(subject, External):
        if subject.dotted == "torch.nn.init":
            looked_up(run, name, node, frame)
            return External(f"torch.nn.init.{name}")
        return attributes.get(run, subject, name, frame, node)
    value = attributes.get(run, subject, name, frame, node)
    if (
        isinstance(subject, Sym)
        and len(args) > 2
        and isinstance(value, Sym)
        and isinstance(args[2], (int, float, str, bool, type(None)))
        and not value.default
        and value.default is not False
    ):
        return run.unknown(repr(value), args[2]) if not isinstance(value.default, (int, float, str, bool)) else value
    return value


def _hasattr(run: Run, subject: Value, name: Value, frame: Frame) -> Value:
    if not isinstance(name, str):
        return run.nameless("hasattr")
    if isinstance(subject, ModuleObject):
        if name in subject.slots:
            return True
        if subject.cls is not None:
            if classes.find(run.project, subject.cls, name) or classes.constant(run.project, subject.cls, name):
                return True
            outside = [e for e in classes.order(run.project, subject.cls) if isinstance(e, External)]
            return (
                False
                if all(e.dotted.startswith(("torch.nn.", "builtins.", "abc.")) for e in outside)
                and not name.startswith("__")
                else run.nameless("hasattr")
            )
        if subject.dotted is not None and subject.dotted.startswith(("torch.nn.", "activation.")):
            if name in ("weight", "bias", "in_proj_weight", "weight_ih_l0"):
                return False
            return (
                True
                if name in ("reset_parameters",) and subject.bases
                else (name in subject.arguments or run.nameless("hasattr"))
            )
        return run.nameless("hasattr")
    if isinstance(subject, Instance):
        return name in subject.slots or run.nameless("hasattr")
    if isinstance(subject, Sym):
        config = subject.single.payload if subject.single is not None else None
        if isinstance(config, ClassRef) and name in classes.configured(run.project, config):
            return True
        if isinstance(config, ClassRef) and classes.is_closed(run.project, config):
            return False
        return run.unknown(f"hasattr({subject!r}, {name!r})")
    return run.nameless("hasattr")


def _deepcopy(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    from initlint.describe.copies import clone

    value = run.settle(args[0]) if args else None
    made = clone(run, value)
    if isinstance(value, ModuleObject) and isinstance(made, ModuleObject):
        run.records.append(Copied(frame.site(node), value, made, None))
    return made


def _partial(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    return Partial(args[0], tuple(args[1:]), kwargs) if args else run.nameless("partial")


def _no_grad(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    if args and isinstance(args[0], Function):  # @torch.no_grad() on a function
        return args[0]
    return run.unknown("no_grad", payload="no_grad")


def _set_grad(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    given = run.settle(args[0] if args else kwargs.get("mode", True))
    return run.unknown("set_grad_enabled") if given is True else run.unknown("no_grad", payload="no_grad")


def _seed(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    run.records.append(Seeded(frame.site(node), frame.name))
    return None


def _ordered(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    from initlint.describe.builtin_functions import BUILTINS

    return BUILTINS["dict"](run, [run.settle(arg) for arg in args], kwargs)


def _named_apply(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    """timm's `named_apply(fn, module, name='', depth_first=True, include_root=False)`."""
    from initlint.describe import calls

    function, module = (args + [None, None])[:2]
    function, module = kwargs.get("fn", function), run.settle(kwargs.get("module", module))
    if not isinstance(module, ModuleObject):
        return module
    run.broad += 1
    try:
        found = list(modules.walk(run, module))
        for path, value in reversed(found) if kwargs.get("depth_first", True) else found:
            for guards, inner in run.options(value):
                if path or kwargs.get("include_root"):
                    with run.under(guards):
                        calls.call(run, function, [], {"module": inner, "name": path}, node, frame)
    finally:
        run.broad -= 1
    return module


def _checkpoint(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    from initlint.describe import calls

    kwargs = {key: value for key, value in kwargs.items() if key not in ("use_reentrant", "preserve_rng_state")}
    return calls.call(run, args[0], args[1:], kwargs, node, frame) if args else run.nameless("checkpoint")


def _same_module(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    return args[0] if args else run.nameless("module")


def _remove_norm(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    module = run.settle(args[0]) if args else None
    slot = args[1] if len(args) > 1 and isinstance(args[1], str) else "weight"
    if isinstance(module, ModuleObject):
        module.wrappers = ()
        if slot in module.slots:
            run.set(module, slot, _recomputed(run, module.slots[slot], None))
    return module


_SPECIAL: dict[str, Any] = {
    "copy.deepcopy": _deepcopy, "copy.copy": _deepcopy, "functools.partial": _partial,
    "torch.no_grad": _no_grad, "torch.set_grad_enabled": _set_grad, "torch.inference_mode": _no_grad, "torch.autograd.no_grad": _no_grad,
    "torch.manual_seed": _seed, "collections.OrderedDict": _ordered, "timm.models.helpers.named_apply": _named_apply,
    "timm.models.named_apply": _named_apply, "timm.models._manipulate.named_apply": _named_apply,
    "timm.layers.named_apply": _named_apply, "torch.utils.checkpoint.checkpoint": _checkpoint,
    "torch.compile": _same_module, "torch.jit.script": _same_module, "torch.jit.ignore": _same_module,
    "torch.nn.DataParallel": _same_module, "torch.nn.parallel.DistributedDataParallel": _same_module,
    "torch.nn.utils.remove_weight_norm": _remove_norm,
    "torch.nn.utils.parametrize.remove_parametrizations": _remove_norm,
}  # fmt: skip


def class_method(
    run: Run, cls: ClassRef, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    """`Class.from_pretrained(...)`, `nn.Module.__init__(self)`."""
    if name == "_from_config":
        return classes.instantiate(run, cls, args[:1], {}, node, frame)
    if name in modules.LOADERS:
        config = args[0] if args else None
        made = classes.instantiate(run, cls, [config] if isinstance(config, Sym) else [], {}, node, frame)
        if isinstance(made, ModuleObject):
            modules.method(run, made, name, args, kwargs, node, frame)  # type: ignore[arg-type]
        return made
    return run.nameless(name)


def unknown_call(
    run: Run, function: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    """A call that cannot be followed. What it is given may have been written to."""
    dotted = function.dotted if isinstance(function, External) else ""
    given = [*args, *kwargs.values()]
    if dotted.endswith(".__init__") and dotted.startswith("torch.nn.") and args and isinstance(args[0], ModuleObject):
        module = args[0]
        if module.cls is not None:
            classes.super_init(run, module, module.cls, None, args[1:], kwargs, node, frame)
        return None
    if run.forward or _flows(given):
        return forward.unknown(run, given, node, frame)
    if isinstance(function, Sym):
        if (walked := strangers.walk(run, function)) is not None:
            return walked
        strangers.write(run, args, kwargs, node, frame)
    text = _text(function, node)
    if _MAY_WRITE.search(text):
        for value in given:
            _may_write(run, value, node, frame)
        if isinstance(function, Method) and isinstance(function.target, ModuleObject):
            _may_write(run, function.target, node, frame)
    if text.rpartition(".")[2] in modules.LOADERS or _pretrained(run, kwargs):
        module = ModuleObject(text.rpartition(".")[2], frame.site(node), dotted=dotted or None)
        module.loaded = frame.site(node)
        run.records.append(Loaded(frame.site(node), module, tuple(run.guards), run.tick()))
        return module
    if text.rpartition(".")[2][:1].isupper() and dotted:
        module = ModuleObject(text.rpartition(".")[2], frame.site(node), dotted=dotted)
        module.arguments = {**{str(i): value for i, value in enumerate(args)}, **kwargs}
        return module
    return run.nameless(text)


def _pretrained(run: Run, kwargs: dict[str, Value]) -> bool:
    value = run.settle(kwargs.get("pretrained", False))
    weights = run.settle(kwargs.get("weights"))
    return (
        value is True
        or (isinstance(weights, str) and bool(weights))
        or (isinstance(weights, External) and "Weights" in weights.dotted)
    )


def _text(function: Value, node: ast.AST) -> str:
    if isinstance(function, External):
        return function.dotted
    if isinstance(function, Sym):
        return repr(function)
    if isinstance(function, Method):
        return function.name
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else "call"


def _may_write(run: Run, value: Value, node: ast.AST, frame: Frame) -> None:
    for guards, option in run.options(value):
        with run.under(guards):
            if isinstance(option, Tensor) and option.storage is not None:
                tensors.write(run, option, InitEvent("unknown", frame.site(node), scope=frame.name))
            elif isinstance(option, ModuleObject):
                for _, tensor in modules.named_parameters(run, option):
                    for more, inner in run.options(tensor):
                        with run.under(more):
                            tensors.write(run, inner, InitEvent("unknown", frame.site(node), scope=frame.name))
            elif isinstance(option, Sequence):
                for item in option.items[:50]:
                    _may_write(run, item, node, frame)
