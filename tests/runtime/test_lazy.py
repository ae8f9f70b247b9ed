"""Models whose shapes come with the first input."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from initlint.runtime.check import check_model
from tests.runtime.targets import initlint as command

pytestmark = pytest.mark.torch


class Lazy(nn.Module):
    """Its shapes come with the first input."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.fc = nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d(), nn.LazyLinear(10)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc(torch.relu(self.norm(self.conv(x))).flatten(1))
        return out


def test_lazy_without_an_input() -> None:
    """A note says what is missing and how to give it; nothing is guessed, and the model is not touched."""
    model = Lazy()
    report = check_model(model)
    names = "conv.weight, conv.bias, norm.weight, norm.bias"

    assert (f"6 parameters have no shape before the first forward ({names})" in report.model.notes[0]) is bool(report)
    assert model.fc.has_uninitialized_params()


class LazyConv(nn.Sequential):
    """Without the norm, whose buffers torch cannot copy."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.flat, self.fc = nn.LazyConv2d(8, 3), nn.Flatten(), nn.LazyLinear(10)


def test_lazy_and_live_without_a_copy() -> None:
    """A live model that cannot be copied is left alone, with a note."""
    model = Lazy()
    report = check_model(model, input_shape=(4, 3, 8, 8))

    assert "not measured: it cannot be copied before its first forward (ValueError)" in report.model.notes
    assert model.fc.has_uninitialized_params()


@pytest.mark.parametrize("build", [Lazy, LazyConv, LazyConv()])
def test_lazy_with_an_input(build: Any) -> None:
    """With one, its weights are measured as those of any other model."""
    report = check_model(build, input_shape=(4, 3, 8, 8))

    assert ((8, 3, 3, 3), (10, 288)) == tuple(report.parameters[f"{name}.weight"].shape for name in ("conv", "fc"))
    assert (True, None) == (bool(report), (report.model.propagation or {})["problem"])
    assert report.parameters["fc.weight"].default


def test_lazy_experiment(tmp_path: Any) -> None:
    """Training needs the shapes as well."""
    (tmp_path / "net.py").write_text("from torch import nn\n\n\ndef Net():\n    return nn.LazyLinear(3)\n")
    options = ("net.py:Net", "--seeds", "1", "--steps", "2", "--scheme", "zeros")
    without = command("experiment", *options, cwd=tmp_path)

    assert (2, True) == (without.returncode, "give --input-shape or --input" in without.stderr), without.stderr
    assert 0 == command("experiment", *options, "--input-shape", "8,5", cwd=tmp_path).returncode
