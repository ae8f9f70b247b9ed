"""What the tracer remembers: probes on tensors, steps on a path, the tag that a tensor carries (runs in the child).

A path is a series of layers that nothing normalises. Its steps are linked backwards, so that a tag is two words and
a path costs nothing until somebody walks it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import isnan

from torch import Tensor

from initlint.runtime.moments import batch_variance, second_moment, squared_norm

_TAG = "_initlint_tag"


@dataclass(slots=True)
class Probe:
    """The moments of one tensor; the gradient's arrives with the backward pass."""

    moment: float
    signal: float
    gradient: float | None = None
    on_gradient: Callable[[], None] | None = None

    @classmethod
    def on(cls, tensor: Tensor) -> Probe:
        """Measure `tensor` now, and its gradient when it comes."""
        probe = cls(second_moment(tensor), batch_variance(tensor))
        if tensor.requires_grad:
            tensor.register_hook(probe.take_gradient)  # type: ignore[no-untyped-call]
        return probe

    def take_gradient(self, gradient: Tensor) -> None:
        """Measure the gradient; used as a hook, it changes nothing."""
        self.gradient = squared_norm(gradient)
        if self.on_gradient is not None:
            self.on_gradient()

    @property
    def finite(self) -> bool:
        """Whether every entry was finite."""
        return not isnan(self.moment) and (self.gradient is None or not isnan(self.gradient))


@dataclass(slots=True)
class Row:
    """One call of one layer, while it is being traced."""

    name: str
    call: int
    kind: str
    probe: Probe
    shape: tuple[int, ...]
    fan_in: int | None = None
    fan_out: int | None = None
    weight_std: float | None = None
    predicted: float | None = None
    channel: int = -1
    follows: list[str] = field(default_factory=list)
    dead: float | None = None
    units: int | None = None
    saturated: float | None = None


@dataclass(slots=True, eq=False)
class Step:
    """One point of a path.

    A counted step (`row` is set) is a layer or a residual addition; another one is an operation that changes the
    scale for reasons other than weights (pooling, indexing), whose own gain, from `entry` to `probe`, is left out.
    `back` is the predicted log2 gain of the squared gradient norm from here to the step before. A path begins with an
    empty step, its own `root`.
    """

    probe: Probe | None = None
    parent: Step | None = None
    root: Step | None = None
    row: int | None = None
    entry: Probe | None = None
    predicted: float | None = None
    back: float | None = None
    depth: int = 0

    def ancestry(self) -> Iterator[Step]:
        """This step and those before it, newest first."""
        step: Step | None = self
        while step is not None:
            yield step
            step = step.parent


@dataclass(frozen=True, slots=True)
class Tag:
    """What a tensor carries: where its path stands, and what theory says of it.

    `predicted` is log2 of its second moment, `back` the log2 gain of the squared gradient norm since `step`; `None`
    where theory has lost it. `scale` marks a statistic (a norm, a deviation) that others are divided by, `weight`
    a value computed from parameters alone.
    """

    step: Step | None = None
    row: int | None = None
    predicted: float | None = None
    back: float | None = 0.0
    channel: int = -1
    scale: bool = False
    weight: bool = False

    @property
    def depth(self) -> int:
        """How many counted steps lie behind."""
        return self.step.depth if self.step else 0


def new_origin() -> Step:
    """The empty step with which a path begins."""
    step = Step()
    step.root = step
    return step


def tag_of(value: object) -> Tag | None:
    """The tag of a tensor, if it has one."""
    found = getattr(value, _TAG, None)
    return found if isinstance(found, Tag) else None


def set_tag(tensor: Tensor, tag: Tag) -> None:
    """Let `tensor` carry `tag`. It sits on the Python object, which lives as long as the tensor does."""
    setattr(tensor, _TAG, tag)


def changed(tag: Tag, **changes: object) -> Tag:
    """`tag` with other fields."""
    return replace(tag, **changes)  # type: ignore[arg-type]
