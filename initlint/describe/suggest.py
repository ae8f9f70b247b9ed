"""What suits a parameter: the scheme that the formulas ask for where it stands."""

from __future__ import annotations

from initlint.describe.flow import FlowNode, Graph
from initlint.describe.nodes import Parameter
from initlint.reference.activations import canonical_activation
from initlint.reference.layers import LAYERS
from initlint.reference.recommend import recommend

# Vectors have one right start each; of tokens, tables' scales and slopes the formulas say nothing.
_BY_ROLE = {"bias": "zeros", "norm_bias": "zeros", "norm_weight": "ones", "embedding": "normal"}
_FIXED = frozenset({"zeros", "ones", "constant"})


def suggested(parameter: Parameter, *, judged: bool) -> str | None:
    """The scheme's name; None where what follows is not known. `judged` says that a rule objects to what is there."""
    event, role = parameter.effective, parameter.role
    if role in _BY_ROLE:
        return _BY_ROLE[role]
    if role != "weight" and "contract" not in parameter.uses:
        return None
    if event is not None and event.scheme in _FIXED and not judged:
        return event.scheme  # a deliberate start: the last layer of a branch, LoRA's second factor
    if _is_recurrent(parameter):
        return recommend(None, kind="recurrent").scheme
    activation = next_activation(parameter)
    return None if activation is None else recommend(activation).scheme


def next_activation(parameter: Parameter) -> str | None:
    """The activation that the parameter's products meet, looking past normalisations; "identity" for none, None where
    that is not known or differs from use to use."""
    names = {_bend(node) for node in _met(parameter)}
    return names.pop() if len(names) == 1 else None


def next_slope(parameter: Parameter) -> object:
    """The slope of that activation; None where it has none, or several."""
    slopes = {node.slope for node in _met(parameter)}
    return slopes.pop() if len(slopes) == 1 else None


def _met(parameter: Parameter) -> list[FlowNode]:
    follow, graph = parameter.follow, parameter.flow.graph
    if follow is None or graph is None or not follow.known:
        return []
    key = parameter.module if parameter.spec is not None else parameter.storage
    met = [_past_norms(graph, one) for node in graph.by_module.get(id(key), []) for one in graph.met(node)]
    return [node for group in met for node in group]


def _past_norms(graph: Graph, node: FlowNode) -> list[FlowNode]:
    """What the signal meets from here on, normalisations passed over; twice normalised is rare enough to stop at."""
    return [node] if node.op != "norm" else list(graph.met(node))


def _bend(node: FlowNode) -> str | None:
    """What `node` does to each number."""
    if node.op == "activation":
        return canonical_activation(node.name)
    return None if node.op == "unknown" else "identity"


def _is_recurrent(parameter: Parameter) -> bool:
    return parameter.slot.startswith("weight_hh") and any(
        LAYERS[base].role == "recurrent" for base in parameter.module.bases if base in LAYERS
    )
