"""The fast depthwise convolution is torch's, and the clock is looked at while a signal is followed."""

from __future__ import annotations

import time
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from initlint.runtime.depthwise import correlate, faster
from initlint.runtime.propagation import measure

pytestmark = pytest.mark.torch

CASES: dict[str, tuple[Any, ...]] = {
    "1d": (F.conv1d, (2, 6, 20), (6, 1, 5), {"padding": 2}),
    "2d": (F.conv2d, (2, 6, 11, 9), (6, 1, 3, 3), {"padding": 1}),
    "2d, strided": (F.conv2d, (2, 6, 11, 9), (6, 1, 3, 3), {"stride": 2, "padding": (1, 0)}),
    "2d, dilated": (F.conv2d, (2, 6, 14, 13), (6, 1, 3, 2), {"dilation": (2, 3), "stride": (1, 2)}),
    "2d, two outputs a channel": (F.conv2d, (2, 6, 11, 9), (12, 1, 3, 3), {}),
    "3d": (F.conv3d, (2, 4, 6, 7, 8), (4, 1, 3, 3, 3), {"padding": 1}),
}


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_torch(case: str) -> None:
    """Output and gradients are torch's up to rounding."""
    function, shape, kernel, options = CASES[case]
    torch.manual_seed(0)
    x, weight, bias = (torch.randn(size, dtype=torch.float64) for size in (shape, kernel, (kernel[0],)))
    arguments = dict(options, groups=shape[1])
    results = []
    for compute in (function, correlate):
        values = [value.clone().requires_grad_() for value in (x, weight, bias)]
        output = compute(*values, **arguments)
        pull = torch.linspace(-1, 1, output.numel(), dtype=torch.float64).view_as(output)
        results.append([output, *torch.autograd.grad(output, values, pull)])

    assert faster(function.__name__, function, (x, weight, bias), arguments) is correlate
    assert all(torch.allclose(one, other, rtol=1e-9, atol=1e-10) for one, other in zip(*results, strict=True))


def test_others_stay_with_torch() -> None:
    """Full and grouped convolutions, single precision and padding by name are none of its business."""
    x, full, depthwise = torch.randn(1, 4, 8).double(), torch.randn(4, 2, 3).double(), torch.randn(4, 1, 3).double()

    assert faster("conv1d", F.conv1d, (x, full), {"groups": 2}) is F.conv1d
    assert faster("conv1d", F.conv1d, (x, depthwise), {"groups": 4, "padding": "same"}) is F.conv1d
    assert faster("conv1d", F.conv1d, (x.float(), depthwise.float()), {"groups": 4}) is F.conv1d


class Slow(nn.Module):
    """Forward, or its backward, takes a tenth of a second a layer."""

    waits = 0

    def __init__(self, *, backward: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(30))
        self.backward = backward
        Slow.waits = 0

    def _wait(self, *_: Tensor) -> None:
        Slow.waits += 1  # on the class: what is measured is a copy
        time.sleep(0.1)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x).tanh()
            if self.backward and x.requires_grad:
                x.register_hook(self._wait)
            else:
                self._wait()
        return x


@pytest.mark.parametrize("backward", [False, True])
def test_the_time_is_kept_within_a_seed(backward: bool) -> None:
    """A signal that takes longer than it may is given up in the middle of its first seed, with a word on why."""
    slow = Slow(backward=backward)
    report = measure(slow, torch.randn(4, 8), seeds=1, seconds=0.3)

    assert report.problem == "the signal could not be followed to the end in the time set for it"
    assert 0 < slow.waits < len(slow.layers)


class Careless(nn.Module):
    """Turns the gradients off for a part that never ends."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            while True:
                x = x + 1


def test_gradients_come_back() -> None:
    """The time may be up inside a block of the model's that turned them off."""
    found = measure(Careless(), torch.ones(2, 4), seconds=0.05)

    assert (True, True) == (torch.is_grad_enabled(), found.problem is not None)
