"""What was found out about one fix."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from initlint.finding import Finding


class Verdict(str, Enum):
    """`held`: it does what it says; `unproved`: nothing measured speaks for or against it; `unbuilt`: not tried."""

    HELD = "held"
    UNPROVED = "unproved"
    UNBUILT = "not verified"
    TAKEN_BACK = "taken back"


@dataclass(frozen=True, slots=True)
class Sample:
    """One row: how the weights that a fix is about start, and what that makes of signal and gradient.

    `std` and `mean` are those of the tape where it knows them; `output` is the root mean square of what the layers
    hand on; `forward` and `backward` are by what one layer of their path multiplies the signal and the gradient.
    """

    scheme: str
    std: float | None = None
    mean: float | None = None
    output: float | None = None
    forward: float | None = None
    backward: float | None = None
    tensors: int = 0


@dataclass(frozen=True, slots=True)
class Proof:
    """A fix, the verdict on it, why, and the model before and after it."""

    finding: Finding
    verdict: Verdict
    text: str
    model: str = ""
    before: Sample | None = None
    after: Sample | None = None
