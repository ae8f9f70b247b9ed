"""Tensors while a model is built: making them, looking at parts of them, and every way of writing to them."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from initlint.describe import draws, each_index, signatures
from initlint.describe.nodes import InitCall, InitEvent, Moved, Site, Target
from initlint.describe.run import TENSOR_SIZE, Frame, Run
from initlint.describe.symbols import Missing, Sym
from initlint.describe.values import Choice, Sequence, Storage, Tensor, Value

# Tensor methods and attributes that give another look at the same memory.
VIEWS = frozenset({
    "view", "view_as", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "permute", "transpose", "t", "expand",
    "expand_as", "movedim", "swapaxes", "swapdims", "contiguous", "narrow", "select", "diagonal", "detach", "chunk",
    "split", "unbind", "requires_grad_", "unfold", "T", "mT", "H", "data", "squeeze_", "unsqueeze_", "t_", "detach_",
    "share_memory_", "real", "imag", "as_strided", "tensor_split", "index_select_view",
})  # fmt: skip
_PARTS = frozenset({"narrow", "select", "chunk", "split", "unbind", "diagonal", "tensor_split"})
_TRANSPOSES = frozenset({"t", "T", "mT", "transpose", "permute", "swapaxes", "swapdims", "movedim"})
# Methods whose result is new memory: a write to it goes nowhere.
COPIES = frozenset(
    {"clone", "double", "half", "bfloat16", "float", "index_select", "masked_select", "repeat", "repeat_interleave"}
)
MOVES = frozenset({"to", "cuda", "cpu", "half", "double", "bfloat16", "float", "type", "xpu", "npu", "type_as"})


def site_of(frame: Frame, node: ast.AST) -> Site:
    """The place of a node."""
    return frame.site(node)


def make(run: Run, event: InitEvent, shape: tuple[Any, ...] | None, site: Site | None) -> Tensor:
    """A new tensor with this first write."""
    storage = Storage(shape, site, [event])
    run.storages.append(storage)
    return Tensor(storage, shape=shape)


def target_of(tensor: Tensor) -> Target:
    """A tensor as the target of an init call."""
    storage = tensor.storage
    if storage is None:
        return Target("unknown")
    return Target(
        "tensor",
        module=storage.layer,
        slot=storage.slot,
        shape=tensor.shape if tensor.shape is not None or tensor.region else storage.shape,
        storage=storage,
        is_parameter=tensor.is_parameter,
        detached=tensor.detached,
        transposed=tensor.transposed,
        copied=tensor.copied,
        region=tensor.region,
        tracked=tensor.tracked and not storage.frozen,
    )


def shape_of(tensor: Tensor) -> tuple[Any, ...] | None:
    """The view's own shape, or that of the memory behind it."""
    return tensor.shape if tensor.shape is not None else (tensor.storage.shape if tensor.storage else None)


def part(run: Run, tensor: Tensor, text: str, drop: int = 1) -> Tensor:
    """An indexed part of a tensor: a view of the same memory."""
    shape = shape_of(tensor)
    left = shape[drop:] if shape is not None else None
    return replace(tensor, region=(tensor.region or "") + text, shape=left, is_parameter=False, each=False)


def slices(run: Run, tensor: Tensor) -> Sequence | None:
    """What a loop over a parameter runs over, alike views along its first axis; None where its axes are not known."""
    shape = shape_of(tensor)
    if tensor.storage is None or not shape:
        return None
    run.sizes.add(TENSOR_SIZE)
    return Sequence((replace(part(run, tensor, "[i]"), each=tensor.region is None),), "list", shape[0])


def index(run: Run, tensor: Tensor, node: ast.expr, frame: Frame) -> Value:
    """`t[i]`: a view for integers and slices; a copy for lists and masks."""
    if tensor.storage is None:
        return replace(tensor)
    dims = node.elts if isinstance(node, ast.Tuple) else [node]
    text = f"[{frame.file.source.segment(frame.file.source.span(node))}]"
    shape = shape_of(tensor)
    left: list[Any] | None = list(shape) if shape is not None else None
    copied, tracked = tensor.copied, tensor.tracked
    chosen: list[Value] = []
    axis = 0
    for dim in dims:
        match dim:
            case ast.Slice(lower=None, upper=None):
                axis += 1
            case ast.Slice():
                if left is not None and axis < len(left):
                    left[axis] = run.nameless("slice")
                axis += 1
            case ast.Constant(value=None):
                if left is not None:
                    left.insert(axis, 1)
                axis += 1
            case ast.Constant(value=marker) if marker is Ellipsis:
                left = None
            case ast.List() | ast.Compare():
                copied = "advanced indexing"
                left = None
            case _:
                value = run.settle(_evaluate(run, dim, frame))
                if _may_hold_slices(value):
                    left, tracked = None, False  # torch reads a list of slices like a tuple of them: a view
                    continue
                if isinstance(value, Tensor) or (isinstance(value, Sequence) and value.kind != "tuple"):
                    copied, left = "advanced indexing", None
                    chosen.append(value)
                    continue
                if isinstance(value, Sym) and not repr(value).startswith("i#"):
                    tracked = False  # perhaps a tensor of indices, and the result a copy
                    left = None if isinstance(value.default, Missing) else left
                if isinstance(value, Sequence):
                    left = None  # a tuple of indices and slices
                if left is not None and axis < len(left):
                    del left[axis]
    whole = all(isinstance(dim, ast.Slice) and dim.lower is None and dim.upper is None for dim in dims)
    return replace(
        tensor,
        region=tensor.region if whole else (tensor.region or "") + text,
        shape=tuple(left) if left is not None else None,
        copied=copied,
        tracked=tracked,
        is_parameter=False,
        each=tensor.each if whole else tensor.region is None and each_index.runs_over(run, node, shape, frame),
        node=_chosen(run, tensor, chosen),
    )


def _chosen(run: Run, tensor: Tensor, indices: list[Value]) -> Any:
    """`table[tokens]`: the rows that the signal chooses carry the signal on."""
    from initlint.describe import flow_operations

    if not run.forward or not flow_operations.flows(run, indices):
        return tensor.node
    return flow_operations.add(run, "pass", flow_operations.flows(run, [tensor, *indices])).node


def _may_hold_slices(value: Value) -> bool:
    """Whether it is a list of which some item is neither a number nor a truth."""
    return isinstance(value, Sequence) and value.kind != "tuple" and any(
        not isinstance(item, (int, float, Tensor)) for item in value.items
    )  # fmt: skip


def freeze(tensor: Tensor, value: Value) -> None:
    """`t.requires_grad = value`: unless that is surely True, autograd may not mind writes from now on."""
    if tensor.storage is not None and value is not True:
        tensor.storage.frozen = True


def look(run: Run, tensor: Tensor, name: str, args: list[Value]) -> Tensor:
    """A view of a tensor by method or attribute."""
    shape = shape_of(tensor)
    if name in ("data", "detach", "detach_"):
        return replace(
            tensor, detached=True, tracked=False, is_parameter=tensor.is_parameter and name == "data", shape=shape
        )
    if name in ("contiguous", "requires_grad_", "share_memory_"):
        return replace(tensor, shape=shape)
    if name in _TRANSPOSES:
        turned = tuple(reversed(shape)) if shape is not None and len(shape) == 2 else None
        return replace(tensor, transposed=not tensor.transposed, shape=turned, is_parameter=False)
    if name in ("view", "reshape"):
        sizes = args[0].items if len(args) == 1 and isinstance(args[0], Sequence) else tuple(args)
        known = tuple(sizes) if sizes else None
        if len(args) == 1 and (isinstance(args[0], (Sym, Choice)) or getattr(args[0], "repeated", None) is not None):
            known = None  # perhaps several sizes at once
        known = known and tuple(_size(run, size) for size in known)
        if known and known.count(-1) == 1:
            at = known.index(-1)
            known = (*known[:at], _rest(run, shape, known[:at] + known[at + 1 :]), *known[at + 1 :])
        return replace(tensor, shape=known, is_parameter=False)
    region = (tensor.region or "") + f".{name}()" if name in _PARTS else tensor.region
    each = tensor.each and name not in _PARTS
    return replace(tensor, shape=None, region=region, is_parameter=False, each=each)


def _size(run: Run, value: Value) -> Any:
    """A size of a shape: what the defaults make of it, and something unknown where that is no number."""
    settled = run.default_option(value)
    return settled if isinstance(settled, (int, Sym)) else run.nameless("size")


def _rest(run: Run, shape: tuple[Any, ...] | None, others: tuple[Any, ...]) -> Any:
    """The size that `-1` stands for in a view of a tensor of `shape`."""
    if shape is None or not all(isinstance(size, (int, Sym)) for size in shape):
        return run.nameless("size")
    left, divisor = list(shape), 1
    for size in others:
        if size in left:
            left.remove(size)
        else:
            divisor = divisor * size
    total: Any = 1
    for size in left:
        total = total * size
    if divisor == 1:
        return total
    return total // divisor if divisor != 0 else run.nameless("size")


def write(run: Run, tensor: Tensor, event: InitEvent) -> None:
    """Note that `event` happens to the tensor's memory."""
    storage = tensor.storage
    if storage is None or (tensor.copied is not None and storage.source is None):  # memory that nobody keeps
        return
    made = storage.events[0].guards if storage.events else ()
    own = tuple(guard for guard in run.guards if guard not in made)
    storage.events.append(
        replace(event, region=tensor.region, each=tensor.each, guards=own, broad=bool(run.broad), order=run.tick())
    )


def method(
    run: Run, tensor: Tensor, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.Call, frame: Frame
) -> Value:
    """A method call on a tensor that has memory of its own."""
    if name in signatures.METHODS or name in ("copy_", "set_"):
        call = init_call(
            run, f"Tensor.{name}", signatures.bind(name, args, kwargs, node), tensor, node, frame, len(node.args)
        )
        run.records.append(call)
        settled = replace(call, values={key: run.default_option(value) for key, value in call.values.items()})
        event = draws.event_of_method(name, settled, tensor, args)
        write(run, tensor, replace(event, call=call))
        return tensor
    if name in ("size", "dim", "ndimension", "numel", "stride"):
        return measure(run, tensor, name, args)
    if name in ("chunk", "split", "unbind", "tensor_split"):
        return pieces(run, tensor, name, args)
    if tensor.is_parameter and name in MOVES and not tensor.detached:
        return _moved(run, tensor, name, node, frame)
    if name in COPIES or name in MOVES:
        return copy(run, tensor, f".{name}()" if name in COPIES else f".{name}(...)", site_of(frame, node))
    if name in ("requires_grad_", "detach_"):
        freeze(tensor, name == "requires_grad_" and (args[0] if args else kwargs.get("requires_grad", True)))
    if name in VIEWS:
        return look(run, tensor, name, args)
    if name in ("new_empty", "new_zeros", "new_ones", "new_full"):
        return make(
            run,
            draws.creation(run, name.removeprefix("new_"), args, kwargs, frame.site(node), frame),
            None,
            frame.site(node),
        )
    if name in ("mul", "div", "add", "sub", "matmul", "mm", "bmm"):
        operators = {"mul": ast.Mult(), "div": ast.Div(), "add": ast.Add(), "sub": ast.Sub()}
        if name in operators and args:
            return arithmetic(run, operators[name], tensor, args[0], node, frame)
    if name in ("item", "tolist", "norm", "std", "mean", "sum", "max", "min", "abs_max", "backward", "register_hook"):
        return run.nameless(name)
    return derived(run, tensor, name, frame.site(node))


def pieces(run: Run, tensor: Tensor, name: str, args: list[Value]) -> Sequence:
    """`w.chunk(3, 0)`, `w.split(h)`: views one after the other."""
    count = args[0] if name == "chunk" and args else None
    if isinstance(count, int) and 0 < count <= 16:
        return Sequence(tuple(part(run, tensor, f".chunk({count})[{i}]", 0) for i in range(count)), "tuple")
    return Sequence((part(run, tensor, f".{name}()[...]", 0),), "tuple", run.nameless("count"))


def derived(run: Run, tensor: Tensor, name: str, site: Site) -> Tensor:
    """The result of an operation that the reader does not follow: new memory, unknown numbers."""
    event = InitEvent("unknown", site, order=run.tick(), guards=tuple(run.guards))
    return make(run, event, None, site)


def copy(run: Run, tensor: Tensor, how: str, site: Site) -> Tensor:
    """New memory with the same numbers."""
    old = tensor.storage
    if old is None:
        return tensor
    storage = Storage(tensor.shape or old.shape, site, list(old.events), source=old, layer=old.layer, slot=old.slot)
    run.storages.append(storage)
    return Tensor(storage, region=tensor.region, copied=how, shape=tensor.shape)


def _moved(run: Run, tensor: Tensor, name: str, node: ast.Call, frame: Frame) -> Tensor:
    assert tensor.storage is not None
    made_here = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call)
    if made_here:
        inner = node.func.value  # type: ignore[attr-defined]
        run.records.append(Moved(frame.site(node), name, inner, tensor.storage, True))
        tensor.storage.moved = True
        return replace(tensor, shape=tensor.storage.shape)
    return copy(run, tensor, f".{name}(...)", frame.site(node))


def measure(run: Run, tensor: Tensor, name: str, args: list[Value]) -> Value:
    """`t.size(1)`, `t.dim()`, `t.numel()`."""
    run.sizes.add(TENSOR_SIZE)
    shape = shape_of(tensor)
    if shape is None:
        return run.nameless(name)
    if name in ("dim", "ndimension"):
        return len(shape)
    if name == "size":
        if not args:
            return Sequence(shape, "tuple")
        axis = args[0]
        return shape[axis] if isinstance(axis, int) and -len(shape) <= axis < len(shape) else run.nameless("size")
    if name == "numel":
        total: Any = 1
        for size in shape:
            if not isinstance(size, (int, float, Sym)):
                return run.nameless("numel")
            total = total * size
        return total
    return run.nameless(name)


def arithmetic(run: Run, operator: ast.operator, left: Value, right: Value, node: ast.AST, frame: Frame) -> Value:
    """`torch.randn(n) * 0.02`: the distribution, scaled or shifted, in new memory."""
    tensor, other = (left, right) if isinstance(left, Tensor) else (right, left)
    if tensor.storage is None:
        return tensor
    site = frame.site(node)
    event = draws.current(tensor)
    changed = None
    if event is not None and not isinstance(other, Tensor):
        changed = draws.scaled(event, operator, other, tensor is left)
    if changed is None:
        return derived(run, tensor, "arithmetic", site)
    changed = replace(changed, site=event.site if event else site, order=run.tick(), guards=tuple(run.guards))
    return make(run, changed, tensor.shape or tensor.storage.shape, site)


def augmented(run: Run, tensor: Tensor, value: Value, node: ast.AugAssign, frame: Frame) -> None:
    """`w *= s` in place."""
    target = target_of(tensor)
    call = InitCall(
        f"Tensor.__i{type(node.op).__name__.lower()}__", frame.site(node), {"other": value}, {"other": node.value},
        target, tuple(run.guards), frame.name, bool(frame.in_try), run.grad, bool(run.broad), 1,
    )  # fmt: skip
    run.records.append(call)
    event = draws.current(tensor)
    changed = draws.scaled(event, node.op, value, True) if event is not None and not isinstance(value, Tensor) else None
    write(
        run,
        tensor,
        replace(
            changed or InitEvent("unknown", None),
            site=frame.site(node),
            call=call,
            scope=frame.name,
            default=False,
            scaled=True,
        ),
    )


def assign_data(run: Run, tensor: Tensor, value: Value, statement: ast.AST, frame: Frame) -> None:
    """`w.data = value`."""
    call = InitCall(
        "Tensor.data", frame.site(statement), {"value": value}, {}, target_of(tensor), tuple(run.guards), frame.name,
        bool(frame.in_try), run.grad, bool(run.broad), 1,
    )  # fmt: skip
    run.records.append(call)
    _overwrite(run, tensor, value, statement, frame, call)


def assign_item(run: Run, tensor: Tensor, index_node: ast.expr, value: Value, statement: ast.AST, frame: Frame) -> None:
    """`w[i] = value`: writes to the part, whatever the kind of index."""
    whole = isinstance(index_node, ast.Constant) and index_node.value is Ellipsis
    whole = whole or (isinstance(index_node, ast.Slice) and index_node.lower is None and index_node.upper is None)
    target = (
        tensor
        if whole
        else replace(index(run, tensor, index_node, frame), copied=tensor.copied, tracked=tensor.tracked)
    )
    call = InitCall(
        "Tensor.__setitem__", frame.site(statement), {"value": value}, {}, target_of(replace(target,
        is_parameter=tensor.is_parameter)),
        tuple(run.guards), frame.name, bool(frame.in_try), run.grad, bool(run.broad), 2,
    )  # fmt: skip
    run.records.append(call)
    _overwrite(run, target, value, statement, frame, call)


def _overwrite(
    run: Run, tensor: Tensor, value: Value, statement: ast.AST, frame: Frame, call: InitCall | None = None
) -> None:
    value = run.settle(value)
    event = InitEvent("copy", frame.site(statement))
    if isinstance(value, Tensor):
        source = draws.current(value)
        same_memory = value.storage is tensor.storage
        if source is not None:
            event = replace(source, default=False)
        if same_memory and value.copied is None:
            return
    elif isinstance(value, (int, float)):
        event = draws.constant_event(value, frame.site(statement))
    elif value is not None:
        event = InitEvent("unknown", frame.site(statement))
    write(run, tensor, replace(event, site=frame.site(statement), call=call, scope=frame.name))


def init_call(
    run: Run,
    function: str,
    bound: tuple[dict[str, Value], dict[str, ast.expr]],
    tensor: Value,
    node: ast.AST,
    frame: Frame,
    positional: int,
) -> InitCall:
    """The record of a call that writes to `tensor`."""
    from initlint.describe.expressions import target_for

    values, nodes = bound
    return InitCall(
        function, frame.site(node), values, nodes, target_for(run, tensor), tuple(run.guards), frame.name,
        bool(frame.in_try), run.grad, bool(run.broad), positional, tuple(run.via),
    )  # fmt: skip


def parameter(run: Run, value: Value, node: ast.AST, frame: Frame) -> Value:
    """`nn.Parameter(value)`: the same memory, now a parameter."""
    value = run.settle(value)
    if isinstance(value, Choice):
        return run.choose([(guards, parameter(run, option, node, frame)) for guards, option in run.options(value)])
    if isinstance(value, Tensor) and value.storage is not None:
        storage = value.storage
        if value.region is not None or storage.is_parameter:  # a part, or a parameter wrapped again
            event = draws.current(value) or InitEvent("unknown", frame.site(node))
            if storage.is_parameter and value.region is None and value.copied is None:
                return replace(value, is_parameter=True, detached=False, tracked=True)
            made = make(run, replace(event, order=run.tick()), value.shape, frame.site(node))
            return replace(made, is_parameter=True, tracked=True)
        storage.is_parameter = True
        storage.site = frame.site(node)
        return replace(value, is_parameter=True, detached=False, copied=None, tracked=True)
    event = InitEvent(
        "empty" if value is None else "unknown", frame.site(node), order=run.tick(), guards=tuple(run.guards)
    )
    made = make(run, event, (0,) if value is None else None, frame.site(node))
    made.is_parameter = made.tracked = True
    if made.storage is not None:
        made.storage.is_parameter = True
    return made


def _evaluate(run: Run, node: ast.expr, frame: Frame) -> Value:
    from initlint.describe.expressions import evaluate

    return evaluate(run, node, frame)


def is_like(value: Value) -> bool:
    """Whether the value is a tensor with memory."""
    return isinstance(value, Tensor) and value.storage is not None
