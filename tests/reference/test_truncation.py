"""Truncated normal moments against scipy, in the middle and far out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from initlint.reference.truncation import TWO_SIGMA_STD, truncated_normal_moments, uniform_moments


@pytest.mark.parametrize(("cut", "std"), [(1, 0.539560), (2, 0.879626), (3, 0.986578)])
def test_symmetric_cuts(cut: float, std: float) -> None:
    """N(0, 1) cut at 1, 2, 3 sigmas."""
    mean, spread = truncated_normal_moments(0.0, 1.0, -cut, cut)

    assert mean == pytest.approx(0, abs=1e-15)
    assert spread == pytest.approx(std, abs=5e-7)


def test_the_constant_of_keras_and_jax() -> None:
    """TWO_SIGMA_STD is the std of N(0, 1) cut at two sigmas, to the last digit."""
    assert truncated_normal_moments(0.0, 1.0, -2.0, 2.0)[1] == pytest.approx(TWO_SIGMA_STD, rel=1e-14)


@given(st.floats(-8, 8), st.floats(0.05, 16))
def test_any_cut(low: float, width: float) -> None:
    """Moments agree with numerical integration, one-sided and lopsided cuts included."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    x = low + width * (nodes + 1) / 2
    nearest = min(max(0.0, low), low + width)
    mass = weights * np.exp((nearest**2 - x**2) / 2)
    mean = float((mass * x).sum() / mass.sum())
    std = float(((mass * (x - mean) ** 2).sum() / mass.sum()) ** 0.5)

    assert truncated_normal_moments(0.0, 1.0, low, low + width) == pytest.approx((mean, std), rel=1e-6, abs=1e-8)


def test_shift_and_scale() -> None:
    """Mean and std of the uncut normal move and stretch the result."""
    mean, std = truncated_normal_moments(0.0, 1.0, -1.0, 2.5)

    assert truncated_normal_moments(3.0, 0.1, 2.9, 3.25) == pytest.approx((3 + 0.1 * mean, 0.1 * std))


def test_absolute_bounds_far_outside_cut_nothing() -> None:
    """std 0.02 with torch's default bounds of +-2 is no truncation at all."""
    assert truncated_normal_moments(0.0, 0.02, -2.0, 2.0) == (0.0, 0.02)


@pytest.mark.parametrize(("low", "high"), [(50.0, math.inf), (50.0, 50.1), (40.0, 60.0), (-60.0, -40.0)])
def test_far_tails(low: float, high: float) -> None:
    """Beyond where erfc underflows, the tail is an exponential: still finite, still inside."""
    mean, std = truncated_normal_moments(0.0, 1.0, low, high)

    def weight(x: float) -> float:
        near = min(abs(low), abs(high))
        return math.exp(-(x * x - near * near) / 2)

    ends = (low, min(high, low + 20))
    mass = integrate.quad(weight, *ends, points=[low, high] if math.isfinite(high) else None, limit=200)[0]
    centre = integrate.quad(lambda x: x * weight(x), *ends, limit=200)[0] / mass

    assert low <= mean <= high
    assert mean == pytest.approx(centre, rel=1e-4)
    assert 0 < std < 0.05


def test_degenerate_normal_sits_on_its_mean_or_the_nearest_bound() -> None:
    """std 0 is a constant, moved inside the bounds."""
    assert truncated_normal_moments(5.0, 0.0, -2.0, 2.0) == (2.0, 0.0)


def test_a_narrow_cut_is_uniform() -> None:
    """An interval much narrower than a sigma leaves a uniform."""
    assert truncated_normal_moments(0.0, 1.0, 0.3, 0.3001) == pytest.approx(uniform_moments(0.3, 0.3001))
    assert truncated_normal_moments(0.0, 1.0, 40.0, 40.0 + 1e-9) == pytest.approx(uniform_moments(40.0, 40.0 + 1e-9))


def test_bounds_out_of_order_are_refused() -> None:
    """An empty interval is an error that names it."""
    with pytest.raises(ValueError, match=r"\[2, 1\]"):
        truncated_normal_moments(0, 1, 2, 1)


def test_uniform_moments() -> None:
    """U(-1, 3): mean 1, std 4/sqrt(12)."""
    assert uniform_moments(-1, 3) == (1, pytest.approx(4 / math.sqrt(12)))
