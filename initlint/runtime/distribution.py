"""Closed forms: what a weight is drawn from, and how arithmetic on it changes that. Pure Python."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

INFINITY = math.inf
_STANDARD = NormalDist()
WITHOUT_FORMULA = frozenset({"opaque", "empty", "literal", "repeated"})  # families that tell neither mean nor std


@dataclass(frozen=True, slots=True)
class Distribution:
    """One family with its parameters; every entry is `loc + scale * z`, cut to [low, high] where the family is.

    Families: constant, normal, uniform (between low and high), trunc_normal (`loc` and `scale` of the normal before
    it is cut), orthogonal (`scale` is the gain), eye, dirac, sparse (`fraction` of the entries is not zero),
    literal (given data), empty (raw memory), repeated (random numbers that come again, so that they are not
    independent), opaque (no closed form: only a replay can tell).
    """

    family: str
    loc: float = 0.0
    scale: float = 0.0
    low: float = -INFINITY
    high: float = INFINITY
    fraction: float = 1.0
    length: int = 0  # orthogonal: the longer side, whose square root the entries shrink with

    @property
    def known(self) -> bool:
        """Whether mean and std follow from the parameters."""
        return self.family not in WITHOUT_FORMULA

    @property
    def random(self) -> bool:
        """Whether two draws differ."""
        return self.family in {"normal", "uniform", "trunc_normal", "orthogonal", "sparse", "repeated", "opaque"}

    @property
    def again(self) -> Distribution:
        """What is left when its entries come several times."""
        if not self.random:
            return self
        return OPAQUE if self.family == "opaque" else REPEATED

    @property
    def mean(self) -> float | None:
        """The expected value of an entry."""
        return self._moments[0]

    @property
    def std(self) -> float | None:
        """The standard deviation of an entry, after any truncation."""
        return self._moments[1]

    @property
    def _moments(self) -> tuple[float | None, float | None]:
        match self.family:
            case "constant":
                return self.loc, 0.0
            case "normal":
                return self.loc, abs(self.scale)
            case "uniform":
                return (self.low + self.high) / 2, (self.high - self.low) / math.sqrt(12)
            case "trunc_normal":
                return truncated_moments(self)
            case "orthogonal":
                return self.loc, abs(self.scale) / math.sqrt(max(self.length, 1))
            case "eye" | "dirac":
                part = self.fraction
                return self.loc + self.scale * part, abs(self.scale) * math.sqrt(part * (1 - part))
            case "sparse":
                return self.loc, abs(self.scale) * math.sqrt(self.fraction)
        return None, None


EMPTY = Distribution("empty")
OPAQUE = Distribution("opaque")
REPEATED = Distribution("repeated")


def constant(value: float) -> Distribution:
    """Every entry is `value`."""
    return Distribution("constant", loc=float(value))


def normal(mean: float, std: float) -> Distribution:
    """N(mean, std^2)."""
    return Distribution("normal", loc=float(mean), scale=float(std))


def uniform(low: float, high: float) -> Distribution:
    """U(low, high)."""
    return Distribution("uniform", low=float(low), high=float(high))


def trunc_normal(mean: float, std: float, low: float, high: float) -> Distribution:
    """N(mean, std^2) cut to [low, high]; bounds beyond eight sigmas cut nothing that is ever drawn."""
    if std == 0:
        return constant(mean)
    if low == -INFINITY and high == INFINITY:
        return normal(mean, std)
    return Distribution("trunc_normal", loc=float(mean), scale=float(std), low=float(low), high=float(high))


def truncated_moments(form: Distribution) -> tuple[float, float]:
    """Mean and std of a truncated normal."""
    alpha, beta = (form.low - form.loc) / form.scale, (form.high - form.loc) / form.scale
    if alpha > beta:
        alpha, beta = beta, alpha
    mass = _STANDARD.cdf(beta) - _STANDARD.cdf(alpha)
    if mass <= 1e-12:
        return min(max(form.loc, form.low), form.high), 0.0
    at_low, at_high = _density(alpha), _density(beta)
    shift = (at_low - at_high) / mass
    spread = 1 + (_times(alpha, at_low) - _times(beta, at_high)) / mass - shift**2
    return form.loc + form.scale * shift, abs(form.scale) * math.sqrt(max(spread, 0.0))


def affine(form: Distribution, factor: float, offset: float) -> Distribution:
    """The distribution of `factor * x + offset`."""
    if not math.isfinite(factor) or not math.isfinite(offset):
        return OPAQUE
    if factor == 1 and offset == 0:
        return form
    match form.family:
        case "empty":
            return form
        case "opaque" | "literal":
            return OPAQUE
        case _ if factor == 0:
            return constant(offset)
        case "repeated":
            return form
    low, high = factor * form.low + offset, factor * form.high + offset
    if factor < 0:
        low, high = high, low
    scale = abs(factor) * form.scale if form.family == "trunc_normal" else factor * form.scale
    return replace(form, loc=factor * form.loc + offset, scale=scale, low=low, high=high)


def clamp(form: Distribution, low: float, high: float) -> Distribution:
    """The distribution of `min(max(x, low), high)` where that is simple."""
    if form.family == "constant":
        return constant(min(max(form.loc, low), high))
    if form.family == "empty":
        return form
    # A bound that is the cut itself, up to rounding, changes nothing; timm's trunc_normal_ ends so.
    slack = 1e-6 * (abs(form.scale) or 1.0)
    if form.low >= low - slack and form.high <= high + slack:
        return form
    if form.family == "normal" and min(form.loc - low, high - form.loc) > 8 * abs(form.scale):
        return replace(form, family="trunc_normal", low=low, high=high)
    return OPAQUE


def erfinv(form: Distribution) -> Distribution:
    """erfinv of a uniform inside (-1, 1): a normal of variance 1/2, cut. The inverse-transform way to truncate."""
    if form.family != "uniform" or form.low < -1 or form.high > 1:
        return form if form.family == "empty" else OPAQUE
    return trunc_normal(0.0, math.sqrt(0.5), _erfinv(form.low), _erfinv(form.high))


def add(first: Distribution, second: Distribution) -> Distribution:
    """The sum of two independent draws, where it stays in a family."""
    if first.family == "constant":
        return affine(second, 1.0, first.loc)
    if second.family == "constant":
        return affine(first, 1.0, second.loc)
    if "empty" in {first.family, second.family}:
        return EMPTY
    if first.family == second.family == "normal":
        return normal(first.loc + second.loc, math.hypot(first.scale, second.scale))
    return OPAQUE


def multiply(first: Distribution, second: Distribution) -> Distribution:
    """The product of two independent draws, where one is a constant."""
    if first.family == "constant":
        return affine(second, first.loc, 0.0)
    if second.family == "constant":
        return affine(first, second.loc, 0.0)
    return EMPTY if "empty" in {first.family, second.family} else OPAQUE


def _erfinv(value: float) -> float:
    if abs(value) >= 1:
        return math.copysign(INFINITY, value)
    return _STANDARD.inv_cdf((value + 1) / 2) / math.sqrt(2)


def _density(value: float) -> float:
    return 0.0 if math.isinf(value) else _STANDARD.pdf(value)


def _times(value: float, density: float) -> float:
    return 0.0 if density == 0.0 else value * density
