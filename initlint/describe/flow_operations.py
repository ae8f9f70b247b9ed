"""Operations on what flows through `forward`, as nodes of the graph."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from initlint.describe import draws
from initlint.describe.flow import TRANSPARENT, FlowNode
from initlint.describe.run import Frame, Run
from initlint.describe.values import Choice, Mapping, ModuleObject, Sequence, Storage, Tensor, Value

ONE_HOT = "one_hot"


def add(
    run: Run, op: str, inputs: list[FlowNode], frame: Frame | None = None, node: ast.AST | None = None, **detail: Any
) -> Tensor:
    """A new node; the tensor that comes out of it."""
    site = frame.site(node) if frame is not None and node is not None else None
    made = FlowNode(op, tuple(dict.fromkeys(inputs)), site=site, guards=tuple(run.guards), **detail)
    run.nodes.append(made)
    return Tensor(None, node=made)


def passed(run: Run, tensor: Tensor) -> Tensor:
    """Reshaping, slicing, pooling: the same signal."""
    return replace(tensor, region=None, shape=None)


def node_of(run: Run, value: Value) -> FlowNode | None:
    """The node a value comes from; parameters get one of their own."""
    value = run.settle(value)
    if isinstance(value, Choice):
        return joined(run, value)
    if not isinstance(value, Tensor):
        return None
    if value.node is not None:
        return value.node  # type: ignore[no-any-return]
    if value.storage is not None:
        known = next((node for node in run.nodes if node.op == "param" and node.storage is value.storage), None)
        if known is None:
            known = FlowNode("param", storage=value.storage)
            run.nodes.append(known)
        return known
    return None


def joined(run: Run, value: Choice) -> FlowNode | None:
    """A signal that comes from one of several places."""
    options = [(guards, node_of(run, option)) for guards, option in run.options(value)]
    alive = [node for guards, node in options if node is not None and all(g.default is not False for g in guards)]
    if not alive:
        alive = [node for _, node in options if node is not None]
    if not alive:
        return None
    if len(alive) == 1:
        return alive[0]
    made = FlowNode("join", tuple(dict.fromkeys(alive)))
    run.nodes.append(made)
    return made


def flows(run: Run, values: list[Value], depth: int = 0) -> list[FlowNode]:
    """The nodes of all tensors in these values, also inside lists and dicts."""
    found: list[FlowNode] = []
    for value in values:
        value = run.settle(value)
        if isinstance(value, (Sequence, Mapping)) and depth < 3:
            inner = list(value.items) if isinstance(value, Sequence) else list(value.items.values())
            found += flows(run, inner[:64], depth + 1)
        elif (node := node_of(run, value)) is not None:
            found.append(node)
    return found


def of_weights_alone(node: FlowNode) -> bool:
    """Whether what is computed here comes from parameters and buffers, with nothing of the model's input."""
    ahead, seen = [node], {id(node)}
    while ahead:
        one = ahead.pop()
        if not one.inputs and one.op != "param":
            return False
        fresh = [source for source in one.inputs if id(source) not in seen]
        seen |= {id(source) for source in fresh}
        ahead += fresh
    return True


def use(tensor: Value, how: str, **detail: Any) -> None:
    """Note how a raw parameter is used."""
    if isinstance(tensor, Tensor) and tensor.storage is not None:
        tensor.storage.uses.append((how, detail))


def _origin(node: FlowNode) -> FlowNode:
    while node.op in TRANSPARENT and len(node.inputs) == 1:
        node = node.inputs[0]
    return node


def binary(run: Run, operator: ast.operator, left: Value, right: Value, node: ast.AST, frame: Frame) -> Value:
    """`a + b`, `a * b`, `a @ b` on signals."""
    left, right = run.settle(left), run.settle(right)
    if isinstance(operator, ast.MatMult):
        return contract(run, left, right, node, frame)
    sources = [n for n in (node_of(run, left), node_of(run, right)) if n is not None]
    kind = (
        "add"
        if isinstance(operator, (ast.Add, ast.Sub))
        else "mul"
        if isinstance(operator, (ast.Mult, ast.Div))
        else "pass"
    )
    if isinstance(operator, ast.Sub) and len(sources) == 2 and _origin(sources[0]) is _origin(sources[1]):
        return add(run, "norm", sources[:1], frame, node)  # `x - x.mean()`, as a norm written by hand begins
    own = [value for value in (left, right) if isinstance(value, Tensor) and value.storage is not None]
    for value in own:
        use(value, kind)
    chosen = any(node.op != "param" for node in sources)  # the signal tells which rows
    if (len(own) == 2 and not chosen) or (own and len(sources) == 1):  # arithmetic on a parameter: a rescaled weight
        if kind == "mul":
            use(own[0], "rescaled")
        return replace(own[0], is_parameter=False)
    if len(sources) == 1:
        tensor = left if isinstance(left, Tensor) else right
        return add(run, "scale", sources, frame, node) if kind == "mul" else replace(tensor)
    signals = [n for n in sources if n.op != "param"]
    if own and len(signals) == 1:
        return add(run, "bias" if kind == "add" else "scale", signals, frame, node, storage=own[0].storage)
    return add(run, kind, sources, frame, node)


def contract(run: Run, left: Value, right: Value, node: ast.AST, frame: Frame) -> Tensor:
    """`x @ W`: the weight is read along its last but one axis; `W @ x` along its last."""
    operands: list[Storage] = []
    sources = flows(run, [left, right])
    both = all(
        isinstance(one, Tensor) and one.storage is not None and one.storage.is_parameter for one in (left, right)
    )
    both = both and all(map(of_weights_alone, sources))
    for value, axis, other in ((left, -1, right), (right, -2, left)):
        if isinstance(value, Tensor) and value.storage is not None:
            how = "embedding" if picks_rows(other) else "contract"
            use(value, how, axis=axis, transposed=value.transposed, matrices=_is_stack(value))
            if both:  # two parameters with each other: no signal passes between them
                use(value, "product")
            operands.append(value.storage)
    return add(run, "contract", sources, frame, node, operands=tuple(operands))


def _is_stack(tensor: Tensor) -> bool:
    """Whether it is seen as matrices that are the parameter's own: `w`, `w[i]`, `w[:, None]`, but no `w.view(...)`."""
    whole = tensor.storage.shape if tensor.storage is not None else None
    seen = whole if tensor.shape is None and tensor.is_parameter else tensor.shape
    return whole is not None and seen is not None and len(seen) > 1 and whole[-2:] == seen[-2:]


def picks_rows(value: Value) -> bool:
    """`F.one_hot(x)`, `eye[x]`: what is multiplied by it is looked up in, not summed over."""
    if not isinstance(value, Tensor):
        return False
    if value.storage is not None:
        event = draws.current(value)
        return event is not None and event.scheme == "eye" and not value.storage.is_parameter
    return value.node is not None and _origin(value.node).name == ONE_HOT


def plain_kind(module: ModuleObject) -> str:
    """The kind as people know it: attention's output projection is a Linear."""
    return "Linear" if module.kind == "NonDynamicallyQuantizableLinear" else module.kind


def layer(run: Run, module: ModuleObject, args: list[Value], node: ast.AST, frame: Frame) -> Tensor:
    """A call of a layer with weights."""
    return add(run, "layer", flows(run, args), frame, node, module=module, name=plain_kind(module))
