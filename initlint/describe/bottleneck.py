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
    if graph is None:
        return False
    nodes = nodes_of(graph, parameter)
    return bool(nodes) and all(_alone(graph, node) for node in nodes)


def is_first(parameter: Parameter) -> bool:
    """Whether no layer with weights comes before this one, as far as forward is understood."""
    graph = parameter.flow.graph
    nodes = nodes_of(graph, parameter) if graph is not None else []
    if graph is None or not nodes:
        return False
    before = {id(one) for one in nodes}
    earlier = {found for node in nodes for found in graph.ancestors(node)} - before
    return not any(one.op in _WEIGHED for one in graph.nodes if id(one) in earlier)


def is_bypassed(parameter: Parameter) -> bool:
    """Whether what the weight takes part in meets its own input again: a residual path around it."""
    graph = parameter.flow.graph
    if graph is None:
        return False
    scaled = [node for node in graph.nodes if node.op == "scale" and node.storage is parameter.storage]
    return any(_bypassed(graph, node, graph.after(node)) for node in (*nodes_of(graph, parameter), *scaled))


def nodes_of(graph: Graph, parameter: Parameter) -> list[FlowNode]:
    """The operations that a weight takes part in: the calls of its layer, or the products with it."""
    if parameter.spec is None:
        return graph.by_module.get(id(parameter.storage), [])
    if parameter.spec.role == "norm_weight":
        return [node for node in graph.nodes if node.op == "norm" and node.module is parameter.module]
    return graph.by_module.get(id(parameter.module), [])


def _alone(graph: Graph, node: FlowNode) -> bool:
    later = graph.after(node)
    before = {id(one.module) for one in graph.nodes if id(one) in graph.ancestors(node) and one.module is not None}
    return (
        any(_has_weights(one) and id(one.module) not in before for one in later)  # in a loop it is behind as well
        and all(_leads_on(graph, one) for one in behind(graph, node))
        and all(one.op == "return" or graph.consumers[id(one)] for one in later)  # none of it is lost to the reader
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
    weights = any(operand.is_parameter for operand in node.operands)  # a grid or a mask is a buffer
    return node.op == "contract" and weights and sum(one.op != "param" for one in node.inputs) == 1


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
