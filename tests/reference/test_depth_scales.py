"""Depth scales and the edge of chaos, against the numbers of the papers."""

from __future__ import annotations

import math

import pytest

from initlint.reference.activations import Curve
from initlint.reference.depth_scales import (
    TRAINABLE_SCALES,
    correlation_map,
    correlation_slope,
    depth_scales,
    edge_at_length,
    edge_of_chaos,
    fixed_correlation,
)
from initlint.reference.signal import chi, fixed_length

ERF = Curve(math.erf, lambda x: 2 / math.sqrt(math.pi) * math.exp(-x * x))


@pytest.mark.parametrize(("bias", "weight"), [(0.05, 1.760955), (0.09, 1.947655), (0.04, 1.700796), (0.01, 1.424205)])
def test_tanh_edge_of_chaos(bias: float, weight: float) -> None:
    """sigma_w^2 = 1.760955 at sigma_b^2 = .05, and so on (Poole et al. 2016; Schoenholz et al. 2017)."""
    assert edge_of_chaos("tanh", bias) == pytest.approx(weight, abs=1e-6)


def test_on_the_edge_chi_is_one() -> None:
    """There the fixed length is .5700 and gradients neither grow nor shrink."""
    weight = edge_of_chaos("tanh", 0.05)
    length = fixed_length("tanh", weight, 0.05)

    assert length == pytest.approx(0.5700, abs=1e-4)
    assert chi("tanh", length, weight) == pytest.approx(1, abs=1e-9)


def test_tanh_edge_at_unit_length() -> None:
    """q* = 1 asks for (2.153303, .150965)."""
    assert edge_at_length("tanh", 1.0) == pytest.approx((2.153303, 0.150965), abs=1e-6)


def test_very_deep_tanh_convolutions() -> None:
    """sigma_w^2 = 1.05 meets the edge at sigma_b^2 = 2.01e-5, q* = .02592 (Xiao et al. 2018)."""
    weight, bias = edge_at_length("tanh", 0.02592095)

    assert weight == pytest.approx(1.05, abs=1e-7)
    assert bias == pytest.approx(2.0105e-5, rel=1e-4)
    assert edge_of_chaos("tanh", bias) == pytest.approx(weight)


@pytest.mark.parametrize(
    ("name", "weight", "length"), [("elu", 1.22925, 1.107), ("gelu", 1.54701, 0.576), ("silu", 1.67953, 0.690)]
)
def test_edges_of_smooth_rectifiers(name: str, weight: float, length: float) -> None:
    """At sigma_b = .2: sigma_w and q*."""
    variance = edge_of_chaos(name, 0.04)

    assert variance**0.5 == pytest.approx(weight, abs=5e-6)
    assert edge_at_length(name, length)[0] == pytest.approx(variance, abs=2e-3)


@pytest.mark.parametrize(("bias", "weight"), [(1e-9, 0.7868), (0.0097, 1.1107), (0.1841, 1.7562)])
def test_edge_of_erf(bias: float, weight: float) -> None:
    """Any curve will do, not only those of the table."""
    assert edge_of_chaos(ERF, bias) == pytest.approx(weight, abs=2e-4)


@pytest.mark.parametrize(
    ("weight", "correlation_depth", "gradient_depth"),
    [(0.5, 1.19, 1.19), (1.0, 3.63, 3.63), (1.3, 7.83, 7.83), (1.5, 15.8, 15.8), (2.0, 25.2, -21.5),
     (2.5, 11.8, -7.98), (3.0, 9.05, -5.27), (4.0, 6.98, -3.40)],
)  # fmt: skip
def test_tanh_depth_scales(weight: float, correlation_depth: float, gradient_depth: float) -> None:
    """xi_c and xi_grad at sigma_b^2 = .05; in chaos the gradient's is negative: it explodes."""
    depths = depth_scales("tanh", weight, 0.05)

    assert depths.correlation_depth == pytest.approx(correlation_depth, rel=2e-3)
    assert depths.gradient_depth == pytest.approx(gradient_depth, rel=2e-3)
    assert depths.trainable == TRAINABLE_SCALES * depths.correlation_depth
    assert (depths.correlation < 1) == (weight > 1.77)


def test_chaos_decorrelates() -> None:
    """At sigma_w^2 = 2, sigma_b^2 = .05 inputs end at correlation .744, a fixed point that attracts."""
    length = fixed_length("tanh", 2.0, 0.05)
    fixed = fixed_correlation("tanh", length, 2.0, 0.05)

    assert fixed == pytest.approx(0.744, abs=5e-4)
    assert correlation_map("tanh", fixed, length, 2.0, 0.05) == pytest.approx(fixed, abs=1e-9)
    assert 0 < correlation_slope("tanh", fixed, length, 2.0) < 1


def test_equal_inputs_stay_equal() -> None:
    """c = 1 is always a fixed point, with slope chi_1."""
    length = fixed_length("tanh", 2.0, 0.05)

    assert correlation_map("tanh", 1.0, length, 2.0, 0.05) == pytest.approx(1, abs=1e-12)
    assert correlation_slope("tanh", 1.0, length, 2.0) == pytest.approx(chi("tanh", length, 2.0))


def test_on_the_relu_line_every_depth_is_infinite() -> None:
    """(sigma_w^2, sigma_b^2) = (2, 0): no scale of depth at all."""
    depths = depth_scales("relu", 2.0)

    assert (depths.chi, depths.correlation_depth, depths.gradient_depth) == (pytest.approx(1), math.inf, math.inf)


def test_no_length_no_scales() -> None:
    """A signal that dies or blows up has no depth scale; the error says where it goes."""
    with pytest.raises(ValueError, match="goes to 0"):
        depth_scales("relu", 1.0)
    with pytest.raises(ValueError, match="goes to inf"):
        depth_scales("relu", 3.0)


def test_no_edge_for_piecewise_linear_curves_with_a_bias() -> None:
    """ReLU meets the edge without a bias only."""
    with pytest.raises(ValueError, match="no edge of chaos"):
        edge_of_chaos("relu", 0.05)


def test_a_constant_curve_forgets_at_once() -> None:
    """A layer that passes no gradient has depth scale 0."""
    depths = depth_scales(Curve(lambda x: 1.0, lambda x: 0.0), 1.0)

    assert (depths.correlation_depth, depths.gradient_depth) == (0, 0)
