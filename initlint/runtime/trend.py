"""Is there a trend along a path, and does the model's own depth make it harmful? Plain arithmetic on log2 gains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from initlint.runtime.propagation_report import Band, power

#: A trend is harmful from this factor on, in standard deviations, between the first hidden layer and the last.
#: Six rectifier layers at torch's default initialisation lose as much (0.41 each, INI207). In squares it is e^-9.2:
#: past the depth of six decay lengths, e^-6, beyond which Schoenholz et al. 2017 found nets untrainable.
HARMFUL = 100.0
#: Fewer layers have no trend.
SHORTEST = 4
#: At least this share of the layers has to go along (with half the slope or more): one bad layer is no trend.
_TOGETHER = 1 / 3
#: Slopes are estimated on at most this many layers of a path, evenly chosen: their pairs are what it costs.
_MOST = 400


@dataclass(frozen=True, slots=True)
class Trend:
    """A steady gain per layer along a path. Factors are of standard deviations (or norms), not of squares.

    `total` is the mildest of three: what the slope makes over the path, what was measured at its end (at the cautious
    end of its confidence interval), and what theory predicts there. `start` is the index where the trend sets in.
    """

    factor: float
    total: float
    start: int
    layers: int

    @property
    def vanishes(self) -> bool:
        """Whether it falls to a harmful degree."""
        return self.total <= 1 / HARMFUL

    @property
    def explodes(self) -> bool:
        """Whether it rises to a harmful degree."""
        return self.total >= HARMFUL


def trend(series: Sequence[Band | None], predicted: Sequence[float | None] = ()) -> Trend | None:
    """The trend of cumulative log2 squares, in the order in which the signal travels; `None` if there is none.

    A prediction (the same series from theory) that does not go the same way takes the trend away: what grows for
    another reason than weights in series, such as a side path that joins, is not this.
    """
    points = [(index, band) for index, band in enumerate(series) if band is not None]
    if len(points) < SHORTEST:
        return None
    means = [band.mean for _, band in points]
    slope = _median_slope([(float(index), band.mean) for index, band in points])
    steps = points[-1][0] - points[0][0]
    total = _cautious(slope * steps, points[0][1], points[-1][1])
    if _share_along(means, slope) < _TOGETHER:
        total = 0.0
    total = _with_theory(total, predicted[points[0][0] : points[-1][0] + 1])
    start = _start(means, slope)
    return Trend(power(slope / 2), power(total / 2), points[start][0], len(points))


def _median_slope(points: Sequence[tuple[float, float]]) -> float:
    """Theil-Sen: a few odd layers (a bottleneck, a small last one) do not move it."""
    chosen = points[:: max(1, len(points) // _MOST)]
    return median(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for index, earlier in enumerate(chosen)
        for later in chosen[index + 1 :]
    )


def _cautious(by_slope: float, first: Band, last: Band) -> float:
    low, high = last.low - first.mean, last.high - first.mean
    if by_slope < 0:
        return min(0.0, max(by_slope, high))
    return max(0.0, min(by_slope, low))


def _with_theory(total: float, predicted: Sequence[float | None]) -> float:
    if not predicted or predicted[0] is None or predicted[-1] is None:
        return total
    theory = predicted[-1] - predicted[0]
    return max(total, min(theory, 0.0)) if total < 0 else min(total, max(theory, 0.0))


def _start(means: Sequence[float], slope: float) -> int:
    """The first layer whose own gain goes along with the trend."""
    return next((index for index, along in enumerate(_along(means, slope), 1) if along), 0)


def _share_along(means: Sequence[float], slope: float) -> float:
    along = _along(means, slope)
    return sum(along) / len(along)


def _along(means: Sequence[float], slope: float) -> list[bool]:
    gains = [later - earlier for earlier, later in pairwise(means)]
    return [gain * slope > 0 and abs(gain) >= abs(slope) / 2 for gain in gains]
