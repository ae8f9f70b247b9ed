"""The weights, drawn: each std beside the one that the formulas ask for, and what the numbers look like."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from math import erf, exp, pi, sqrt
from typing import Any

from initlint.report import svg
from initlint.report.html_page import code, legend, safe, short_path
from initlint.report.html_signal import shortened, without_prefix

Row = Mapping[str, Any]

_WIDTH, _HEIGHT = 1084.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 76.0, 14.0, 12.0, 66.0
_NAMES = 18
_LONGEST = 15
#: Ratios within this are as good as equal; beyond the other, far off (INI305 uses 3).
_NEAR, _FAR = 1.15, 3.0
_CARDS = 24
_CURVE = 60
#: A field added to a row: whether its scale adds up with that of other layers.
_MATTERS = "matters"


def section(rows: Sequence[Row], plain: Container[str] | None = None) -> str:
    """The section of a model's weights. `plain` names the layers whose scale matters; `None`: not known, all."""
    rows = [{**row, _MATTERS: plain is None or str(row["name"]).removesuffix(".weight") in plain} for row in rows]
    weights = [row for row in rows if _is_weight(row)]
    others = [row for row in rows if not _is_weight(row)]
    parts = ["<h2>Weights</h2>"]
    judged = [row for row in weights if _std(row) is not None and number(row.get("suggested_std"))]
    if len(judged) > 1:
        parts.append(_std_plot(judged))
    if weights:
        parts.append(f'<div class="card scroll" style="margin-top:16px">{_table(weights)}</div>')
    if others:
        inner = f'<div class="card scroll">{_table(others)}</div>'
        parts.append(f"<details><summary>Biases, norms, tables and buffers ({len(others)})</summary>{inner}</details>")
    drawn = [row for row in weights if _histogram(row)]
    if drawn:
        parts.append(_cards(drawn))
    return "".join(parts)


def number(value: object) -> float | None:
    """A number of the report; infinities are written as words there."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _is_weight(row: Row) -> bool:
    return row.get("kind") == "parameter" and len(row.get("shape") or ()) >= 2


def _std(row: Row) -> float | None:
    """What is drawn, by the tape; what was measured, where the tape does not know."""
    return number(row.get("std")) or number((row.get("measured") or {}).get("std"))


def _std_plot(rows: Sequence[Row]) -> str:
    found = [(_std(row) or 0.0, number(row.get("suggested_std")) or 0.0) for row in rows]
    frame = svg.Frame(
        _WIDTH,
        _HEIGHT,
        svg.Scale(-0.5, len(rows) - 0.5, _LEFT, _WIDTH - _RIGHT),
        svg.log_scale([value for pair in found for value in pair], _HEIGHT - _BOTTOM, _TOP),
    )
    step = max(1, -(-len(rows) // _NAMES))
    labels = without_prefix([str(row["name"]).removesuffix(".weight") for row in rows])
    names = [(float(index), shortened(labels[index], _LONGEST)) for index in range(0, len(rows), step)]
    drawn = frame.axes(names, slanted=True)
    for index, ((std, wanted), row) in enumerate(zip(found, rows, strict=True)):
        x, goal = frame.x.at(index), frame.y.at(wanted)
        y = frame.y.at(std) if std else frame.y.start
        title = f"{row['name']}: std {svg.number(std)}, {row.get('suggested')} asks for {svg.number(wanted)}"
        drawn += svg.tag("line", x1=x, x2=x, y1=y, y2=goal, class_="grid", stroke_width=2)
        drawn += svg.dot((x, goal), title, 4.5, class_="ring predicted")
        mark = svg.dot((x, y), title, 3.5, class_=_judgement(std / wanted, row))
        drawn += mark if std else svg.cross((x, frame.y.start), title, class_="lost" if row[_MATTERS] else "lost quiet")
    keys = legend(
        ("predicted", "ring", "std that the scheme for its activation has"),
        ("good", "dot", "drawn with that std"),
        ("warning", "dot", "off"),
        ("error", "dot", f"off by more than {_FAR:g}×"),
        ("soft", "dot", "normalised or short path: any scale will do"),
    )
    picture = frame.picture(drawn, "standard deviation of each weight beside its reference")
    return f'<div class="card"><h3>Each weight\'s std beside its reference</h3>{keys}{picture}</div>'


def _judgement(ratio: float, row: Row) -> str:
    if not row[_MATTERS]:
        return "neutral"
    off = max(ratio, 1 / ratio) if ratio > 0 else float("inf")
    return "good" if off <= _NEAR else "middling" if off <= _FAR else "bad"


_HEAD = (
    ("parameter", ""),
    ("drawn as", ""),
    ("then", ""),
    ("std", "num"),
    ("reference", "num"),
    ("std / reference", ""),
    ("values", ""),
)


def _table(rows: Sequence[Row]) -> str:
    head = "".join(f'<th class="{kind}">{name}</th>' for name, kind in _HEAD)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(_row(row) for row in rows)}</tbody></table>"


def _row(row: Row) -> str:
    std, wanted = _std(row), number(row.get("suggested_std"))
    shape = "×".join(str(size) for size in row.get("shape") or ()) or "1"
    tied = f'<div class="soft">also {", ".join(code(name) for name in row["tied"])}</div>' if row.get("tied") else ""
    reference = f'{svg.number(wanted)}<div class="soft">{safe(row.get("suggested") or "")}</div>' if wanted else ""
    return (
        f'<tr><td>{code(row["name"])}<div class="soft">{safe(row.get("layer") or "")} {safe(shape)}</div>{tied}</td>'
        f"<td>{_drawn(row)}</td><td>{safe(', '.join(row.get('followed_by') or ()))}</td>"
        f'<td class="num">{"" if std is None else svg.number(std)}</td><td class="num">{reference}</td>'
        f"<td>{_gauge(std / wanted, row) if std and wanted else ''}</td><td>{_small(row)}</td></tr>"
    )


def _drawn(row: Row) -> str:
    uninitialized = number(row.get("uninitialized")) or 0.0
    if uninitialized > 0:
        return f'<b class="error">never written</b> <span class="soft">({uninitialized:.0%})</span>'
    places = [event for event in row.get("history") or () if event.get("path") and event.get("line")]
    where = f'<div class="soft">{short_path(str(places[-1]["path"]), places[-1]["line"])}</div>' if places else ""
    default = ' <span class="soft">(default)</span>' if row.get("default") else ""
    return f"{safe(row.get('scheme') or 'unknown')}{default}{where}"


def _gauge(ratio: float, row: Row) -> str:
    """A dot on a scale from a tenth to ten times the reference."""
    scale = svg.Scale(0.1, 10, 6, 104, log=True)
    inner = svg.tag(
        "rect", x=scale.at(1 / _NEAR), y=4, width=scale.at(_NEAR) - scale.at(1 / _NEAR), height=14, class_="zone"
    )
    inner += svg.tag("line", x1=6, x2=104, y1=11, y2=11, class_="grid", stroke_width=2)
    inner += svg.tag("line", x1=scale.at(1), x2=scale.at(1), y1=4, y2=18, class_="predicted", stroke_width=1.5)
    title = f"{svg.number(ratio)} times the reference"
    inner += svg.dot((scale.at(max(ratio, 1e-9)), 11), title, 4.2, class_=_judgement(ratio, row))
    inner += svg.text(f"{svg.number(ratio)}×", 112, 15, class_="label")
    return f'<svg viewBox="0 0 164 22" style="min-width:140px;max-width:180px">{inner}</svg>'


def _histogram(row: Row) -> tuple[list[int], list[float]] | None:
    measured = row.get("measured") or {}
    counts, edges = list(measured.get("histogram") or ()), [number(edge) or 0.0 for edge in measured.get("edges") or ()]
    return (counts, edges) if len(counts) > 1 and len(edges) == len(counts) + 1 and edges[-1] > edges[0] else None


def _small(row: Row) -> str:
    found = _histogram(row)
    if found is None:
        return ""
    return f'<svg viewBox="0 0 110 30" style="max-width:130px">{_bars(row, *found, 110, 29)}</svg>'


def _cards(rows: Sequence[Row]) -> str:
    cards = "".join(_card(row) for row in rows[:_CARDS])
    more = f'<p class="small soft">and {len(rows) - _CARDS} more, in the table above</p>' if len(rows) > _CARDS else ""
    keys = legend(
        ("bar", "", "measured values"),
        ("measured", "", "the distribution drawn from"),
        ("predicted", "dash", "the reference"),
    )
    return f'<h2>Histograms</h2>{keys}<div class="grid-cards">{cards}</div>{more}'


def _card(row: Row) -> str:
    found = _histogram(row)
    if found is None:
        return ""
    counts, edges = found
    reach = max(abs(edges[0]), abs(edges[-1]))
    ticks = "".join(
        svg.text(svg.number(value), x, 114, class_="tick", text_anchor=anchor)
        for value, x, anchor in ((-reach, 2, "start"), (0, 110, "middle"), (reach, 218, "end"))
    )
    std = _std(row)
    wanted = number(row.get("suggested_std"))
    words = f"std {svg.number(std)}" if std is not None else ""
    words += f", reference {svg.number(wanted)}" if wanted else ""
    return (
        f'<div class="card"><h3>{code(row["name"])}</h3><div class="small soft">{words}</div>'
        f'<svg viewBox="0 0 220 118">{_bars(row, counts, edges, 220, 100)}{ticks}</svg></div>'
    )


def _bars(row: Row, counts: Sequence[int], edges: Sequence[float], width: float, height: float) -> str:
    """Bars around zero, and the densities over them, all in one scale."""
    reach = max(abs(edges[0]), abs(edges[-1]))
    x = svg.Scale(-reach, reach, 0, width)
    measured = [count / (sum(counts) * (edges[1] - edges[0])) for count in counts]
    points = [reach * (2 * index / _CURVE - 1) for index in range(_CURVE + 1)]
    wanted = number(row.get("suggested_std"))
    drawn = _known(points, [_density(row.get("distribution") or {}, value) for value in points])
    reference = _known(points, [_reference(str(row.get("suggested") or ""), wanted, value) for value in points])
    y = svg.Scale(0, 1.05 * max([*measured, *(level for _, level in drawn), 1e-300]), height, 2)
    return (
        "".join(_bar(x, y, edges[index : index + 2], level) for index, level in enumerate(measured) if level > 0)
        + _outline(x, y, reference, class_="predicted", stroke_width=1.4, stroke_dasharray="4 3")
        + _outline(x, y, drawn, class_="measured", stroke_width=1.4)
    )


def _known(points: Sequence[float], levels: Sequence[float | None]) -> list[tuple[float, float]]:
    return [(point, level) for point, level in zip(points, levels, strict=True) if level is not None]


def _bar(x: svg.Scale, y: svg.Scale, edges: Sequence[float], level: float) -> str:
    left, right, top = x.at(edges[0]), x.at(edges[1]), y.at(level)
    return svg.tag("rect", x=left, y=top, width=max(0.6, right - left - 0.4), height=y.start - top, class_="bar")


def _outline(x: svg.Scale, y: svg.Scale, curve: Sequence[tuple[float, float]], **style: object) -> str:
    # A reference that is narrower than what was drawn rises out of the picture.
    return svg.line([(x.at(value), max(y.end, y.at(level))) for value, level in curve], **style)


def _density(form: Mapping[str, Any], value: float) -> float | None:
    """The density of the distribution that the tape recorded."""
    low, high, std, mean = (number(form.get(name)) for name in ("low", "high", "std", "mean"))
    match form.get("family"):
        case "uniform" if low is not None and high is not None and high > low:
            return 1 / (high - low) if low <= value <= high else 0.0
        case "normal" if std:
            return _normal(value, mean or 0.0, std)
        case "trunc_normal" if low is not None and high is not None and number(form.get("scale")):
            location, scale = number(form.get("loc")) or 0.0, number(form.get("scale")) or 1.0
            mass = (erf((high - location) / scale / sqrt(2)) - erf((low - location) / scale / sqrt(2))) / 2
            return _normal(value, location, scale) / mass if low <= value <= high and mass > 0 else 0.0
    return None


def _reference(scheme: str, std: float | None, value: float) -> float | None:
    if not std:
        return None
    if scheme.endswith("uniform"):
        bound = std * sqrt(3)
        return 1 / (2 * bound) if abs(value) <= bound else 0.0
    return _normal(value, 0.0, std)


def _normal(value: float, mean: float, std: float) -> float:
    return exp(-(((value - mean) / std) ** 2) / 2) / (std * sqrt(2 * pi))
