"""Exact gains of the activations, by quadrature, beside torch's own constants.

With z ~ N(0, 1): a layer of variance g^2/fan_in keeps E[x^2] forward when g = E[f(z)^2]^-1/2, and a layer of
variance g^2/fan_out keeps the gradient backward when g = E[f'(z)^2]^-1/2 (He et al. 2015, eqs. 10 and 14, for ReLU;
Poole et al. 2016, arXiv:1606.05340, eq. 3, for any f). Gains are dimensionless factors on the std.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from initlint.reference.activations import (
    CURVES,
    DEFAULT_SLOPES,
    GATED,
    RECTIFIERS,
    SATURATING,
    SMOOTH_RECTIFIERS,
    Curve,
    canonical_activation,
    celu,
    elu,
)
from initlint.reference.quadrature import expectation
from initlint.reference.torch_gains import TORCH_GAINS, TORCH_NONLINEARITIES, torch_gain, torch_gain_squared

__all__ = [
    "GAINS", "GATED", "RECTIFIERS", "SATURATING", "SMOOTH_RECTIFIERS", "TORCH_GAINS", "TORCH_NONLINEARITIES", "Gain",
    "canonical_activation", "exact_gain", "gain_of", "leaky_gain", "torch_gain", "torch_gain_squared",
    "torch_nonlinearity",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gain:
    """What an activation f does to a standard normal z.

    `mean` E[f], `second` E[f^2], `derivative_second` E[f'^2] (None for gates, which have two inputs), `covariance`
    E[z f f'], which is how fast E[f^2] grows with the variance of z.
    """

    activation: str
    mean: float
    second: float
    derivative_second: float | None
    covariance: float

    @property
    def forward(self) -> float:
        """g_f = E[f^2]^-1/2: the gain that keeps the second moment of the signal."""
        return 1 / math.sqrt(self.second)

    @property
    def backward(self) -> float | None:
        """g_b = E[f'^2]^-1/2: the gain that keeps the second moment of the gradient."""
        return None if self.derivative_second is None else 1 / math.sqrt(self.derivative_second)

    @property
    def slope(self) -> float:
        """dq'/dq of the length map at its fixed point q = 1 with gain g_f: E[z f f'] / E[f^2].

        Above 1 the fixed point repels: errors of q grow by this factor a layer, so the gain needs a normalisation or
        a residual path beside it (GELU 1.144, SiLU 1.173, Mish 1.076, Hardswish 1.224).
        """
        return self.covariance / self.second

    @property
    def variance_only(self) -> float:
        """Var[f]^-1/2: what recipes get that divide standard deviations and forget the mean."""
        return 1 / math.sqrt(self.second - self.mean**2)

    @property
    def stable(self) -> bool:
        """Whether the forward gain alone holds the signal: slope <= 1 (to rounding)."""
        return self.slope <= 1 + 1e-9


_ROWS = (
    Gain("identity", 0.0, 1.0, 1.0, 1.0),
    Gain("relu", 0.398942280401433, 0.5, 0.5, 0.5),
    Gain("leaky_relu", 0.394952857597418, 0.50005, 0.50005, 0.50005),
    Gain("prelu", 0.299206710301075, 0.53125, 0.53125, 0.53125),
    Gain("rrelu", 0.307518007809438, 0.528067129629630, 0.528067129629630, 0.528067129629630),
    Gain("relu6", 0.398942280245, 0.499999998075, 0.499999999013, 0.499999962558),
    Gain("elu", 0.160520572267, 0.644945417493, 0.668102001223, 0.574625710581),
    Gain("celu", 0.160520572267, 0.644945417493, 0.668102001223, 0.574625710581),
    Gain("selu", 0.0, 1.0, 1.07157499246, 0.782647883197),
    Gain("gelu", 0.282094791774, 0.42522148257, 0.455850865649, 0.486480248728),
    Gain("gelu_tanh", 0.282038588079, 0.425193711033, 0.455817845963, 0.486548426315),
    Gain("quick_gelu", 0.282330552813, 0.421952806897, 0.449549200479, 0.479532724856),
    Gain("silu", 0.206620964142, 0.355775519817, 0.379482351633, 0.417180259132),
    Gain("mish", 0.240403888375, 0.452342192376, 0.479083758374, 0.486873459932),
    Gain("softplus", 0.806059183347, 0.921245908859, 0.293379035858, 0.45330197248),
    Gain("hardswish", 0.166216700656, 0.331567375138, 0.358531517179, 0.405812028642),
    Gain("hardmish", 0.238624934026, 0.564298191544, 0.656615175301, 0.496297828925),
    Gain("hardtanh", 0.0, 0.516058550962, 0.682689492137, 0.198748043099),
    Gain("hardsigmoid", 0.5, 0.277639091057, 0.0277027834427, 0.0269641420407),
    Gain("tanh", 0.0, 0.394294490398, 0.464402902448, 0.18179768814),
    Gain("sigmoid", 0.5, 0.293379035858, 0.0448362413502, 0.0311982419796),
    Gain("softsign", 0.0, 0.183014021267, 0.227671340422, 0.0872448996608),
    Gain("tanhshrink", 0.0, 0.182883471194, 0.252991883244, 0.333982045217),
    Gain("sin", 0.0, 0.432332358382, 0.567667641618, 0.135335283237),
    Gain("relu_squared", 0.5, 1.5, 2.0, 3.0),
    Gain("log_sigmoid", -0.806059183347, 0.921245908859, 0.293379035858, 0.45330197248),
    Gain("hardshrink", 0.0, 0.969140404216, 0.617075077452, 0.969140404216),
    Gain("softshrink", 0.0, 0.419278520051, 0.617075077452, 0.617075077452),
    # gates: f(a, b) = a h(b), both N(0, 1), so E[f^2] = E[h^2], and growing both inputs adds 1 to the slope of h
    Gain("glu", 0.0, 0.293379035858, None, 0.3245772778376),
    Gain("swiglu", 0.0, 0.355775519817, None, 0.772955778949),
    Gain("geglu", 0.0, 0.42522148257, None, 0.911701731298),
)

GAINS: dict[str, Gain] = {row.activation: row for row in _ROWS}
"""Canonical activation at torch's default arguments -> its exact gain; a test integrates every row anew."""


def leaky_gain(slope: float, activation: str = "leaky_relu") -> Gain:
    """The gain of max(x, 0) + slope min(x, 0), exactly: E[f^2] = (1 + slope^2)/2 (He et al. 2015, eq. 15)."""
    half = (1 + slope**2) / 2
    return Gain(activation, (1 - slope) / math.sqrt(2 * math.pi), half, half, half)


def gain_of(activation: str, param: float | None = None) -> Gain | None:
    """The gain of a canonical activation, `param` being its slope (leaky_relu, prelu) or alpha (elu, celu).

    None for what has no gain: softmax and the unknown.
    """
    if param is not None and activation in DEFAULT_SLOPES and activation != "relu6":
        return leaky_gain(param, activation)
    if param is not None and activation in ("elu", "celu"):
        return _integrate(elu(param) if activation == "elu" else celu(param), activation)
    return GAINS.get(activation)


def exact_gain(
    f: Callable[[float], float], derivative: Callable[[float], float] | None = None, breaks: Iterable[float] = ()
) -> Gain:
    """The gain of any element-wise function of one number, integrated on the spot.

    `derivative` is taken by central differences where it is not given (error about 1e-9). Kinks and jumps at
    multiples of 0.5 are met exactly; others belong into `breaks`. Raises OverflowError if f grows too fast.
    """
    step = 1e-5

    def slope(x: float) -> float:
        return (f(x + step) - f(x - step)) / (2 * step)

    return _integrate(Curve(f, derivative or slope, tuple(breaks)), getattr(f, "__name__", "function"))


def _integrate(curve: Curve, name: str) -> Gain:
    f, slope = curve.f, curve.derivative
    return Gain(
        name,
        mean=expectation(f, curve.breaks),
        second=expectation(lambda z: f(z) ** 2, curve.breaks),
        derivative_second=expectation(lambda z: slope(z) ** 2, curve.breaks),
        covariance=expectation(lambda z: z * f(z) * slope(z), curve.breaks),
    )


def table_row(activation: str) -> Gain:
    """A row of GAINS computed anew from the activation's curve."""
    return _integrate(CURVES[activation], activation)


def torch_nonlinearity(activation: str) -> str | None:
    """The word for a canonical activation that torch's `calculate_gain` takes, if it has one of its own.

    prelu and rrelu are leaky_relu with their slope; relu6 differs from relu by 2e-9 in E[f^2].
    """
    words = {"identity": "linear", "prelu": "leaky_relu", "rrelu": "leaky_relu", "relu6": "relu"}
    word = words.get(activation, activation)
    return word if word in TORCH_NONLINEARITIES else None
