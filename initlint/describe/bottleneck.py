"""Which weights carry all of a signal: what they hold back reaches no later layer by another way."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.describe.flow import TRANSPARENT, FlowNode, Graph
from initlint.describe.nodes import Parameter

_THROUGH = TRANSPARENT | {"norm"}
_WEIGHED = ("layer", "contract")


def is_bottleneck(parameter: Parameter) -> bool:
    """Whether all that leaves this weight's layer goes on to another layer with weights, and nothing goes around it.

    False as well where forward is not understood: a gate, an offset, attention, a head and a residual branch are no
    bottleneck.
    """
    graph = parameter.flow.graph
    key: object = parameter.module if parameter.spec is not None else parameter.storage
    nodes = graph.by_module.get(id(key), []) if graph is not None else []
    return graph is not None and bool(nodes) and all(_alone(graph, node) for node in nodes)


def _alone(graph: Graph, node: FlowNode) -> bool:
    later = graph.after(node)
    return (
        any(_has_weights(one) for one in later)
        and all(_leads_on(graph, one) for one in behind(graph, node))
        and not _bypassed(graph, node, later)
    )


def behind(graph: Graph, node: FlowNode) -> Iterator[FlowNode]:
    """The first operations after a node that are more than a reshaping or a normalisation."""
    seen: set[int] = set()
    queue = list(graph.consumers[id(node)])
    while queue:
        current = queue.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if current.op in _THROUGH:
            queue += graph.consumers[id(current)]
        else:
            yield current


def _leads_on(graph: Graph, node: FlowNode) -> bool:
    """A layer, or an activation that only layers and activations follow."""
    if node.op == "activation":
        following = list(behind(graph, node))
        return bool(following) and all(one.op == "activation" or _has_weights(one) for one in following)
    return _has_weights(node)


def _has_weights(node: FlowNode) -> bool:
    """Whether it is a layer, or a product of one signal with raw parameters."""
    if node.op == "layer":
        return node.module is not None
    return node.op == "contract" and bool(node.operands) and sum(one.op != "param" for one in node.inputs) == 1


def _bypassed(graph: Graph, node: FlowNode, later: list[FlowNode]) -> bool:
    """Whether something computed from the same signal meets the layer's own output further on."""
    through = {id(one) for one in later} | {id(node)}
    sources = frozenset().union(*(graph.ancestors(one) for one in node.inputs))
    signals = {id(one) for one in graph.nodes if id(one) in sources and one.op != "param"}
    return any(
        id(other) not in through and not signals.isdisjoint(graph.ancestors(other))
        for one in later
        if one.op != "return"
        for other in one.inputs
    )
