"""Correlated moments: Mehler's series against closed forms and two-dimensional quadrature."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from initlint.reference.activations import CURVES
from initlint.reference.correlation import pair_moment, relu_correlation


@pytest.mark.parametrize(
    ("steps", "correlation"), [(1, 0.3183), (2, 0.4937), (5, 0.7359), (10, 0.8715), (20, 0.9484), (30, 0.9720)]
)
def test_relu_layers_align_all_inputs(steps: int, correlation: float) -> None:
    """From c = 0, ReLU layers at He's variance: .3183 after one, .9720 after thirty."""
    c = 0.0
    for _ in range(steps):
        c = relu_correlation(c)

    assert c == pytest.approx(correlation, abs=5e-5)


@pytest.mark.parametrize("c", [-1.0, -0.6, 0.0, 0.3, 0.9, 0.999, 1.0])
@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
def test_series_meets_the_closed_form(c: float, slope: float) -> None:
    """For leaky ReLU the series gives the arccos kernel, near c = 1 within the error it states."""

    def leaky(x: float) -> float:
        return x if x > 0 else slope * x

    expected = relu_correlation(c, slope) * (1 + slope**2) / 2

    assert pair_moment(leaky, 1.0, c) == pytest.approx(expected, abs=1e-9 if abs(c) < 0.95 else 1e-4)


@pytest.mark.parametrize("c", [-0.5, 0.2, 0.7, 0.95])
@pytest.mark.parametrize("name", ["tanh", "gelu", "hardtanh"])
def test_series_meets_double_integration(name: str, c: float) -> None:
    """E[f(u1) f(u2)] at q = 2 is what a double quadrature split at the kinks finds."""
    curve, width, rest = CURVES[name], math.sqrt(2.0), math.sqrt(1 - c * c)
    total = 0.0
    for x, outer in panels([edge / width for edge in curve.breaks]):
        inner = panels([(edge / width - c * x) / rest for edge in curve.breaks])
        total += outer * curve.f(width * x) * sum(weight * curve.f(width * (c * x + rest * y)) for y, weight in inner)

    assert pair_moment(curve.f, 2.0, c, curve.breaks) == pytest.approx(total, abs=1e-9 if name != "hardtanh" else 3e-6)


def panels(kinks: list[float]) -> list[tuple[float, float]]:
    """(z, weight) pairs of a Gaussian rule from numpy's nodes, split at the kinks."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    edges = sorted({-8.0, -4.0, -2.0, 0.0, 2.0, 4.0, 8.0, *(kink for kink in kinks if abs(kink) < 8)})
    pairs: list[tuple[float, float]] = []
    for low, high in pairwise(edges):
        z = (low + high) / 2 + (high - low) / 2 * nodes
        pairs += zip(z, weights * (high - low) / 2 * np.exp(-z * z / 2) / math.sqrt(2 * math.pi), strict=True)
    return pairs
