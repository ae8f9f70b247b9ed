"""The quadrature, against moments known exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from initlint.reference.quadrature import expectation, gaussian_rule, legendre


@pytest.mark.parametrize("count", [1, 2, 5, 16, 33])
def test_legendre_nodes(count: int) -> None:
    """Nodes and weights are numpy's."""
    nodes, weights = np.polynomial.legendre.leggauss(count)

    assert [node for node, _ in sorted(legendre(count))] == pytest.approx(nodes.tolist(), abs=1e-14)
    assert [weight for _, weight in sorted(legendre(count))] == pytest.approx(weights.tolist(), abs=1e-14)


@pytest.mark.parametrize(("power", "moment"), [(0, 1), (1, 0), (2, 1), (4, 3), (8, 105), (12, 10395)])
def test_moments_of_the_normal(power: int, moment: int) -> None:
    """E[z^2k] = (2k - 1)!!"""
    assert expectation(lambda z: z**power) == pytest.approx(moment, rel=1e-13, abs=1e-14)


def test_kinks_on_the_grid_are_exact() -> None:
    """E|z - 1| is met to the last digits, its kink being a panel's end."""
    density, above = math.exp(-0.5) / math.sqrt(2 * math.pi), math.erfc(1 / math.sqrt(2)) / 2

    assert expectation(lambda z: abs(z - 1)) == pytest.approx(2 * density + 1 - 2 * above, rel=1e-14)


def test_breaks_outside_the_reach_are_ignored() -> None:
    """A kink forty sigmas out adds no panel."""
    assert gaussian_rule((40.0,)) == gaussian_rule()
