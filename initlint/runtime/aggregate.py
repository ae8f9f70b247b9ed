"""Several traces of one model become one report, with confidence bounds (runs in the child; needs no torch)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isfinite, sqrt
from typing import TYPE_CHECKING

from initlint.runtime.propagation_report import Band, LayerSignal, Path, Propagation

if TYPE_CHECKING:
    from initlint.runtime.chain import Probe, Row, Step
    from initlint.runtime.trace import Trace

#: Student's t at 97.5 %, for 1 to 9 degrees of freedom.
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
_NORMAL = 1.96

Value = Callable[["Probe"], "float | None"]


def combine(traces: Sequence[Trace]) -> Propagation:
    """One report. Traces that took another way through the model than the first (routing) are left out."""
    first = traces[0]
    alike = [trace for trace in traces if _shape(trace) == _shape(first)]
    layers = tuple(_layer([trace.rows[index] for trace in alike]) for index in range(len(first.rows)))
    chains = [[_steps(trace, index) for trace in alike] for index in _maximal(first)]
    paths = tuple(_path(group) for group in chains if group[0])
    predictions = _gradient_predictions(layers, paths)
    layers = tuple(_predicted(layer, predictions.get(index)) for index, layer in enumerate(layers))
    return Propagation(layers=layers, paths=paths)


def band(values: Sequence[float | None]) -> Band | None:
    """Mean and 95 % interval; `None` unless every value is a finite number."""
    known = [value for value in values if value is not None and isfinite(value)]
    if not known or len(known) < len(values):
        return None
    count = len(known)
    mean = sum(known) / count
    if count == 1:
        return Band(mean, mean, mean)
    spread = sqrt(sum((value - mean) ** 2 for value in known) / (count - 1))
    factor = _STUDENT[count - 2] if count - 2 < len(_STUDENT) else _NORMAL
    reach = factor * spread / sqrt(count)
    return Band(mean, mean - reach, mean + reach)


def _shape(trace: Trace) -> tuple[object, ...]:
    return (tuple(row.name for row in trace.rows), len(trace.tails))


def _layer(rows: Sequence[Row]) -> LayerSignal:
    row = rows[0]
    return LayerSignal(
        name=row.name,
        call=row.call,
        kind=row.kind,
        shape=row.shape,
        fan_in=row.fan_in,
        fan_out=row.fan_out,
        weight_std=_mean([item.weight_std for item in rows]),
        follows=tuple(row.follows),
        moment=band([item.probe.moment for item in rows]),
        signal=band([item.probe.signal for item in rows]),
        gradient=band([item.probe.gradient for item in rows]),
        predicted=_mean([item.predicted for item in rows]),
        dead=_mean([item.dead for item in rows]),
        units=row.units,
        saturated=_mean([item.saturated for item in rows]),
        finite=all(item.probe.finite for item in rows),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None and isfinite(value)]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _maximal(trace: Trace) -> list[int]:
    """Tails that no other tail passes through, the same path once."""
    chosen: list[int] = []
    seen: set[tuple[int, ...]] = set()
    chains = [_counted(trace, index) for index in range(len(trace.tails))]
    inner = {tuple(chain[:length]) for chain in chains for length in range(1, len(chain))}
    for index, chain in enumerate(chains):
        key = tuple(chain)
        if len(chain) > 1 and key not in inner and key not in seen:
            seen.add(key)
            chosen.append(index)
    return chosen


def _counted(trace: Trace, index: int) -> list[int]:
    return [step.row for step in _steps(trace, index) if step.row is not None]


def _steps(trace: Trace, index: int) -> list[Step]:
    """The path to a tail, oldest first; the output's own layer is not hidden and is left out."""
    tail, output = trace.tails[index]
    steps = [step for step in tail.ancestry() if step.probe is not None]
    if output:
        while steps and steps[0].row is None:
            steps.pop(0)
        if steps and steps[0].row is not None and trace.rows[steps[0].row].kind != "add":
            steps.pop(0)
    return steps[::-1]


def _path(group: Sequence[Sequence[Step]]) -> Path:
    rows = tuple(step.row for step in group[0] if step.row is not None)
    moments = [_cumulative(steps, lambda probe: probe.moment) for steps in group]
    signals = [_cumulative(steps, lambda probe: probe.signal) for steps in group]
    gradients = [_from_end(_cumulative(steps, lambda probe: probe.gradient)) for steps in group]
    theory = [_predicted_moments(steps) for steps in group]
    backward = [_predicted_gradients(steps) for steps in group]
    return Path(
        rows=rows,
        moment=_bands(moments),
        signal=_bands(signals),
        gradient=_bands(gradients),
        predicted=_means(theory),
        predicted_gradient=_means(backward),
    )


Series = list["float | None"]


def _cumulative(steps: Sequence[Step], value: Value) -> Series:
    """log2 gains since the first counted step, without the gains of the steps that do not count."""
    series: Series = []
    total: float | None = 0.0
    before: float | None = None
    for step in steps:
        if step.probe is None:
            continue
        here = value(step.probe)
        if step.row is not None:
            total = 0.0 if not series else _add(total, here, before)
            series.append(total)
        elif series and step.entry is not None:
            total = _add(total, value(step.entry), before)
        before = here
    return series


def _add(total: float | None, after: float | None, before: float | None) -> float | None:
    if total is None or after is None or before is None or not (isfinite(after) and isfinite(before)):
        return None
    return total + after - before


def _from_end(series: Series) -> Series:
    last = series[-1] if series else None
    return [None if value is None or last is None else value - last for value in series]


def _predicted_moments(steps: Sequence[Step]) -> Series:
    """Theory's cumulative gain; where theory was lost it goes on from what was measured there."""
    series: Series = []
    total: float | None = 0.0
    previous: Step | None = None
    for step in steps:
        if step.row is None:
            # Theory starts anew behind an operation it does not know; its next layer is compared with this output.
            total, previous = _measured_entry(total, step, previous, bool(series)), step
            continue
        before = None if previous is None else (previous.predicted if previous.row is not None else _moment(previous))
        total = 0.0 if not series else _add(total, step.predicted, before)
        series.append(total)
        previous = step
    return series


def _measured_entry(total: float | None, step: Step, previous: Step | None, begun: bool) -> float | None:
    if not begun or previous is None or step.entry is None:
        return total
    return _add(total, step.entry.moment, _moment(previous))


def _moment(step: Step) -> float | None:
    return None if step.probe is None else step.probe.moment


def _predicted_gradients(steps: Sequence[Step]) -> Series:
    """Theory's gain from the last counted step back to each one; measured gains where theory has none."""
    counted = [step for step in steps if step.row is not None]
    measured = _cumulative(steps, lambda probe: probe.gradient)
    series: Series = [0.0]
    for index in range(len(counted) - 1, 0, -1):
        gain = counted[index].back
        ahead, behind = measured[index], measured[index - 1]
        if gain is None or counted[index].parent is not counted[index - 1]:
            gain = None if ahead is None or behind is None else behind - ahead
        last = series[-1]
        series.append(None if last is None or gain is None or not isfinite(gain) else last + gain)
    return series[::-1]


def _bands(group: Sequence[Series]) -> tuple[Band | None, ...]:
    return tuple(band(values) for values in zip(*group, strict=True))


def _means(group: Sequence[Series]) -> tuple[float | None, ...]:
    return tuple(_mean(values) for values in zip(*group, strict=True))


def _gradient_predictions(layers: Sequence[LayerSignal], paths: Sequence[Path]) -> dict[int, float]:
    """Theory's gradient at each row, hung on what was measured at the end of its longest path."""
    found: dict[int, float] = {}
    for path in sorted(paths, key=lambda path: len(path.rows)):
        end = layers[path.rows[-1]].gradient
        for row, value in zip(path.rows, path.predicted_gradient, strict=True):
            if end is not None and value is not None:
                found[row] = end.mean + value
    return found


def _predicted(layer: LayerSignal, gradient: float | None) -> LayerSignal:
    return layer if gradient is None else replace(layer, predicted_gradient=gradient)
