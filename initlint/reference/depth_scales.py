"""How far two inputs, and a gradient, can be told apart: correlations, depth scales, the edge of chaos.

Poole et al. 2016 (arXiv:1606.05340), Schoenholz et al. 2017 (arXiv:1611.01232); notation of `signal`, and c is the
correlation of two inputs' pre-activations. Depths count layers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from initlint.reference.activations import Curve
from initlint.reference.correlation import pair_moment
from initlint.reference.signal import chi, curve_of, fixed_length, length_map

TRAINABLE_SCALES = 6
"""Networks train to about six correlation depth scales (Schoenholz et al. 2017, fig. 5)."""

_CLOSE = 1e-12


def correlation_map(
    activation: str | Curve, c: float, q: float, weight_variance: float, bias_variance: float = 0.0
) -> float:
    """c' = (sigma_w^2 E[f(u1) f(u2)] + sigma_b^2)/q at the fixed length q, corr(u1, u2) = c (Poole et al., eq. 5)."""
    curve = curve_of(activation)
    return (weight_variance * pair_moment(curve.f, q, c, curve.breaks) + bias_variance) / q


def correlation_slope(activation: str | Curve, c: float, q: float, weight_variance: float) -> float:
    """dc'/dc = sigma_w^2 E[f'(u1) f'(u2)]; chi_1 at c = 1 (Schoenholz et al. 2017, eq. 8)."""
    curve = curve_of(activation)
    return weight_variance * pair_moment(curve.derivative, q, c, curve.breaks)


def fixed_correlation(activation: str | Curve, q: float, weight_variance: float, bias_variance: float = 0.0) -> float:
    """c*, where the correlation map stays put: 1 in the ordered phase, below 1 in the chaotic one."""
    if chi(activation, q, weight_variance) <= 1 + _CLOSE:
        return 1.0
    low, high = 0.0, 1 - 1e-6
    for _ in range(60):  # the map crosses the diagonal once below 1 in the chaotic phase
        middle = (low + high) / 2
        if correlation_map(activation, middle, q, weight_variance, bias_variance) > middle:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@dataclass(frozen=True, slots=True)
class Depths:
    """How far a signal reaches, in layers. Infinite on the edge of chaos."""

    length: float
    chi: float
    correlation: float
    correlation_depth: float
    gradient_depth: float

    @property
    def trainable(self) -> float:
        """6 xi_c: about the depth that can be trained (Schoenholz et al. 2017)."""
        return TRAINABLE_SCALES * self.correlation_depth


def depth_scales(activation: str | Curve, weight_variance: float, bias_variance: float = 0.0) -> Depths:
    """q*, chi_1, c*, xi_c = -1/ln(dc'/dc at c*) and xi_grad = -1/ln(chi_1) (Schoenholz et al. 2017, eqs. 9 and 16).

    A negative xi_grad is the depth in which gradients explode by e. Raises ValueError if there is no length q*.
    """
    q = fixed_length(activation, weight_variance, bias_variance)
    if not 0 < q < math.inf:
        raise ValueError(f"the signal has no fixed length: it goes to {q:g}")
    factor = chi(activation, q, weight_variance)
    correlation = fixed_correlation(activation, q, weight_variance, bias_variance)
    slope = correlation_slope(activation, correlation, q, weight_variance)
    return Depths(q, factor, correlation, _scale(slope), _scale(factor))


def edge_at_length(activation: str | Curve, q: float) -> tuple[float, float]:
    """(sigma_w^2, sigma_b^2) on the edge of chaos whose fixed length is q: chi_1 = 1 and q' = q solved for both."""
    weight_variance = 1 / chi(activation, q, 1.0)
    return weight_variance, q - length_map(activation, q, weight_variance)


def edge_of_chaos(activation: str | Curve, bias_variance: float, low: float = 1e-6, high: float = 1e3) -> float:
    """sigma_w^2 of the edge of chaos at a given sigma_b^2 > 0, by bisection over its fixed length.

    Raises ValueError where no length in [low, high] has that bias variance. Piecewise linear activations meet the
    edge at sigma_b^2 = 0 only: (2, 0) for ReLU.
    """
    if not edge_at_length(activation, low)[1] < bias_variance < edge_at_length(activation, high)[1]:
        raise ValueError(f"no edge of chaos at bias variance {bias_variance:g} for lengths in [{low:g}, {high:g}]")
    for _ in range(200):
        middle = math.sqrt(low * high)
        if edge_at_length(activation, middle)[1] < bias_variance:
            low = middle
        else:
            high = middle
    return edge_at_length(activation, math.sqrt(low * high))[0]


def _scale(slope: float) -> float:
    if slope <= 0:
        return 0.0
    logarithm = math.log(slope)
    return math.inf if abs(logarithm) < 1e-12 else -1 / logarithm
