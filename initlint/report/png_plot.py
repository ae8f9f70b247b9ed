"""The loss and gradient-norm curves of an experiment as one PNG image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite

from initlint.report.html_experiment import PALETTE, mean_line, smooth, without_extremes
from initlint.report.png import Canvas, Colour, hex_colour
from initlint.report.svg import Scale, fine_log_scale
from initlint.runtime.experiment_report import Curve, Experiment

_COLUMNS, _ROWS = 1400, 620
_INK: Colour = (29, 33, 38)
_SOFT: Colour = (99, 107, 117)
_GRID: Colour = (228, 228, 226)
_LABEL = 20.0


def loss_curves(found: Experiment) -> bytes:
    """The PNG file: loss on the left, the norm of the gradient on the right, means over the seeds."""
    canvas = Canvas(_COLUMNS, _ROWS)
    name = found.target.rpartition(":")[2]
    canvas.text(
        f"{name}: {found.steps} steps of {found.batch}, {found.optimizer}, lr {found.rate:g}", 40, 40, _INK, size=2
    )
    _panel(canvas, found, lambda curve: curve.loss, "loss", 70, 560)
    ends = _panel(canvas, found, lambda curve: curve.gradient, "gradient norm", 690, 1180)
    _names(canvas, ends)
    return canvas.encode()


def _panel(
    canvas: Canvas, found: Experiment, read: Callable[[Curve], Sequence[float]], title: str, left: float, right: float
) -> list[tuple[float, str, Colour]]:
    lines = {
        run.scheme: mean_line([smooth([value for value in read(curve) if isfinite(value)]) for curve in run.curves])
        for run in found.runs
    }
    x = Scale(0, max(1, found.steps - 1), left, right)
    y = fine_log_scale(without_extremes([value for line in lines.values() for value in line]), _ROWS - 60, 100)
    canvas.text(title, left, 78, _INK)
    for value in y.ticks():
        canvas.line([(left, y.at(value)), (right, y.at(value))], _GRID, 1)
        canvas.text(f"{value:.3g}", left - 8, y.at(value) + 5, _SOFT, size=1.4, anchor="end")
    for value in x.ticks():
        canvas.text(f"{value:g}", x.at(value), _ROWS - 36, _SOFT, size=1.4, anchor="middle")
    ends = []
    for index, (scheme, line) in enumerate(lines.items()):
        colour = hex_colour(PALETTE[index % len(PALETTE)])
        points = [(x.at(step), y.at(value)) for step, value in enumerate(line) if value > 0]
        canvas.line(points, colour, 2.4)
        if points:
            ends.append((points[-1][1], scheme, colour))
    return ends


def _names(canvas: Canvas, ends: Sequence[tuple[float, str, Colour]]) -> None:
    floor = 100.0
    for index, (height, name, colour) in enumerate(sorted(ends)):
        free = _ROWS - 60 - _LABEL * (len(ends) - 1 - index)
        floor = max(floor, min(height, free))
        canvas.text(name, 1192, floor + 5, colour, size=1.6)
        floor += _LABEL
