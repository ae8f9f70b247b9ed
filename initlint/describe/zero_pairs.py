"""Two weights multiplied in series that are both zero, and pairs of low-rank factors in general."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from initlint.describe.bottleneck import is_bottleneck
from initlint.describe.flow import FlowNode, Graph
from initlint.describe.groups import is_weight, may_be_weight
from initlint.describe.nodes import FileModel, InitEvent, Model, Parameter
from initlint.describe.symbols import number

_WEIGHED = ("layer", "contract")
# Activations with f(0) = 0: they hand a zero on.
_AT_ZERO = frozenset({
    "relu", "leaky_relu", "prelu", "rrelu", "relu6", "gelu", "silu", "mish", "elu", "selu", "celu", "tanh", "hardtanh",
    "softsign", "hardswish", "tanhshrink", "softshrink", "hardshrink", "identity",
})  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two weights of a model, `first` applied before `second`. `direct` when no activation stands between them.

    `added` says that they are multiplied with each other (`B @ A`), before any signal, and the product is added to
    something else.
    """

    model: Model
    first: Parameter
    second: Parameter
    direct: bool
    added: bool = False

    @property
    def turned(self) -> Pair:
        """The same pair with the other factor first."""
        return Pair(self.model, self.second, self.first, self.direct, self.added)


def zero_pairs(file: FileModel) -> Iterator[Pair]:
    """The pairs whose product is zero and stays so: no gradient reaches either factor."""
    for pair in series(file, zero, least=2):
        dead = zero(pair.first) and zero(pair.second) and has_silent_bias(pair.first)
        if dead and (pair.direct or not is_bottleneck(pair.first)):  # a plain path of zeros is no pair of factors
            yield pair


def series(file: FileModel, interesting: Callable[[Parameter], bool], *, least: int = 1) -> Iterator[Pair]:
    """Weights that follow one another, at most an activation between, in outermost models.

    A model with fewer than `least` interesting ones is not asked for its forward.
    """
    for model in file.models:
        if not model.complete or model.owned or not model.has_forward:
            continue
        found = (one for one in model.parameters if one.role != "bias" and interesting(one) and _may_be_matrix(one))
        if len(list(islice(found, least))) == least:
            yield from _of_model(model, [one for one in model.parameters if _matrix(one)])


def zero(parameter: Parameter) -> bool:
    """Whether the weight starts at zero, whole, in the default configuration."""
    event = parameter.effective
    return (
        event is not None
        and event.certain
        and event.scheme == "zeros"
        and not any(number(later.mean) != 0 or number(later.std) != 0 for later in parameter.after)
    )


def _matrix(parameter: Parameter) -> bool:
    return parameter.role == "embedding" or is_weight(parameter)


def _may_be_matrix(parameter: Parameter) -> bool:
    return parameter.role == "embedding" or may_be_weight(parameter)


def _of_model(model: Model, weights: list[Parameter]) -> Iterator[Pair]:
    if not weights:
        return
    by_key: dict[int, Parameter] = {}
    for one in weights:
        by_key[id(one.module if one.spec is not None else one.storage)] = one
    graph = weights[0].flow.graph
    if graph is None:
        return
    for one in weights:
        key: object = one.module if one.spec is not None else one.storage
        for node in graph.by_module.get(id(key), []):
            if node.op == "contract" and len(node.operands) == 2:  # A @ B, both raw
                left, right = (by_key.get(id(operand)) for operand in node.operands)
                if left is not None and right is not None and one is left and left is not right:
                    yield Pair(model, left, right, True, graph.added(node))
            for direct, follower in _next(graph, node):
                for other in _keys(follower):
                    second = by_key.get(other)
                    if second is not None and second is not one:
                        yield Pair(model, one, second, direct)


def _next(graph: Graph, node: FlowNode) -> Iterator[tuple[bool, FlowNode]]:
    met = list(graph.met(node))
    if len(met) == 1 and met[0].op in _WEIGHED:
        yield True, met[0]
    elif len(met) == 1 and met[0].op == "activation" and met[0].name in _AT_ZERO:
        after = list(graph.met(met[0]))
        if len(after) == 1 and after[0].op in _WEIGHED:
            yield False, after[0]


def _keys(node: FlowNode) -> list[int]:
    if node.op == "layer":
        return [id(node.module)]
    return [id(operand) for operand in node.operands] if len(node.operands) == 1 else []


def has_silent_bias(parameter: Parameter) -> bool:
    """Whether the first factor's layer adds nothing of its own: no bias, or a zero one."""
    if parameter.spec is None:
        return True
    module = parameter.module
    bias = module.slots.get("bias")
    if bias is None:
        return True
    events: list[InitEvent] = getattr(getattr(bias, "storage", None), "events", [])
    return bool(events) and events[-1].scheme == "zeros" and events[-1].certain
