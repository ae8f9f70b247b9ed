"""What a rule complains about, as a number on the built model: 0 where nothing is left to complain about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from math import inf, log2
from typing import TYPE_CHECKING

from initlint.fixer.signal import factors

if TYPE_CHECKING:
    from initlint.runtime.protocol import Model, Parameter

Measure = Callable[["Model", frozenset[str]], "float | None"]
_ALPHA = 1e-6  # the runtime's false-alarm rate
_ROUNDING = 1e-6


def complaint(code: str, pairs: Iterable[tuple[Model, Model, frozenset[str]]]) -> tuple[float, float, str] | None:
    """How much of the mistake there is at these parameters before and after, and what the number counts.

    The first measure of the rule that can be taken on both sides; None where none can.
    """
    found = list(pairs)
    for measure in _MEASURES.get(code, ()):
        before = _mean_of(measure(model, names) for model, _, names in found)
        after = _mean_of(measure(model, names) for _, model, names in found)
        if before is not None and after is not None:
            return _tidy(before), _tidy(after), _UNITS[measure]
    return None


def said(code: str, model: Model, names: frozenset[str]) -> int:
    """How many of these parameters the runtime's own check of this rule speaks about."""
    from initlint.runtime.checks import remarks  # only where models were built

    return sum(remark.code == code and remark.name in names for remark in remarks(model, _ALPHA))


def _constant(model: Model, names: frozenset[str]) -> float | None:
    return _over(rows(model, names), lambda row: None if row.std is None else float(row.std == 0))


def _raw(model: Model, names: frozenset[str]) -> float | None:
    return _over(rows(model, names), lambda row: row.uninitialized)


def _repeated(model: Model, names: frozenset[str]) -> float | None:
    """Matrices that are, or equal, another: those that are one tensor count as often as they have names."""
    if not model.digests:
        return None
    ranks = {name: len(row.shape) for row in model.parameters for name in (row.name, *row.aliases)}
    counts = Counter(bits for name, bits in model.digests.items() if ranks.get(name, 0) >= 2)
    return float(sum(count - 1 for count in counts.values()))


def _scale(model: Model, names: frozenset[str]) -> float | None:
    """How far the std is from what the formulas ask for, in powers of two."""
    return _over(rows(model, names), lambda row: None if row.ratio is None else _distance(row.ratio))


def _either_scale(model: Model, names: frozenset[str]) -> float | None:
    """The same where the author may have chosen to keep the gradient, not the signal: the nearer one counts."""

    def nearest(row: Parameter) -> float | None:
        if row.ratio is None:
            return None
        fan_in, fan_out = row.effective_fan_in or row.fan_in, row.effective_fan_out or row.fan_out
        other = row.ratio * (fan_out / fan_in) ** 0.5 if fan_in and fan_out else row.ratio
        return min(_distance(row.ratio), _distance(other))

    return _over(rows(model, names), nearest)


def _travel(model: Model, names: frozenset[str]) -> float | None:
    """How far the factor of a layer is from 1, in powers of two."""
    factor = factors(model, names)[0]
    return None if factor is None else _distance(factor)


def _growth(model: Model, names: frozenset[str]) -> float | None:
    """By how far a sum over the inputs is from keeping its std, whatever follows, in powers of two."""

    def growth(row: Parameter) -> float | None:
        fan = row.effective_fan_in or row.fan_in
        return None if row.std is None or not fan else _distance(row.std * fan**0.5)

    return _over(rows(model, names), growth)


def _mean(model: Model, names: frozenset[str]) -> float | None:
    return _over(rows(model, names), lambda row: None if row.mean is None else abs(row.mean))


def _not_orthogonal(model: Model, names: frozenset[str]) -> float | None:
    def share(row: Parameter) -> float:
        parts = [form.family for form in row.overlays]
        if row.packed > 1:
            return 1 - min(parts.count("orthogonal"), row.packed) / row.packed
        return float(row.form is None or row.form.family != "orthogonal")

    return _over(rows(model, names), share)


def _not_one(model: Model, names: frozenset[str]) -> float | None:
    return _over(rows(model, names), lambda row: _off(row, 1.0))


def _not_zero(model: Model, names: frozenset[str]) -> float | None:
    found = rows(model, names)
    return _over([row for row in found if len(row.shape) == 1] or found, lambda row: _off(row, 0.0))


def _off(row: Parameter, centre: float) -> float | None:
    return None if row.mean is None or row.std is None else abs(row.mean - centre) + row.std


def rows(model: Model, names: frozenset[str]) -> list[Parameter]:
    """The model's rows of these names."""
    return [row for row in model.parameters if row.name in names]


def _over(found: Iterable[Parameter], number: Callable[[Parameter], float | None]) -> float | None:
    """The mean over the parameters for which it can be told."""
    return _mean_of(map(number, found))


def _mean_of(numbers: Iterable[float | None]) -> float | None:
    values = [value for value in numbers if value is not None]
    return sum(values) / len(values) if values else None


def _tidy(number: float) -> float:
    """Without what rounding leaves."""
    return 0.0 if abs(number) < _ROUNDING else number


def _distance(ratio: float) -> float:
    return abs(log2(ratio)) if ratio > 0 else inf


_SCALES = ("INI201", "INI202", "INI203", "INI204", "INI207", "INI209", "INI301", "INI305", "INI307", "INI404")
_MEASURES: dict[str, tuple[Measure, ...]] = {
    **dict.fromkeys(("INI101", "INI102", "INI704"), (_constant,)),
    "INI103": (_raw,),
    **dict.fromkeys(("INI105", "INI106"), (_repeated,)),
    "INI109": (_not_zero,),
    **dict.fromkeys(_SCALES, (_either_scale, _travel)),
    "INI302": (_either_scale, _travel, _growth),
    **dict.fromkeys(("INI401", "INI402", "INI403"), (_scale, _travel)),  # here the axis is the mistake
    **dict.fromkeys(("INI303", "INI304"), (_mean,)),
    "INI208": (_not_orthogonal,),
    "INI701": (_not_one,),
    "INI702": (_not_zero,),
}
_UNITS: dict[Measure, str] = {
    _constant: "share of constant weights",
    _raw: "share of raw memory",
    _repeated: "repeated matrices",
    _scale: "distance from the asked std, in powers of two",
    _either_scale: "distance from the asked std, in powers of two",
    _travel: "distance of a layer's factor from 1, in powers of two",
    _growth: "growth of a sum over the inputs, in powers of two",
    _mean: "mean",
    _not_orthogonal: "share that is not orthogonal",
    _not_one: "distance from one",
    _not_zero: "distance from zero",
}
