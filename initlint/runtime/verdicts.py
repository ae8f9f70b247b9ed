"""Judge a measured signal: INI801 to INI806 and INI812. What is normalised or added to is not on a path, and silent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log, sqrt

from initlint.runtime.propagation_report import Band, LayerSignal, Path, Propagation, power
from initlint.runtime.protocol import Verdict
from initlint.runtime.trend import Trend, trend

#: log2 of the square of float32's largest number: beyond it the model itself overflows.
_OVERFLOW = 2 * 127.99
#: A fair coin falls this far from one half once in a million (a normal quantile): chance never reaches it.
_CERTAIN = 4.9
#: A unit count below this decides nothing unless all are dead.
_FEWEST_UNITS = 8
#: A unit whose input spreads this far saturates by its scale; a smaller spread, by a deliberate bias (focal prior).
_WIDE = 2.0
_SATURATING = frozenset(("tanh", "sigmoid", "expit", "hardtanh", "hardsigmoid", "erf", "softsign"))


def judge(report: Propagation) -> tuple[Verdict, ...]:
    """Every verdict, at most one of each code, the worst case of it."""
    if report.problem is not None:
        return ()
    judges: tuple[Callable[[Propagation], Verdict | None], ...] = (
        _vanishing_activations,
        _exploding_activations,
        _vanishing_gradients,
        _exploding_gradients,
        _dead_units,
        _saturated_units,
        _initial_loss,
    )
    return tuple(verdict for judged in judges if (verdict := judged(report)) is not None)


def forward_trend(path: Path, *, signal: bool) -> Trend | None:
    """The trend of the second moment along a path, or of the part that tells inputs apart.

    Theory must agree where it speaks: for the part that tells inputs apart its gain is the gradient's (chi).
    """
    if not signal:
        return trend(path.moment, path.predicted)
    return trend(path.signal, _chi(path))


def _chi(path: Path) -> list[float | None]:
    """Theory's gain of small differences, from the first layer on: what it says of the gradient, turned round."""
    ends = path.predicted_gradient[:1]
    return [None if value is None or ends[0] is None else ends[0] - value for value in path.predicted_gradient]


def backward_trend(path: Path) -> Trend | None:
    """The trend of the gradient, from the end of the path to its beginning."""
    return trend(path.gradient[::-1], path.predicted_gradient[::-1])


def _vanishing_activations(report: Propagation) -> Verdict | None:
    path, found = _worst(report.paths, lambda path: forward_trend(path, signal=True), vanishing=True)
    if path is None or found is None:
        return None
    first = report.layers[path.rows[found.start]]
    message = (
        f"the signal fades with depth: its std is multiplied by {found.factor:.2f} per layer from `{first.label}` on, "
        f"{found.total:.1e} after {found.layers} layers{_theory(_chi(path), path.signal)}"
    )
    return Verdict("INI801", first.name, message, _CURE)


def _exploding_activations(report: Propagation) -> Verdict | None:
    overflow = _first_overflow(report)
    if overflow is not None:
        return Verdict("INI802", overflow.name, f"the output of `{overflow.label}` overflows float32", _CURE)
    path, found = _worst(report.paths, lambda path: forward_trend(path, signal=False), vanishing=False)
    if path is None or found is None:
        return None
    first = report.layers[path.rows[found.start]]
    message = (
        f"the signal grows with depth: its std is multiplied by {found.factor:.2f} per layer from `{first.label}` on, "
        f"{found.total:.1e} times after {found.layers} layers{_theory(path.predicted, path.moment)}"
    )
    return Verdict("INI802", first.name, message, _CURE)


def _vanishing_gradients(report: Propagation) -> Verdict | None:
    return _gradients(report, "INI803", vanishing=True)


def _exploding_gradients(report: Propagation) -> Verdict | None:
    return _gradients(report, "INI804", vanishing=False)


def _gradients(report: Propagation, code: str, *, vanishing: bool) -> Verdict | None:
    path, found = _worst(report.paths, backward_trend, vanishing=vanishing)
    if path is None or found is None:
        return None
    rows = path.rows[::-1]
    first, last = report.layers[rows[found.start]], report.layers[rows[-1]]
    message = (
        f"the gradient {'fades' if vanishing else 'grows'} on its way back: its norm is multiplied by "
        f"{found.factor:.2f} per layer from `{first.label}` to `{last.label}`, {found.total:.1e}"
        f"{'' if vanishing else ' times'} after {found.layers} layers"
        f"{_theory(path.predicted_gradient[::-1], path.gradient[::-1])}"
    )
    return Verdict(code, first.name, message, _CURE)


_CURE = (
    "give each weight the scheme of the activation that follows it (He before rectifiers, Xavier with its gain before "
    "tanh, LeCun normal before SELU), or normalise"
)


def _worst(
    paths: Sequence[Path], find: Callable[[Path], Trend | None], *, vanishing: bool
) -> tuple[Path | None, Trend | None]:
    found = [(path, result) for path in paths if (result := find(path)) is not None]
    bad = [pair for pair in found if (pair[1].vanishes if vanishing else pair[1].explodes)]
    if not bad:
        return None, None
    return (min if vanishing else max)(bad, key=lambda pair: pair[1].total)


def _theory(predicted: Sequence[float | None], measured: Sequence[Band | None]) -> str:
    known = [(index, value) for index, value in enumerate(predicted) if value is not None]
    if len(known) < 2 or len(measured) != len(predicted):
        return ""
    (first, low), (last, high) = known[0], known[-1]
    factor = power((high - low) / 2 / (last - first))
    return f" (mean-field theory predicts {factor:.2f} per layer)"


def _first_overflow(report: Propagation) -> LayerSignal | None:
    for layer in report.layers:
        too_large = layer.moment is not None and layer.moment.mean > _OVERFLOW
        if too_large or (not layer.finite and layer.moment is None):
            return layer
    return None


def _dead_units(report: Propagation) -> Verdict | None:
    dead = [layer for layer in report.layers if _is_dead(layer)]
    if not dead:
        return None
    worst = max(dead, key=lambda layer: layer.dead or 0.0)
    count = round((worst.dead or 0.0) * (worst.units or 0))
    message = f"{count} of {worst.units} units of `{worst.label}` are 0 for every input of the batch"
    others = f", and so it is in {len(dead) - 1} more layers" if len(dead) > 1 else ""
    return Verdict("INI805", worst.name, message + others, "a rectifier's bias starts at 0 and its weights at mean 0")


def _is_dead(layer: LayerSignal) -> bool:
    # Deep in a sound net all inputs look alike, and then half of the units are off for all of them.
    if layer.dead is None or not layer.units or layer.units < _FEWEST_UNITS or layer.moment is None:
        return False
    return layer.dead == 1.0 or layer.dead > 0.5 + _CERTAIN * 0.5 / sqrt(layer.units)


def _saturated_units(report: Propagation) -> Verdict | None:
    found = [layer for layer in report.layers if _is_saturated(layer)]
    if not found:
        return None
    worst = max(found, key=lambda layer: layer.saturated or 0.0)
    after = next((name for name in worst.follows if name in _SATURATING), "softmax")
    message = f"{worst.saturated or 0.0:.0%} of the {after} outputs after `{worst.label}` lie at their limits"
    if worst.moment is not None and after in _SATURATING:
        message += f": the std before it is {worst.moment.root:.1f}"
    others = f", and so it is in {len(found) - 1} more layers" if len(found) > 1 else ""
    return Verdict(
        "INI806", worst.name, message + others, "a saturated unit passes no gradient: lower the weights' std"
    )


def _is_saturated(layer: LayerSignal) -> bool:
    if layer.saturated is None or layer.saturated <= 0.5:
        return False
    if not _SATURATING.intersection(layer.follows):
        return True
    return layer.signal is not None and layer.signal.root > _WIDE


def _initial_loss(report: Propagation) -> Verdict | None:
    found = report.classification
    # An exploding signal has been told; its loss is the same mistake once more.
    if found is None or _exploding_activations(report) is not None or found.excess <= max(2.0, log(found.classes) / 2):
        return None
    message = (
        f"the loss starts at {found.loss:.1f} where an even guess over {found.classes} classes gives "
        f"ln({found.classes}) = {log(found.classes):.2f}: the logits are too large"
    )
    return Verdict("INI812", found.layer, message, f"lower the std of `{found.layer}`")
