"""Signal propagation through deep layers of infinite width: the length of a signal and of its gradient.

The mean-field theory of Poole et al. 2016 (arXiv:1606.05340) and Schoenholz et al. 2017 (arXiv:1611.01232).
`weight_variance` is sigma_w^2 = fan * Var W, `bias_variance` sigma_b^2; q is the second moment of a pre-activation,
in squared units of the signal; all else is dimensionless. `depth_scales` adds what becomes of correlations.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from initlint.reference.activations import CURVES, Curve
from initlint.reference.quadrature import gaussian_rule

_STEPS = 1000
_HUGE = 1e10  # squared units; far above it the bias is lost in rounding and q seems to stand still
_NOTHING = 1e-12
_CLOSE = 1e-13
TORCH_DEFAULT_VARIANCE = 1 / 3
"""fan_in Var W of torch's default init, kaiming_uniform_(a=sqrt(5)) (Glorot and Bengio 2010, eq. 15)."""


def curve_of(activation: str | Curve) -> Curve:
    """The curve of a canonical activation name; a Curve passes through."""
    return activation if isinstance(activation, Curve) else CURVES[activation]


def length_map(activation: str | Curve, q: float, weight_variance: float, bias_variance: float = 0.0) -> float:
    """q' = sigma_w^2 E[f(sqrt(q) z)^2] + sigma_b^2 (Poole et al. 2016, eq. 3)."""
    curve = curve_of(activation)
    return weight_variance * _moment(lambda u: curve.f(u) ** 2, q, curve.breaks) + bias_variance


def length_slope(activation: str | Curve, q: float, weight_variance: float) -> float:
    """dq'/dq = sigma_w^2 E[f(u) f'(u) u]/q, u = sqrt(q) z: below 1 the fixed point attracts."""
    curve = curve_of(activation)
    return weight_variance * _moment(lambda u: u * curve.f(u) * curve.derivative(u), q, curve.breaks) / q


def chi(activation: str | Curve, q: float, weight_variance: float) -> float:
    """chi_1 = sigma_w^2 E[f'(sqrt(q) z)^2] (Poole et al. 2016, eq. 6): the factor on squared gradients, a layer.

    Below 1 order (gradients vanish), above 1 chaos (they explode), 1 the edge.
    """
    curve = curve_of(activation)
    return weight_variance * _moment(lambda u: curve.derivative(u) ** 2, q, curve.breaks)


def fixed_length(
    activation: str | Curve, weight_variance: float, bias_variance: float = 0.0, start: float = 1.0
) -> float:
    """q*, where the length map stays put, searched from `start`; 0 or inf where the signal dies or blows up."""
    q = start
    for _ in range(_STEPS):
        following = length_map(activation, q, weight_variance, bias_variance)
        if not following < _HUGE:
            return math.inf
        if following < _NOTHING and not bias_variance:
            return 0.0
        if abs(following - q) <= _CLOSE * q:
            break
        q = _nearer(q, following, length_slope(activation, q, weight_variance))
    return q


def _nearer(q: float, following: float, slope: float) -> float:
    """Newton's step on q' - q where the map attracts; else a leap the way the signal goes, for plain steps crawl."""
    if slope < 1:
        leap = q - (following - q) / (slope - 1)
        return leap if leap > 0 else following
    return 2 * following if following > q else following / 2


def propagate(
    activation: str | Curve, weight_variance: float, depth: int, *, bias_variance: float = 0.0, q: float = 1.0
) -> tuple[float, ...]:
    """The second moments q_1 ... q_depth of the pre-activations after each layer, from q before the first."""
    lengths = []
    for _ in range(depth):
        q = length_map(activation, q, weight_variance, bias_variance) if q > 0 else bias_variance
        lengths.append(q)
    return tuple(lengths)


def std_factor(
    activation: str | Curve, weight_variance: float, depth: int = 1, *, bias_variance: float = 0.0, q: float = 1.0
) -> float:
    """What `depth` layers make of the signal's root mean square, as a factor.

    ReLU at torch's default (weight_variance 1/3): sqrt(1/6) = 0.41 a layer, 1.6e-8 after 20.
    """
    lengths = propagate(activation, weight_variance, depth, bias_variance=bias_variance, q=q)
    return math.sqrt(lengths[-1] / q) if lengths else 1.0


def log2_change(
    activation: str | Curve,
    weight_variance: float,
    *,
    q: float = 1.0,
    bias_variance: float = 0.0,
    backward_variance: float | None = None,
) -> tuple[float, float]:
    """(forward, backward): log2 of the factor on the second moment that one layer applies at length q.

    Forward log2(q'/q) with weight_variance = fan_in Var W, backward log2(chi_1) with backward_variance = fan_out
    Var W (the same, for a square layer). ReLU: He 0, Xavier -1, torch's default -log2(6), on a square layer.
    """
    backward = weight_variance if backward_variance is None else backward_variance
    return (
        _log2(length_map(activation, q, weight_variance, bias_variance) / q),
        _log2(chi(activation, q, backward)),
    )


def _log2(factor: float) -> float:
    return math.log2(factor) if factor > 0 else -math.inf


def _moment(function: Callable[[float], float], q: float, breaks: tuple[float, ...]) -> float:
    """E[function(sqrt(q) z)]. The panels follow the function's kinks into z."""
    width = math.sqrt(q)
    rule = gaussian_rule(tuple(edge / width for edge in breaks)) if breaks else gaussian_rule()
    return math.fsum(weight * function(width * z) for z, weight in rule)
