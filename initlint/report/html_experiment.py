"""The experiment as one HTML page: loss and gradient-norm curves of every scheme, and the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite

from initlint.report import svg
from initlint.report.html_page import page, safe, tiles
from initlint.report.svg import Frame, Scale, fine_log_scale
from initlint.runtime.experiment_report import AS_IT_IS, Curve, Experiment, SchemeRun

_WIDTH, _HEIGHT = 1084.0, 380.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 60.0, 132.0, 14.0, 40.0
#: A loss curve is smoothed over this share of its steps before it is drawn; the table is not.
_SMOOTH = 0.04
_LABEL = 14.0
#: As many hues as there are schemes, in the order of the runs; readable on white and on black.
PALETTE = ("#6b7280", "#9a8f00", "#c2570c", "#2456c9", "#d6336c", "#0b8376", "#7a3fc0", "#3f8f2f", "#c02634")

Series = Callable[[Curve], Sequence[float]]


def render(found: Experiment) -> str:
    """The page."""
    from initlint.runtime.experiment_command import verdict  # it loads click, which only the command needs

    head = tiles(
        (str(len(found.seeds)), "seed" if len(found.seeds) == 1 else "seeds"),
        (str(found.steps), f"steps of {found.batch}"),
        (safe(found.optimizer), f"learning rate {found.rate:g}"),
        (f"{found.seconds:.0f} s", "on the CPU"),
    )
    body = (
        f'<h1>{safe(found.target.rpartition(":")[2])}</h1><div class="soft mono">{safe(found.target)}</div>{head}'
        f'<h2>Result</h2><div class="card"><p>{safe(verdict(found))}</p></div>'
        f"{_note(found)}"
        f'<p class="soft">Task: {safe(found.task)}. Every scheme starts from the same seeds and sees the same data. '
        "Lines: mean over the seeds; shaded: from the lowest to the highest.</p>"
        f'<h2>Loss</h2><div class="card">{_plot(found, lambda curve: curve.loss, "loss at each step")}</div>'
        f'<h2>Norm of the gradient</h2><div class="card">{_plot(found, lambda curve: curve.gradient, "norm")}</div>'
        f'<h2>At the end</h2><div class="card scroll">{_table(found)}</div>{_recommended(found)}'
    )
    return page(f"{found.target} – initlint experiment", body)


def _note(found: Experiment) -> str:
    return f'<p class="warning">{safe(found.note)}</p>' if found.note else ""


def smooth(values: Sequence[float], share: float = _SMOOTH) -> list[float]:
    """A running mean that looks back."""
    window = max(1, round(len(values) * share))
    parts = (values[max(0, index - window + 1) : index + 1] for index in range(len(values)))
    return [sum(part) / len(part) for part in parts]


def _plot(found: Experiment, read: Series, label: str) -> str:
    runs = [(run, _lines(run, read)) for run in found.runs]
    values = [value for _, lines in runs for line in lines for value in line]
    frame = Frame(
        _WIDTH,
        _HEIGHT,
        Scale(0, max(1, found.steps - 1), _LEFT, _WIDTH - _RIGHT),
        fine_log_scale(without_extremes(values), _HEIGHT - _BOTTOM, _TOP),
    )
    ticks = [(value, f"{value:g}") for value in frame.x.ticks() if value == int(value)]
    drawn = frame.axes(ticks) + svg.text("step", frame.x.end, frame.y.start + 32, class_="tick", text_anchor="end")
    ends: list[tuple[float, str, str]] = []
    for index, (run, lines) in enumerate(runs):
        colour = PALETTE[index % len(PALETTE)]
        drawn += _band(frame, lines, colour)
        mean = mean_line(lines)
        points = [(frame.x.at(step), frame.y.at(value)) for step, value in enumerate(mean) if value > 0]
        dashed = {"stroke_dasharray": "7 4"} if run.scheme == AS_IT_IS else {}
        drawn += svg.line(points, stroke=colour, stroke_width=2.2 if run.scheme != AS_IT_IS else 2.6, **dashed)
        if points:
            ends.append((points[-1][1], run.scheme, colour))
    return frame.picture(drawn + _labels(frame, ends), label)


def _lines(run: SchemeRun, read: Series) -> list[list[float]]:
    return [smooth([value for value in read(curve) if isfinite(value)]) for curve in run.curves]


def without_extremes(values: Sequence[float]) -> list[float]:
    """A run that explodes is drawn at the border; it may not press all the others flat."""
    positive = sorted(value for value in values if value > 0)
    if not positive:
        return []
    middle = positive[len(positive) // 2]
    return [value for value in positive if middle / 1e4 <= value <= middle * 1e3] or positive


def mean_line(lines: Sequence[Sequence[float]]) -> list[float]:
    longest = max((len(line) for line in lines), default=0)
    there = [[line[step] for line in lines if step < len(line)] for step in range(longest)]
    return [sum(values) / len(values) for values in there]


def _band(frame: Frame, lines: Sequence[Sequence[float]], colour: str) -> str:
    shortest = min((len(line) for line in lines), default=0)
    if len(lines) < 2 or shortest < 2:
        return ""
    low = [(frame.x.at(step), frame.y.at(max(1e-300, min(line[step] for line in lines)))) for step in range(shortest)]
    high = [(frame.x.at(step), frame.y.at(max(1e-300, max(line[step] for line in lines)))) for step in range(shortest)]
    return svg.band(low, high, fill=colour, opacity=0.12)


def _labels(frame: Frame, ends: Sequence[tuple[float, str, str]]) -> str:
    """Names at the ends of the lines, moved apart where they would overlap."""
    drawn, floor = "", frame.y.end
    placed = sorted(ends)
    free = frame.y.start - _LABEL * len(placed)
    for index, (height, name, colour) in enumerate(placed):
        floor = max(floor, min(height, free + _LABEL * (index + 1)))
        drawn += svg.text(name, frame.x.end + 10, floor + 4, fill=colour, font_size=12, font_weight=600)
        floor += _LABEL
    return drawn


def _table(found: Experiment) -> str:
    from initlint.runtime.experiment_command import cells  # as above

    names = ("scheme", "loss at the end", "± over seeds", "ratio to as it is", "95 % interval", "effect size d")
    head = "".join(f'<th class="{"num" if index else ""}">{name}</th>' for index, name in enumerate(names))
    rows = "".join(_row(run, cells(run)) for run in sorted(found.runs, key=lambda run: run.end))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(run: SchemeRun, texts: Sequence[str]) -> str:
    style = "" if run.effect is None else ("good" if run.effect.better else "error" if run.effect.worse else "")
    inner = "".join(
        f'<td class="num{" " + style if index == 3 else ""}">{safe(text)}</td>' if index else f"<td>{safe(text)}</td>"
        for index, text in enumerate(texts)
    )
    return f"<tr>{inner}</tr>"


def _recommended(found: Experiment) -> str:
    if not found.recommended:
        return ""
    items = "".join(f"<li><code>{safe(item)}</code></li>" for item in found.recommended)
    summary = f"What “recommended” drew ({len(found.recommended)} weights)"
    return f"<details><summary>{summary}</summary><ul>{items}</ul></details>"
