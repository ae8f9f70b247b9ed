"""The name of what a weight was drawn from: the caller's word, else the formula its numbers obey. (child)"""

from __future__ import annotations

import math

from initlint.runtime.distribution import Distribution
from initlint.runtime.geometry import Geometry
from initlint.runtime.ledger import Content, Write
from initlint.runtime.roles import Role

_TOLERANCE = 1e-5
_SUMMED = frozenset({"weight", "raw"})


def scheme(history: list[tuple[Write, Geometry]], content: Content, role: Role) -> str:
    """The scheme's name."""
    form = content.base.form
    named = next((write.scheme for write, _ in reversed(history) if write.kind != "update"), "unknown")
    last = history[-1][0] if history else None
    if last is not None and last.kind != "update" and last.function.startswith("torch.nn.init.") and not content.parts:
        return _constant_name(form) or named
    match form.family:
        case "constant":
            return _constant_name(form) or "constant"
        case "normal" | "uniform":
            return by_formula(form, role) or form.family
        case "trunc_normal" | "orthogonal" | "eye" | "dirac" | "sparse":
            return form.family
        case "literal":
            return "copy"
    return named if named in {"copy", "empty"} else "unknown"


def by_formula(form: Distribution, role: Role) -> str | None:
    """The formula whose std this is, with torch's fans first and the effective ones next."""
    std = form.std
    if not std or form.mean or role.fan_in is None or role.fan_out is None or role.role not in _SUMMED:
        return None
    pairs = [(float(role.fan_in), float(role.fan_out))]
    if role.effective_fan_in and role.effective_fan_out:
        pairs.append((role.effective_fan_in, role.effective_fan_out))
    for fan_in, fan_out in pairs:
        for name, expected in candidates(fan_in, fan_out):
            if math.isclose(std, expected, rel_tol=_TOLERANCE):
                return f"{name}_{form.family}"
    return None


def candidates(fan_in: float, fan_out: float) -> list[tuple[str, float]]:
    """Family names with their std, the usual gains only."""
    return [
        ("kaiming", math.sqrt(2 / fan_in)),
        ("lecun", math.sqrt(1 / fan_in)),
        ("xavier", math.sqrt(2 / (fan_in + fan_out))),
        ("kaiming", math.sqrt(2 / fan_out)),
        ("kaiming", math.sqrt(1 / (3 * fan_in))),  # torch's default: a = sqrt(5)
        ("xavier", 5 / 3 * math.sqrt(2 / (fan_in + fan_out))),
    ]


def _constant_name(form: Distribution) -> str | None:
    if form.family != "constant":
        return None
    return {0.0: "zeros", 1.0: "ones"}.get(form.loc, "constant")
