"""What the formulas ask for at a weight's place in its network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from initlint.describe.groups import Member
from initlint.describe.suggest import next_activation, next_slope
from initlint.describe.symbols import Sym, number
from initlint.reference.recommend import Recommendation, recommend

_DISTRIBUTIONS = {"trunc_normal": "normal", "uniform": "uniform", "normal": "normal"}


def advice(member: Member) -> Recommendation:
    """The scheme for the activation that really follows, in the author's distribution and mode."""
    event, follow = member.parameter.effective, member.parameter.follow
    activation, slope = bend(member)
    mode = _written_mode(member)
    return recommend(
        activation,
        distribution=_DISTRIBUTIONS.get(event.distribution or "") if event is not None and not event.default else None,
        mode=mode,
        kind=None if mode is not None else _kind(member),
        normalised=member.parameter.normalised,
        residual=follow is not None and follow.residual,
        slope=number(slope) if activation is not None else None,
    )


def bend(member: Member) -> tuple[str | None, Any]:
    """The one activation that all its outputs meet, behind a norm too, and the slope of it."""
    follow = member.parameter.follow
    if follow is None or not follow.normalised:
        return member.activation, follow.slope if follow is not None else None
    activation = next_activation(member.parameter)
    return None if activation == "identity" else activation, next_slope(member.parameter)


def agreed(members: Iterable[Member]) -> Recommendation | None:
    """The one scheme that suits all of them, or None."""
    members = list(members)
    if any(map(_is_misread, members)):
        return None
    found = [advice(member) for member in members]
    return found[0] if found and all(one.code == found[0].code for one in found) else None


def _written_mode(member: Member) -> str | None:
    event = member.parameter.effective
    call = event.call if event is not None else None
    mode: Any = call.values.get("mode") if call is not None else None
    mode = mode.default if isinstance(mode, Sym) else mode
    return mode if isinstance(mode, str) and mode in ("fan_in", "fan_out") else None


def _is_misread(member: Member) -> bool:
    """Whether neither of the fans that torch reads off a raw tensor is the number of terms it is summed over.

    In a stack of matrices torch takes the last axes for a kernel: no scheme of torch.nn.init fits the whole.
    """
    parameter = member.parameter
    if parameter.spec is not None or parameter.shape is None or len(parameter.shape) < 3:
        return False
    summed = parameter.effective_fan_in
    return summed is not None and summed not in (parameter.fan_in, parameter.fan_out)


def _kind(member: Member) -> str | None:
    """torch swaps the fans of a transposed convolution, and of a raw matrix stored (in, out)."""
    parameter = member.parameter
    if parameter.spec is None:
        swapped = parameter.effective_fan_in is not None and parameter.effective_fan_in != parameter.fan_in
        return "conv_transpose" if swapped else None
    return member.role
