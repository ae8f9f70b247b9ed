"""What an experiment showed: curves, and how far each scheme is from the model as it is. Plain arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite, log, sqrt

from initlint.runtime.protocol import Place

#: Student's t at 97.5 %, for 1 to 9 degrees of freedom.
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
#: The end of a run is the mean of its last steps, this share of them.
_TAIL = 0.1
#: INI810 speaks from this advantage on: the recommended scheme's loss is lower by a tenth.
MARGIN = 0.9
AS_IT_IS = "as it is"
RECOMMENDED = "recommended"


@dataclass(frozen=True, slots=True)
class Curve:
    """One run: the loss and the norm of the whole gradient at each step. A run that diverged is shorter."""

    seed: int
    loss: tuple[float, ...]
    gradient: tuple[float, ...]
    diverged: bool = False

    @property
    def end(self) -> float:
        """The loss at the end."""
        if self.diverged or not self.loss:
            return inf
        tail = self.loss[-max(1, round(len(self.loss) * _TAIL)) :]
        return sum(tail) / len(tail)


@dataclass(frozen=True, slots=True)
class Effect:
    """A scheme against the model as it is, over the same seeds: the ratio of the losses at the end.

    `ratio` is the geometric mean, `low` and `high` its 95 % confidence interval, `size` Cohen's d of the paired
    differences of the logarithms (negative: better); `None` where one seed or no spread leaves it undefined.
    """

    ratio: float
    low: float
    high: float
    size: float | None

    @property
    def only_one(self) -> bool:
        """Whether one of the two diverged in every run, so that there is no ratio."""
        return self.ratio in (0.0, inf)

    @property
    def better(self) -> bool:
        """Whether it is ahead beyond chance."""
        return self.high < 1

    @property
    def worse(self) -> bool:
        """Whether it is behind beyond chance."""
        return self.low > 1


@dataclass(frozen=True, slots=True)
class SchemeRun:
    """All runs of one scheme. `changed` tells how many weights it drew anew."""

    scheme: str
    curves: tuple[Curve, ...]
    changed: int = 0
    effect: Effect | None = None

    @property
    def end(self) -> float:
        """The mean loss at the end; infinite where a run diverged."""
        return sum(curve.end for curve in self.curves) / len(self.curves)

    @property
    def spread(self) -> float:
        """The standard deviation over the seeds."""
        return _deviation([curve.end for curve in self.curves])


@dataclass(frozen=True, slots=True)
class Experiment:
    """Short training runs of one model under several schemes."""

    target: str
    runs: tuple[SchemeRun, ...]
    task: str
    optimizer: str
    rate: float
    steps: int
    batch: int
    seeds: tuple[int, ...]
    recommended: tuple[str, ...] = ()
    moved: str = ""  # the first weight that the recommended schemes draw with another std
    name: str = ""  # of the model
    place: Place | None = None  # of that weight's last init
    seconds: float = 0.0
    note: str = ""  # what there was no time for

    def run(self, scheme: str) -> SchemeRun | None:
        """The runs of one scheme."""
        return next((run for run in self.runs if run.scheme == scheme), None)

    @property
    def best(self) -> SchemeRun:
        """The scheme with the lowest loss at the end."""
        return min(self.runs, key=lambda run: run.end)

    @property
    def slow_start(self) -> Effect | None:
        """The recommended scheme's advantage, if it is one: a tenth at least, beyond chance (INI810)."""
        run = self.run(RECOMMENDED)
        if run is None or run.effect is None or len(self.seeds) < 2:
            return None
        return run.effect if run.effect.ratio <= MARGIN and run.effect.better else None


def effect(subject: Sequence[Curve], baseline: Sequence[Curve]) -> Effect | None:
    """Compare two schemes seed by seed; `None` where nothing can be compared."""
    pairs = [
        (log(one.end) - log(other.end))
        for one, other in zip(subject, baseline, strict=True)
        if isfinite(one.end) and isfinite(other.end) and one.end > 0 and other.end > 0
    ]
    if not pairs:
        return _one_sided(subject, baseline)
    mean, count = sum(pairs) / len(pairs), len(pairs)
    if count == 1:
        return Effect(exp(mean), 0.0, inf, None)
    deviation = _deviation(pairs)
    reach = _STUDENT[min(count - 2, len(_STUDENT) - 1)] * deviation / sqrt(count)
    return Effect(exp(mean), exp(mean - reach), exp(mean + reach), mean / deviation if deviation > 0 else None)


def _one_sided(subject: Sequence[Curve], baseline: Sequence[Curve]) -> Effect | None:
    ours, theirs = (all(isfinite(curve.end) for curve in group) for group in (subject, baseline))
    if ours == theirs:
        return None
    # One side diverged in every run: no ratio tells more than that.
    return Effect(0.0, 0.0, 0.0, None) if ours else Effect(inf, inf, inf, None)


def _deviation(values: Sequence[float]) -> float:
    if len(values) < 2 or not all(isfinite(value) for value in values):
        return 0.0
    mean = sum(values) / len(values)
    return sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
