"""Finding an input that forward takes, and saying clearly when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from initlint.errors import TargetError, UsageError
from initlint.runtime.inputs import find_example, load_function
from initlint.runtime.propagation import measure
from tests.runtime.networks import Tagger, generator, resnet

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (nn.Linear(12, 3), (256, 12)),
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), (256, 784)),
        (resnet(), (16, 3, 32, 32)),
        (Tagger(), (8, 32)),
        (generator(), (32, 20, 1, 1)),
        (nn.GRU(6, 8), (16, 32, 6)),
        (nn.Conv1d(4, 4, 9), (8, 4, 64)),
        (nn.Sequential(nn.Conv2d(1, 8, 5), nn.Flatten(), nn.Linear(8 * 24 * 24, 2)), (16, 1, 28, 28)),
    ],
)
def test_guessed(model: nn.Module, shape: tuple[int, ...]) -> None:
    """The first layer tells the shape; sizes are tried until one fits."""
    (value,), _ = find_example(model, None).make(0)

    assert shape == tuple(value.shape)


def test_two_inputs_are_guessed() -> None:
    """A model of an image and a step gets both."""

    class Denoiser(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.steps = nn.Conv2d(3, 3, 3, padding=1), nn.Embedding(10, 3)

        def forward(self, x: Tensor, t: Tensor) -> Tensor:
            return self.conv(x) + self.steps(t)[:, :, None, None]

    (image, steps), _ = find_example(Denoiser(), None).make(0)

    assert (4, torch.int64) == (image.dim(), steps.dtype)


def test_examples_follow_their_seed() -> None:
    """One seed, one input."""
    example = find_example(nn.Linear(4, 2), None)

    assert torch.equal(example.make(3)[0][0], example.make(3)[0][0])
    assert not torch.equal(example.make(3)[0][0], example.make(4)[0][0])


def test_given_forms() -> None:
    """A tensor, a tuple, keyword arguments and a function are all inputs."""
    model = nn.Bilinear(3, 4, 2)
    one, two = torch.randn(5, 3), torch.randn(5, 4)

    for inputs in ((one, two), {"input1": one, "input2": two}, lambda: (one, two)):
        assert measure(model, inputs).problem is None
    assert measure(nn.Linear(3, 1), one).problem is None


def test_wrong_shape_is_told() -> None:
    """The message names the shape and torch's own complaint."""
    problem = measure(nn.Linear(12, 3), input_shape=(4, 13)).problem

    assert problem is not None
    assert "forward fails on an input of shape (4, 13): RuntimeError: mat1 and mat2" in problem


def test_nothing_runs_is_told() -> None:
    """What was tried, what came of it, and what to do."""

    class Stubborn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 3)

        def forward(self, graph: object) -> Tensor:
            raise AttributeError("'Tensor' object has no attribute 'edge_index'")

    problem = measure(Stubborn()).problem

    assert problem is not None
    assert (
        "guessed inputs; the first, N(0, 1) of shape (256, 3), gives AttributeError: 'Tensor' object has no" in problem
    )
    assert problem.endswith("give --input-shape or --input module:function, or --no-forward to judge the weights alone")


def test_without_forward_is_told() -> None:
    """A container with no forward of its own is told after one try."""
    model = nn.ModuleList([nn.Linear(3, 3)])

    with pytest.raises(TargetError, match=r"of 1 guessed inputs.*does not define forward"):
        find_example(model, None)


def test_load_function(tmp_path: Path) -> None:
    """`file.py:function` names a function; what is wrong with a name is told."""
    path = tmp_path / "data.py"
    path.write_text("def batch():\n    return 7\n", encoding="utf-8")

    assert load_function(f"{path}:batch")() == 7
    with pytest.raises(UsageError, match="has no function 'nothing'"):
        load_function(f"{path}:nothing")
    with pytest.raises(UsageError, match="not of the form module:function"):
        load_function("batch")
    with pytest.raises(UsageError, match="cannot be imported: ModuleNotFoundError"):
        load_function("no_such_module_here:batch")
