"""The time set for an experiment holds within a run too, and what was measured by then is told."""

from __future__ import annotations

import signal
import time

import pytest
import torch
from torch import Tensor, nn

from initlint.errors import UsageError
from initlint.report.html_experiment import render
from initlint.runtime.experiment import Plan, run
from initlint.runtime.experiment_task import synthetic
from initlint.runtime.inputs import find_example
from initlint.runtime.stopwatch import TimeIsUpError, until

pytestmark = pytest.mark.torch
_FOR_EVER = 3600.0
#: Steps that are made to find out how long one takes.
_TIMING = 4


class Stalling(nn.Module):
    """Trains for so many steps, all instances together; then the time is up in the middle of forward."""

    left = 0

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        try:
            if self.training and x.dtype == torch.float32:  # the signal is measured in float64
                Stalling.left -= 1
                if Stalling.left < 0:
                    signal.raise_signal(signal.SIGALRM)
        except Exception as error:  # as models do that catch everything
            raise AssertionError from error
        out: Tensor = self.fc(x)
        return out


def _trained(steps: int, *schemes: str) -> tuple[str, list[tuple[str, list[int]]], int]:
    Stalling.left = _FOR_EVER  # type: ignore[assignment]
    model = Stalling()
    task = synthetic(model, find_example(model, None))
    Stalling.left = _TIMING + steps
    found = run("net", Stalling, task, Plan(steps=3, limit=_FOR_EVER, schemes=schemes))

    assert found.note in render(found)
    return found.note, [(one.scheme, [len(curve.loss) for curve in one.curves]) for one in found.runs], found.steps


def test_stopped_in_the_first_run() -> None:
    """The part of the first run that was made is kept."""
    expected = "stopped after 3600 s (--seconds) in step 3 of 3: no time for recommended"

    assert (expected, [("as it is", [2])], 2) == _trained(2, "as it is", "recommended")


def test_stopped_among_the_schemes() -> None:
    """What is whole is kept, and the recommended schemes come before the others."""
    expected = "stopped after 3600 s (--seconds): no time for zeros"
    runs = [("as it is", [3]), ("recommended", [3])]

    assert (expected, runs, 3) == _trained(3 + 3 + 1, "as it is", "zeros", "recommended")


def test_stopped_in_the_second_seed() -> None:
    """A seed that not every scheme finished does not count."""
    expected = "stopped after 3600 s (--seconds), with 1 of 3 seeds"
    runs = [("as it is", [3]), ("recommended", [3])]

    assert (expected, runs, 3) == _trained(6 + 4, "as it is", "recommended")


def test_nothing_to_tell_of_a_whole_experiment() -> None:
    """Three seeds of two schemes of three steps."""
    runs = [("as it is", [3, 3, 3]), ("recommended", [3, 3, 3])]

    assert ("", runs, 3) == _trained(18, "as it is", "recommended")


def test_not_a_single_step() -> None:
    """Nothing measured is an error with its cure."""
    with pytest.raises(UsageError, match="not one step was done in 3600 s; raise --seconds"):
        _trained(0, "as it is", "recommended")


def test_the_timer_rings_in_its_block_only() -> None:
    """It wakes what sleeps, and who listened before listens again."""
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TimeIsUpError), until(0.0):
        time.sleep(_FOR_EVER)

    assert (before, 0.0) == (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)[0])
