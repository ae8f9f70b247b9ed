"""What calls of torch.nn.init draw, against torch.nn.init itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from initlint.describe.symbols import Sym
from initlint.reference.moments import Moments, moments, variance_scaling
from initlint.reference.quantity import UNKNOWN

pytestmark = pytest.mark.torch

CALLS: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("zeros", {}, (40, 30)),
    ("ones", {}, (40, 30)),
    ("constant", {"val": 0.3}, (40, 30)),
    ("uniform", {}, (400, 300)),
    ("uniform", {"a": -0.1, "b": 0.3}, (400, 300)),
    ("normal", {}, (400, 300)),
    ("normal", {"mean": 0.02}, (400, 300)),
    ("trunc_normal", {"std": 0.02}, (400, 300)),
    ("trunc_normal", {"mean": 0.02}, (400, 300)),
    ("trunc_normal", {"std": 0.5, "a": -0.2, "b": 1.0}, (400, 300)),
    ("xavier_uniform", {}, (400, 300)),
    ("xavier_uniform", {"gain": 5 / 3}, (40, 30, 3, 3)),
    ("xavier_normal", {"gain": 0.5}, (400, 300)),
    ("kaiming_uniform", {}, (400, 300)),
    ("kaiming_uniform", {"a": 5**0.5}, (40, 30, 3, 3)),
    ("kaiming_uniform", {"a": 0.2, "nonlinearity": "relu", "mode": "fan_out"}, (40, 30, 3, 3)),
    ("kaiming_normal", {"nonlinearity": "tanh"}, (400, 300)),
    ("kaiming_normal", {"nonlinearity": "selu"}, (400, 300)),
    ("kaiming_normal", {"nonlinearity": "linear", "mode": "fan_out"}, (400, 300)),
    ("orthogonal", {}, (200, 300)),
    ("orthogonal", {"gain": 2**0.5}, (60, 20, 3, 3)),
    ("eye", {}, (20, 30)),
    ("dirac", {}, (16, 8, 3, 3)),
    ("dirac", {"groups": 2}, (16, 8, 3)),
    ("sparse", {"sparsity": 0.1, "std": 0.5}, (405, 300)),
    ("sparse", {"sparsity": 0.34}, (400, 300)),
]  # fmt: skip


@pytest.mark.parametrize(("scheme", "arguments", "shape"), CALLS)
def test_moments_are_those_of_torch(scheme: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    """Mean, std and bounds of what the function of that name draws, within five standard errors."""
    torch.manual_seed(1)
    drawn = getattr(nn.init, f"{scheme}_")(torch.empty(shape, dtype=torch.float64), **arguments)
    expected = moments(scheme, arguments, shape)
    tolerance = 5 * expected.std / drawn.numel() ** 0.5 + 1e-12  # type: ignore[operator]

    assert drawn.mean().item() == pytest.approx(expected.mean, abs=tolerance)
    assert drawn.std(correction=0).item() == pytest.approx(expected.std, abs=tolerance)
    if expected.low is not None:
        assert drawn.min().item() >= expected.low
        assert drawn.max().item() <= expected.high


@pytest.mark.parametrize("distribution", ["uniform", "normal", "untruncated_normal", "truncated_normal"])
def test_variance_scaling_has_the_std_asked_for(distribution: str) -> None:
    """Whatever its distribution, Keras' variance scaling draws with std sqrt(scale/n)."""
    drawn = variance_scaling(2.0, "fan_in", distribution, 100, 50)

    assert drawn.std == pytest.approx(0.02**0.5)
    if distribution == "uniform":
        assert drawn.high == pytest.approx(0.06**0.5)
    if distribution == "truncated_normal":
        sigma = drawn.high / 2  # type: ignore[operator]
        cut = moments("trunc_normal", {"std": sigma, "a": drawn.low, "b": drawn.high})
        assert cut.std == pytest.approx(drawn.std, rel=1e-12)


def test_variance_scaling_by_name() -> None:
    """The scheme's name leads to the same, with Keras' defaults; an unknown distribution is unknown."""
    by_name = moments("variance_scaling", {"scale": 2.0, "distribution": "normal"}, (50, 100))

    assert variance_scaling(2.0, "fan_in", "normal", 100, 50) == by_name
    assert moments("variance_scaling", {"distribution": "cauchy"}, (50, 100)) == Moments()
    assert moments("variance_scaling", {"mode": "fan_max"}, (50, 100)) == Moments()


def test_lecun_has_variance_one_over_fan_in() -> None:
    """timm's lecun_normal_ and the uniform form: std 1/sqrt(fan_in)."""
    assert moments("lecun_normal", {}, (50, 100)).std == pytest.approx(0.1)
    assert moments("lecun_uniform", {}, (50, 100)).high == pytest.approx(0.03**0.5)


@pytest.mark.parametrize(
    ("scheme", "arguments", "shape"),
    [
        ("normal", {"std": UNKNOWN}, (3, 4)),
        ("uniform", {"a": None}, (3, 4)),
        ("trunc_normal", {"std": None}, (3, 4)),
        ("kaiming_normal", {"mode": "fan_avg"}, (3, 4)),
        ("kaiming_normal", {"nonlinearity": "gelu"}, (3, 4)),
        ("kaiming_normal", {"a": None}, (3, 4)),
        ("kaiming_normal", {}, (3, None)),
        ("kaiming_normal", {}, None),
        ("xavier_uniform", {"gain": UNKNOWN}, (3, 4)),
        ("xavier_uniform", {}, (3,)),
        ("orthogonal", {}, (3,)),
        ("eye", {}, (3, 4, 5)),
        ("dirac", {}, (3, 4)),
        ("dirac", {}, (3, None, 3)),
        ("sparse", {}, (3, 4)),
        ("copy", {}, (3, 4)),
        ("nonsense", {}, (3, 4)),
    ],
)
def test_the_unknown_stays_unknown(scheme: str, arguments: dict[str, Any], shape: Any) -> None:
    """A call whose std cannot be told, or that torch would refuse, has no std."""
    assert moments(scheme, arguments, shape).std is None


def test_truncation_with_symbols() -> None:
    """Bounds in multiples of a symbolic std cut it exactly; plain numbers leave it whole."""
    width = Sym.atom("width")
    std = 1 / width**0.5
    cut = moments("trunc_normal", {"std": std, "a": -2 * std, "b": 2 * std})
    whole = moments("trunc_normal", {"std": std})
    unclear = moments("trunc_normal", {"std": std, "a": -2 / width, "b": 2})

    assert (cut.std / std) == pytest.approx(0.87962566103423978)
    assert whole.std == std
    assert unclear.std is None
    assert moments("trunc_normal", {"std": 0.0}).std == 0
