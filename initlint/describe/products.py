"""Matrices that forward multiplies the signal with, and those that only look so."""

from __future__ import annotations

import re

from initlint.describe.groups import Member
from initlint.describe.nodes import Parameter
from initlint.describe.symbols import number

_RESCALED = frozenset({"rescaled", "mul", "transformed", "embedding", "cat", "unknown", "product"})
_TABLES = re.compile(
    r"embed|code|token|quer(y|ies)$|proto|centroid|cluster|latent|(^|_)pos|memory|memories|anchor|template|prompt|mask"
    r"|slot|centers?$|basis|(^|_)mu$|sigma|log_|phase|omega|freq|gate|kernel_points|dictionary|buckets|hash|random"
    r"|(^|_)(leaf|leaves|response)(_|s?$)",
    re.IGNORECASE,
)
_MATRIX = re.compile(r"^(w|weight|proj|kernel)_|_(w|weight|proj|kernel)$", re.IGNORECASE)  # `W_query`
_QUANTIZERS = re.compile(r"quanti[sz]|gumbel|codebook", re.IGNORECASE)
_SYSTEM = frozenset("ABCD")
_STEP = re.compile(r"(log_|inv_)?(dt|step|delta)(_proj|_bias)?|A_log|A_real|Lambda(_re)?", re.IGNORECASE)
MANY = 9  # below it N(0, 1) is less than 3 times too wide


def is_contracted(member: Member) -> bool:
    """Whether the weight is summed over as it is: no table of tokens, no scaled factor, no zero partner."""
    parameter = member.parameter
    fan = number(parameter.effective_fan_in)
    if fan is not None and fan < MANY:
        return False
    if _QUANTIZERS.search(member.name) or is_codebook(parameter):
        return False  # their logits are wide on purpose: all codes shall be met
    if any("spectral_norm" in wrapper for wrapper in parameter.module.wrappers) or not _meets_signal(parameter):
        return False  # divided by its largest singular value, the weight has no scale of its own
    if parameter.spec is not None:
        return not _TABLES.search(parameter.name.rpartition(".")[0].rpartition(".")[2])
    if _of_state_space(parameter):
        return False
    table = _TABLES.search(parameter.slot) and not _MATRIX.search(parameter.slot)
    return not (_RESCALED & set(parameter.uses)) and not table and not _zero_partner(member)


def _of_state_space(parameter: Parameter) -> bool:
    """Whether it is B, C or D of x' = Ax + Bu, y = Cx + Du: its class has a step size to discretise them by."""
    return parameter.slot in _SYSTEM and any(_STEP.fullmatch(name) for name in parameter.module.slots)


def is_codebook(parameter: Parameter) -> bool:
    """Whether it is a quantizer's table of codes, to which distances are measured."""
    return _QUANTIZERS.search(f"{parameter.name}.{parameter.module.kind}") is not None


def _meets_signal(parameter: Parameter) -> bool:
    """Whether some product is with what flows through forward, not with other parameters, and is not scaled after."""
    graph = parameter.flow.graph
    if graph is None:
        return True
    key = parameter.module if parameter.spec is not None else parameter.storage
    nodes = graph.by_module.get(id(key), [])
    return not nodes or any(
        any(source.op != "param" for source in node.inputs)
        and not any(consumer.op == "scale" for consumer in graph.consumers[id(node)])
        for node in nodes
    )


def _zero_partner(member: Member) -> bool:
    """LoRA and its like: another factor of the same layer is zero, so that the scale of this one is free."""
    return any(
        other.module is member.parameter.module and other is not member.parameter and _is_zero(other)
        for other in member.model.parameters
    )


def _is_zero(parameter: Parameter) -> bool:
    event = parameter.effective
    return event is not None and event.scheme == "zeros" and parameter.shape is not None and len(parameter.shape) > 1
