"""Length maps and their predictions, against algebra, published numbers and finite networks."""

from __future__ import annotations

import math

import pytest
import torch

from initlint.reference.gains import GAINS
from initlint.reference.signal import (
    TORCH_DEFAULT_VARIANCE,
    chi,
    fixed_length,
    length_map,
    length_slope,
    log2_change,
    propagate,
    std_factor,
)

WIDTH = 512


@pytest.mark.parametrize(
    ("variance", "change"),
    [(2, 0.0), (1, -1.0), (TORCH_DEFAULT_VARIANCE, -2.585), (WIDTH * 1e-4, -5.288), (WIDTH * 4e-4, -3.288)],
)
def test_relu_layers_change_the_second_moment(variance: float, change: float) -> None:
    """He keeps it, Xavier halves it, torch's default divides it by six, N(0, .01) by 39; backward the same."""
    assert log2_change("relu", variance) == pytest.approx((change, change), abs=5e-4)


def test_torch_default_through_relu() -> None:
    """0.41 of the std a layer, 1.6e-8 after twenty."""
    assert std_factor("relu", TORCH_DEFAULT_VARIANCE) == pytest.approx(0.41, abs=0.002)
    assert std_factor("relu", TORCH_DEFAULT_VARIANCE, 20) == pytest.approx(1.65e-8, rel=0.01)
    assert std_factor("relu", TORCH_DEFAULT_VARIANCE, 0) == 1


def test_xavier_through_relu_shrinks_by_depth() -> None:
    """Amplitude 2^(-L/2): 4.9e-4 at 22 layers, 3.1e-5 at 30 (He et al. 2015, figs. 2 and 3)."""
    assert std_factor("relu", 1, 22) == pytest.approx(4.9e-4, rel=0.01)
    assert std_factor("relu", 1, 30) == pytest.approx(3.05e-5, rel=0.01)


@pytest.mark.torch
@pytest.mark.parametrize("variance", [2, 1, TORCH_DEFAULT_VARIANCE, WIDTH * 1e-4])
def test_prediction_holds_in_a_network_of_512_units(variance: float) -> None:
    """Thirty ReLU layers in float64, three seeds: the measured log2 change a layer is the predicted one within .06."""
    changes = []
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        x = torch.randn(128, WIDTH, dtype=torch.float64, generator=generator)
        lengths = []
        for _ in range(31):
            weight = torch.randn(WIDTH, WIDTH, dtype=torch.float64, generator=generator) * (variance / WIDTH) ** 0.5
            pre = x @ weight.T
            lengths.append(pre.square().mean().item())
            x = pre.relu()
        changes.append(math.log2(lengths[-1] / lengths[0]) / 30)

    assert sum(changes) / 3 == pytest.approx(log2_change("relu", variance)[0], abs=0.06)


@pytest.mark.parametrize("name", ["elu", "gelu", "tanh", "softsign", "hardtanh", "silu"])
def test_the_forward_gain_has_its_fixed_point_at_one(name: str) -> None:
    """With variance g_f^2 the length 1 maps to 1, with the slope of the table, and chi is (g_f/g_b)^2."""
    gain = GAINS[name]
    variance = gain.forward**2

    assert length_map(name, 1.0, variance) == pytest.approx(1)
    assert length_slope(name, 1.0, variance) == pytest.approx(gain.slope)
    assert chi(name, 1.0, variance) == pytest.approx((gain.forward / gain.backward) ** 2)  # type: ignore[operator]


@pytest.mark.parametrize("name", ["tanh", "gelu", "hardtanh", "hardswish"])
@pytest.mark.parametrize("q", [0.3, 2.7])
def test_length_slope_is_the_derivative(name: str, q: float) -> None:
    """The closed form agrees with a difference quotient."""
    step = 1e-4
    quotient = (length_map(name, q + step, 1.5) - length_map(name, q - step, 1.5)) / (2 * step)

    assert length_slope(name, q, 1.5) == pytest.approx(quotient, rel=1e-6)


def test_selu_draws_every_length_to_one() -> None:
    """LeCun variance: q = 3 and q = .2 both go to 1."""
    assert (fixed_length("selu", 1, start=3), fixed_length("selu", 1, start=0.2)) == pytest.approx((1, 1))


@pytest.mark.parametrize(
    ("name", "weight", "bias", "length"),
    [("relu", 1, 0.1, 0.2), ("relu", 2, 0, 1), ("relu", 1, 0, 0), ("relu", 3, 0, math.inf), ("gelu", 2, 0, 0),
     ("relu", 2, 0.05, math.inf), ("tanh", 1, 0, 0), ("identity", 1.5, 0.1, math.inf), ("silu", 2.6, 0, 0),
     ("tanh", 1.760955, 0.05, 0.57005)],
)  # fmt: skip
def test_fixed_lengths(name: str, weight: float, bias: float, length: float) -> None:
    """q* where there is one, 0 where the signal dies, infinity where it blows up."""
    assert fixed_length(name, weight, bias) == pytest.approx(length, rel=1e-4)


def test_propagate_starts_from_the_length_given() -> None:
    """Each entry is the length after one more layer; from nothing only the bias speaks."""
    assert propagate("identity", 0.5, 3, q=8.0) == pytest.approx((4, 2, 1))
    assert propagate("relu", 2, 2, q=0.0, bias_variance=0.25) == pytest.approx((0.25, 0.5))


def test_forward_and_backward_fans_differ() -> None:
    """A layer of 100 inputs and 400 outputs at He fan_in: forward kept, backward times four."""
    assert log2_change("relu", 2, backward_variance=8) == pytest.approx((0, 2))
    assert log2_change("relu", 0) == (-math.inf, -math.inf)


def test_vgg_gradient_at_a_fixed_std() -> None:
    """std .01 in a VGG net: conv10's gradient is 1.7e4 times smaller at conv2 (He et al. 2015, sec. 2.2)."""
    steps = {64: 1, 128: 2, 256: 2, 512: 4}  # 3x3 layers from conv2 on, by output channels
    factors = {width: 10 ** -(log2_change("relu", 9 * width * 1e-4)[1] * math.log10(2) / 2) for width in steps}

    assert [round(factor, 1) for factor in factors.values()] == [5.9, 4.2, 2.9, 2.1]
    assert math.prod(factors[width] ** count for width, count in steps.items()) == pytest.approx(1.673e4, rel=1e-3)
