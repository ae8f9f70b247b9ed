"""The signal, drawn: measured with its bounds beside what mean-field theory predicts, forward and backward."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from initlint.report import svg
from initlint.report.html_page import code, legend, safe
from initlint.runtime.propagation_report import Band, LayerSignal, Propagation, power
from initlint.runtime.trend import SHORTEST, Trend
from initlint.runtime.verdicts import backward_trend, forward_trend

_WIDTH, _HEIGHT = 540.0, 310.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 14.0, 12.0, 66.0
#: Names below the axis; more would overlap.
_NAMES = 9
_LONGEST = 13
#: Every layer gets a dot of its own up to here.
_DOTS = 130

_NUMBER = re.compile(r"[0-9]+")

Read = Callable[[LayerSignal], "Band | None"]
Predict = Callable[[LayerSignal], "float | None"]


def section(signal: Propagation) -> str:
    """The section of a model's signal."""
    if signal.problem is not None:
        return f'<h2>Signal</h2><div class="card"><p>Not measured: {safe(signal.problem)}</p></div>'
    if not signal.layers:
        return ""
    return (
        "<h2>Signal</h2>"
        f'<p class="soft">{safe(_setting(signal))}</p><div class="pair">{_forward(signal)}{_backward(signal)}</div>'
    )


def _setting(signal: Propagation) -> str:
    seeds = len(signal.seeds)
    drawn = "weights and inputs drawn anew for each" if signal.rebuilt else "inputs drawn anew for each"
    many = f"{seeds} seeds, {drawn}" if seeds > 1 else "1 seed"
    return (
        f"Input: {signal.inputs}. {_precision(signal.dtype)}, {many}; shaded: 95\u00a0% confidence. "
        "Layers in the order of their calls; a line joins layers of one role."
    )


def _forward(signal: Propagation) -> str:
    shown = _shown(signal, lambda layer: layer.moment)
    plot = _plot(
        shown,
        (
            (lambda layer: layer.signal, None, "signal"),
            (lambda layer: layer.moment, lambda layer: layer.predicted, "measured"),
        ),
        "std of each layer's output",
    )
    keys = legend(
        ("measured", "", "root mean square"),
        ("signal", "", "part that tells inputs apart"),
        ("predicted", "dash", "theory"),
    )
    paths = [forward_trend(path, signal=kind) for path in signal.paths for kind in (True, False)]
    said = _broken(signal, lambda layer: layer.moment, "output") or _summary(paths, "std") or _no_trend(signal)
    return f'<div class="card"><h3>Forward: how large each output is</h3>{keys}{plot}{said}</div>'


def _backward(signal: Propagation) -> str:
    shown = _shown(signal, lambda layer: layer.gradient)
    plot = _plot(
        shown,
        ((lambda layer: layer.gradient, lambda layer: layer.predicted_gradient, "measured"),),
        "norm of the gradient at each layer's output",
    )
    keys = legend(("measured", "", "norm of the gradient, per sample"), ("predicted", "dash", "theory"))
    trends = [backward_trend(path) for path in signal.paths]
    said = _broken(signal, lambda layer: layer.gradient, "gradient") or _summary(trends, "norm") or _no_trend(signal)
    return f'<div class="card"><h3>Backward: how much gradient arrives</h3>{keys}{plot}{said}</div>'


def _shown(signal: Propagation, read: Read) -> list[LayerSignal]:
    """The layers with a value, and those on the longest plain path that have lost it."""
    rows = signal.trunk.rows if signal.trunk is not None else ()
    return [layer for index, layer in enumerate(signal.layers) if read(layer) is not None or index in rows]


def _summary(trends: Sequence[Trend | None], word: str) -> str:
    known = [trend for trend in trends if trend is not None]
    if not known:
        return ""
    harmful = [trend for trend in known if trend.vanishes or trend.explodes]
    worst = max(harmful or known, key=lambda trend: abs(trend.factor - 1))
    words = f"On a plain path of {worst.layers} layers the {word} is multiplied by {svg.number(worst.factor)} per layer"
    if not harmful:
        return f'<p class="small soft">{words}: <b class="good">harmless</b>.</p>'
    kind = "fades" if worst.vanishes else "explodes"
    return f'<p class="small">{words}: <b class="error">{kind}</b> to {svg.number(worst.total)} at its end.</p>'


def _broken(signal: Propagation, read: Read, word: str) -> str:
    """A signal that ends on its way has no trend worth telling."""
    rows = signal.trunk.rows if signal.trunk is not None else ()
    lost = [signal.layers[row].label for row in rows if read(signal.layers[row]) is None]
    if not lost:
        return ""
    where = code(lost[0]) + (f" and {len(lost) - 1} more" if len(lost) > 1 else "")
    return f'<p class="small error">Of {len(rows)} layers in series, the {word} is 0 or not finite at {where}.</p>'


def _no_trend(signal: Propagation) -> str:
    """Why there is no trend: layers that normalise between them, or a small model."""
    longest = len(signal.trunk.rows) if signal.trunk is not None else 0
    if longest >= SHORTEST:
        return '<p class="small soft">Too few layers could be compared for a trend.</p>'
    if len(signal.layers) <= SHORTEST:
        return '<p class="small soft">Too few layers for a trend.</p>'
    many = f"more than {longest} layers" if longest > 1 else "two layers"
    text = f"Nowhere do {many} stand in series with no normalisation or residual path between: scale cannot run away."
    return f'<p class="small soft">{text}</p>'


def _plot(layers: Sequence[LayerSignal], series: Sequence[tuple[Read, Predict | None, str]], label: str) -> str:
    if len(layers) < 2:
        return '<p class="small soft">Too few layers to draw.</p>'
    values = [
        value for layer in layers for read, predict, _ in series for value in _values(read(layer), predict, layer)
    ]
    frame = svg.Frame(
        _WIDTH,
        _HEIGHT,
        svg.Scale(0, len(layers) - 1, _LEFT + 6, _WIDTH - _RIGHT),
        svg.log_scale(values, _HEIGHT - _BOTTOM, _TOP),
    )
    drawn = frame.axes(_names(layers), slanted=True)
    drawn += "".join(_series(frame, layers, read, style) for read, _, style in series)
    drawn += _lost(frame, layers, series[-1][0])
    # Theory lies on top: where it is right it would be hidden under what was measured.
    drawn += "".join(_theory(frame, layers, predict) for _, predict, _ in series if predict is not None)
    return frame.picture(drawn, label)


def _lost(frame: svg.Frame, layers: Sequence[LayerSignal], read: Read) -> str:
    """A cross on the axis where there is no number to draw."""
    gone = ((index, layer) for index, layer in enumerate(layers) if read(layer) is None)
    return "".join(
        svg.cross((frame.x.at(index), frame.y.start), f"{layer.label}: 0 or not finite", class_="lost")
        for index, layer in gone
    )


def _theory(frame: svg.Frame, layers: Sequence[LayerSignal], predict: Predict) -> str:
    points = [_point(frame, index, predict(layer)) for index, layer in enumerate(layers)]
    style = {"class_": "predicted", "stroke_width": 1.8, "stroke_dasharray": "5 5"}
    return "".join(
        svg.line(piece, **style) for group in _roles(layers) for piece in svg.pieces(points[i] for i in group)
    )


def _roles(layers: Sequence[LayerSignal]) -> list[list[int]]:
    """Indices of the layers that do the same in other blocks: their names differ in numbers only."""
    found: dict[tuple[str, str], list[int]] = {}
    for index, layer in enumerate(layers):
        found.setdefault((_NUMBER.sub("*", layer.name), layer.kind), []).append(index)
    return list(found.values())


def _values(found: Band | None, predict: Predict | None, layer: LayerSignal) -> list[float]:
    logs = [] if found is None else [found.mean]
    predicted = predict(layer) if predict is not None else None
    if predicted is not None:
        logs.append(predicted)
    return [power(value / 2) for value in logs]


def _series(frame: svg.Frame, layers: Sequence[LayerSignal], read: Read, style: str) -> str:
    bands = [read(layer) for layer in layers]
    middle = [_point(frame, index, band.mean if band else None) for index, band in enumerate(bands)]
    drawn = ""
    for group in _roles(layers):
        for piece in svg.pieces([(float(index), 0.0) if bands[index] else None for index in group]):
            drawn += _bounds(frame, [(int(index), bands[int(index)]) for index, _ in piece], style)
        drawn += "".join(
            svg.line(piece, class_=style, stroke_width=2.0) for piece in svg.pieces(middle[i] for i in group)
        )
    if len(layers) > _DOTS:
        return drawn
    dots = (
        svg.dot(point, _title(layer, band), 2.6, class_=f"dot {style}")
        for point, layer, band in zip(middle, layers, bands, strict=True)
        if point is not None and band is not None
    )
    return drawn + "".join(dots)


def _bounds(frame: svg.Frame, found: Sequence[tuple[int, Band | None]], style: str) -> str:
    lower = [point for index, band in found if band and (point := _point(frame, index, band.low))]
    upper = [point for index, band in found if band and (point := _point(frame, index, band.high))]
    return svg.band(lower, upper, class_=f"band {style}")


def _point(frame: svg.Frame, index: int, log_value: float | None) -> svg.Point | None:
    if log_value is None:
        return None
    value = power(log_value / 2)
    return (frame.x.at(index), frame.y.at(value)) if 0 < value < float("inf") else None


def _title(layer: LayerSignal, band: Band) -> str:
    follows = f", then {', '.join(layer.follows)}" if layer.follows else ""
    return f"{layer.label} ({layer.kind}{follows}): {svg.number(band.root)}"


def _names(layers: Sequence[LayerSignal]) -> list[tuple[float, str]]:
    labels = without_prefix([layer.label for layer in layers])
    step = max(1, -(-len(layers) // _NAMES))
    return [(float(index), shortened(labels[index], _LONGEST)) for index in range(0, len(layers), step)]


def without_prefix(names: Sequence[str]) -> list[str]:
    """Names without the folders that most of them share (`transformer.h.0` -> `h.0`)."""
    heads = Counter(name.partition(".")[0] for name in names)
    head, count = heads.most_common(1)[0] if heads else ("", 0)
    if len(names) < 2 or count < 0.8 * len(names) or all(name.count(".") < 2 for name in names):
        return list(names)
    return without_prefix([name.removeprefix(f"{head}.") for name in names])


def shortened(name: str, longest: int) -> str:
    """The end of a long name, after the number of its block."""
    head, dot, _ = name.partition(".")
    start = f"{head}." if dot and head.isdigit() else ""
    return name if len(name) <= longest else f"{start}…{name[len(start) - longest + 1 :]}"


def plain_layers(signal: Propagation) -> frozenset[str]:
    """The layers whose scale adds up with that of others: those on a path that is long enough to have a trend."""
    rows = {row for path in signal.paths if len(path.rows) >= SHORTEST for row in path.rows}
    return frozenset(signal.layers[row].name for row in rows)


def table(signal: Propagation) -> str:
    """Every call of every layer, in numbers."""
    rows = "".join(_row(layer) for layer in signal.layers)
    head = "".join(
        f'<th class="num">{name}</th>' if name not in ("layer", "then") else f"<th>{name}</th>"
        for name in ("layer", "then", "std", "theory", "tells apart", "gradient", "theory", "dead", "saturated")
    )
    return (
        f"<details><summary>The signal in numbers ({len(signal.layers)} calls)</summary>"
        f'<div class="card scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>'
    )


def _row(layer: LayerSignal) -> str:
    numbers = (
        _root(layer.moment),
        _power(layer.predicted),
        _root(layer.signal),
        _root(layer.gradient),
        _power(layer.predicted_gradient),
        _share(layer.dead),
        _share(layer.saturated),
    )
    cells = "".join(f'<td class="num">{value}</td>' for value in numbers)
    kind = f'<div class="soft">{safe(layer.kind)}</div>'
    return f"<tr><td>{code(layer.label)}{kind}</td><td>{safe(', '.join(layer.follows))}</td>{cells}</tr>"


def _root(band: Band | None) -> str:
    return "" if band is None else svg.number(band.root)


def _power(value: float | None) -> str:
    return "" if value is None else svg.number(power(value / 2))


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _precision(dtype: str) -> str:
    return dtype if dtype == "float64" else "Measured in the model's own precision"
