"""What one measurement of a model's signal says: rows, paths, and the words for them. Holds no tensor."""

from __future__ import annotations

from dataclasses import dataclass
from math import log


@dataclass(frozen=True, slots=True)
class Band:
    """A quantity in log2 over the seeds: its mean and a 95 % confidence interval of the mean."""

    mean: float
    low: float
    high: float

    @property
    def root(self) -> float:
        """The square root of the quantity, out of the log: a standard deviation or a norm."""
        return power(self.mean / 2)


@dataclass(frozen=True, slots=True)
class LayerSignal:
    """One call of one layer. A reused layer has one row for each call.

    `moment` is the second moment of the output, `signal` the part of it that differs between the inputs of the
    batch (the variance over the batch), `gradient` the squared norm of the gradient per sample; all in log2, `None`
    where it is exactly zero or was never reached. `predicted` and `predicted_gradient` are mean-field theory's.
    """

    name: str
    call: int
    kind: str
    shape: tuple[int, ...] = ()
    fan_in: int | None = None
    fan_out: int | None = None
    weight_std: float | None = None
    follows: tuple[str, ...] = ()
    moment: Band | None = None
    signal: Band | None = None
    gradient: Band | None = None
    predicted: float | None = None
    predicted_gradient: float | None = None
    dead: float | None = None
    units: int | None = None
    saturated: float | None = None
    finite: bool = True

    @property
    def label(self) -> str:
        """The layer's name, with the number of the call where it is called again."""
        return f"{self.name} (call {self.call + 1})" if self.call else self.name


@dataclass(frozen=True, slots=True)
class Path:
    """Hidden layers in series that nothing normalises: where scale is free to grow or to fade.

    `rows` are indices into `Propagation.layers`. The series are cumulative log2 gains relative to the first row,
    without the part that pooling and reshaping have in them; `None` where a value was exactly zero.
    `predicted_gradient` runs backwards: it is relative to the last row, like `gradient`.
    """

    rows: tuple[int, ...]
    moment: tuple[Band | None, ...] = ()
    signal: tuple[Band | None, ...] = ()
    gradient: tuple[Band | None, ...] = ()
    predicted: tuple[float | None, ...] = ()
    predicted_gradient: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Classification:
    """The loss of an untrained classifier on labels drawn at random, beside that of an even guess."""

    classes: int
    loss: float
    layer: str

    @property
    def excess(self) -> float:
        """How far the loss lies above ln(classes)."""
        return self.loss - log(self.classes)


@dataclass(frozen=True, slots=True)
class Propagation:
    """The signal of a model, forward and backward. `problem` says why there is none."""

    layers: tuple[LayerSignal, ...] = ()
    paths: tuple[Path, ...] = ()
    classification: Classification | None = None
    inputs: str = ""
    dtype: str = "float64"
    seeds: tuple[int, ...] = ()
    rebuilt: bool = False
    seconds: float = 0.0
    problem: str | None = None

    @property
    def trunk(self) -> Path | None:
        """The longest path."""
        return max(self.paths, key=lambda path: len(path.rows), default=None)


def power(exponent: float) -> float:
    """2**exponent, saturating instead of raising."""
    return float("inf") if exponent >= 1024 else 2.0**exponent
