"""`check_model` in scripts and tests."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import initlint
from initlint.config import Settings
from initlint.errors import TargetError
from initlint.runtime.check import check_model

pytestmark = pytest.mark.torch


class Bad(nn.Module):
    """One weight with the std given as mean."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(32, 64), nn.Linear(64, 4)
        nn.init.normal_(self.fc1.weight, 0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(torch.relu(self.fc1(x)))


def test_class_is_taped() -> None:
    """A class is built under the tape, and the finding knows the line."""
    report = check_model(Bad)

    assert ("INI304",) == report.codes
    assert __file__.endswith(report.findings[0].path.rsplit("/", 1)[-1])
    assert not report
    assert "INI304" in str(report)


@pytest.mark.parametrize("seed", [0, 1, 41, 128, 201])
def test_live_model_is_measured(seed: int) -> None:
    """Of a live model the numbers speak: N(0.02, 1) on 32 inputs, also where the draw is one in ten thousand."""
    torch.manual_seed(seed)
    report = check_model(Bad())

    assert ("INI302",) == report.codes
    assert "inferred" in report.parameters["fc1.weight"].facts


def test_fine_model() -> None:
    """A fine model gives a true report without findings."""
    report = check_model(nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2)))

    assert report
    assert "no findings" in str(report)


def test_model_is_left_alone() -> None:
    """Weights, mode and the state of the generator are as before."""
    model = Bad().train()
    before = [value.clone() for value in model.parameters()]
    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    check_model(model)

    assert all(torch.equal(one, other) for one, other in zip(before, model.parameters(), strict=True))
    assert model.training
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(value.grad is None for value in model.parameters())


def test_given_inputs() -> None:
    """A tensor, a tuple, a dict or a function serves as input."""
    x = torch.randn(8, 32)
    for inputs in (x, (x,), {"x": x}, lambda: x):
        assert check_model(Bad, inputs).model.propagation["problem"] is None  # type: ignore[index]


def test_options_of_the_public_function() -> None:
    """`initlint.check_model` takes them all."""
    report = initlint.check_model(Bad, input_shape=(8, 32), seeds=1, seed=7, settings=Settings(ignore=("INI304",)))

    assert (True, (7,)) == (bool(report), tuple(report.model.propagation["seeds"]))
    assert initlint.check_model(Bad, propagate=False).model.propagation is None


def test_what_is_no_model() -> None:
    """A function that returns none is told."""
    with pytest.raises(TargetError, match="returned a dict, not a torch"):
        check_model(dict)  # type: ignore[arg-type,return-value]
