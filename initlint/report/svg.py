"""Small inline SVG plots: scales, axes, lines, bands. Colours come from the page's style sheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, isfinite, log10

from initlint.report.harmless import visible

Point = tuple[float, float]

#: Powers of ten beyond this many get every second, third... tick.
_MOST_TICKS = 6
_NICE = (1, 2, 2.5, 5, 10)
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Scale:
    """From numbers to pixels, straight or by powers of ten."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The pixel of a number; what lies outside is drawn at the border."""
        low, high, here = (
            (log10(item) for item in (self.low, self.high, value)) if self.log else (self.low, self.high, value)
        )
        share = (here - low) / (high - low) if high > low else 0.5
        return self.start + min(max(share, -0.02), 1.02) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round numbers to mark."""
        return _decades(self.low, self.high) if self.log else _steps(self.low, self.high)


def log_scale(values: Iterable[float], start: float, end: float) -> Scale:
    """Whole decades around the positive numbers among `values`, one at least."""
    known = [value for value in values if isfinite(value) and value > 0]
    low, high = (min(known), max(known)) if known else (1.0, 1.0)
    bottom, top = floor(log10(low) + 1e-9), ceil(log10(high) - 1e-9)
    # Nearly level curves stay in the middle of a decade or two, so that noise does not look like a trend.
    if top - bottom < 2:
        bottom, top = bottom - (top - bottom < 1), max(top, bottom + 1)
    return Scale(10.0**bottom, 10.0**top, start, end, log=True)


def fine_log_scale(values: Iterable[float], start: float, end: float) -> Scale:
    """Like `log_scale`, but from and to the next 1, 2 or 5 of a decade."""
    known = [value for value in values if isfinite(value) and value > 0]
    if not known:
        return log_scale(known, start, end)
    marks = _one_two_five(min(known) / 10, max(known) * 10)
    low = max(mark for mark in marks if mark <= min(known) * 1.001)
    high = min(mark for mark in marks if mark >= max(known) * 0.999 and mark > low)
    return Scale(low, high, start, end, log=True)


def _one_two_five(low: float, high: float) -> list[float]:
    exponents = range(floor(log10(low)), ceil(log10(high)) + 1)
    return [mark * 10.0**exponent for exponent in exponents for mark in (1, 2, 5)]


def _decades(low: float, high: float) -> list[float]:
    if high / low < 1000:
        return [mark for mark in _one_two_five(low, high) if low * 0.999 <= mark <= high * 1.001]
    first, last = ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9)
    step = max(1, ceil((last - first) / _MOST_TICKS))
    return [10.0**exponent for exponent in range(first, last + 1, step)]


def _steps(low: float, high: float) -> list[float]:
    span = high - low
    if not span > 0:
        return [low]
    rough = 10.0 ** floor(log10(span / 4))
    step = next(rough * nice for nice in _NICE if span / (rough * nice) <= _MOST_TICKS)
    return [step * count for count in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def number(value: float) -> str:
    """Three figures, and real powers of ten: 1.7×10⁻⁹."""
    if value == 0 or not isfinite(value):
        return "0" if value == 0 else str(value)
    if 1e-3 <= abs(value) < 1e4:
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    figures, _, exponent = f"{value:.2g}".partition("e") if "e" in f"{value:.2g}" else f"{value:.1e}".partition("e")
    power = f"10{str(int(exponent or 0)).translate(_SUPERSCRIPT)}"
    return power if float(figures) == 1 else f"{float(figures):g}×{power}"


def tag(name: str, content: str = "", **attributes: object) -> str:
    """An element; `class_` is class, and underscores are hyphens."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_plain(_attribute(value))}"' for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def _plain(content: str) -> str:
    return escape(visible(content))


def _attribute(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def text(content: str, x: float, y: float, **attributes: object) -> str:
    """A label."""
    return tag("text", _plain(content), x=x, y=y, **attributes)


def line(points: Sequence[Point], **attributes: object) -> str:
    """A line through points, at least two."""
    if len(points) < 2:
        return ""
    return tag("polyline", "", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), fill="none", **attributes)


def pieces(points: Iterable[Point | None]) -> Iterator[list[Point]]:
    """Unbroken stretches of points."""
    stretch: list[Point] = []
    for point in points:
        if point is None:
            if stretch:
                yield stretch
            stretch = []
        else:
            stretch.append(point)
    if stretch:
        yield stretch


def band(lower: Sequence[Point], upper: Sequence[Point], **attributes: object) -> str:
    """The area between two lines."""
    outline = [*lower, *reversed(upper)]
    if len(lower) < 2:
        return ""
    return tag("polygon", "", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in outline), **attributes)


def dot(point: Point, title: str, radius: float = 3.0, **attributes: object) -> str:
    """A point that tells about itself when pointed at."""
    return tag("circle", tag("title", _plain(title)), cx=point[0], cy=point[1], r=radius, **attributes)


def cross(point: Point, title: str, radius: float = 4.0, **attributes: object) -> str:
    """A mark for what has no place on a logarithmic axis."""
    (x, y), r = point, radius
    strokes = f"M{x - r:.1f} {y - r:.1f}L{x + r:.1f} {y + r:.1f}M{x - r:.1f} {y + r:.1f}L{x + r:.1f} {y - r:.1f}"
    return tag("path", tag("title", _plain(title)), d=strokes, **attributes)


@dataclass(frozen=True, slots=True)
class Frame:
    """The area of a plot inside its axes."""

    width: float
    height: float
    x: Scale
    y: Scale

    def axes(self, x_labels: Sequence[tuple[float, str]], *, slanted: bool = False) -> str:
        """Horizontal grid lines with their numbers, and labels below."""
        rows = [
            tag("line", x1=self.x.start, x2=self.x.end, y1=self.y.at(value), y2=self.y.at(value), class_="grid")
            + text(number(value), self.x.start - 8, self.y.at(value) + 4, class_="tick", text_anchor="end")
            for value in self.y.ticks()
        ]
        return "".join(rows) + "".join(self._label(*label, slanted=slanted) for label in x_labels)

    def _label(self, position: float, content: str, *, slanted: bool) -> str:
        x, y = self.x.at(position), self.y.start + 16
        if not slanted:
            return text(content, x, y, class_="tick", text_anchor="middle")
        return text(content, x, y, class_="tick", text_anchor="end", transform=f"rotate(-32 {x:.1f} {y:.1f})")

    def picture(self, content: str, label: str) -> str:
        """The finished drawing; `label` is what a screen reader says."""
        return tag(
            "svg",
            content,
            viewBox=f"0 0 {self.width:g} {self.height:g}",
            role="img",
            aria_label=label,
            xmlns="http://www.w3.org/2000/svg",
        )
