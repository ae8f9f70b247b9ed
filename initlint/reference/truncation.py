"""Moments of the distributions that weights are drawn from: uniform, and normal cut to an interval."""

from __future__ import annotations

import math

TWO_SIGMA_STD = 0.87962566103423978
"""The std of N(0, 1) cut at +-2; Keras and JAX divide by it, so that the std asked for is the std drawn."""

_FAR = 36.0  # sigmas; beyond, erfc nears underflow, and the tail is an exponential to a part in a thousand


def uniform_moments(low: float, high: float) -> tuple[float, float]:
    """(mean, std) of U(low, high): (low + high)/2 and (high - low)/sqrt(12). Takes symbols."""
    return (low + high) / 2, (high - low) / 12**0.5


def truncated_normal_moments(mean: float, std: float, low: float, high: float) -> tuple[float, float]:
    """(mean, std) of N(mean, std^2) conditioned on [low, high], the bounds absolute as in `trunc_normal_`.

    With alpha = (low - mean)/std, beta = (high - mean)/std, Z = Phi(beta) - Phi(alpha):
    mean + std (phi(alpha) - phi(beta))/Z, and
    std^2 (1 + (alpha phi(alpha) - beta phi(beta))/Z - ((phi(alpha) - phi(beta))/Z)^2)
    (Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1, sec. 13.10.1). Exact, by erfc.
    `std` is of the *uncut* normal: cut at 1, 2, 3 of its sigmas it falls to .539560, .879626, .986578 of itself.
    """
    if not low < high:
        raise ValueError(f"truncation bounds must be in order, got [{low}, {high}]")
    if std == 0:
        return min(max(mean, low), high), 0.0
    alpha, beta = (low - mean) / std, (high - mean) / std
    if alpha + beta < 0:  # the mirror image keeps the erfc difference below accurate
        centre, spread = _standard(-beta, -alpha)
        return mean - std * centre, std * spread
    centre, spread = _standard(alpha, beta)
    return mean + std * centre, std * spread


def _standard(alpha: float, beta: float) -> tuple[float, float]:
    if alpha > _FAR:
        return _tail(alpha, beta)
    mass = (math.erfc(alpha / math.sqrt(2)) - math.erfc(beta / math.sqrt(2))) / 2
    if beta - alpha < 1e-3 or mass == 0:  # the formula below cancels; the density is flat to 1e-6
        return uniform_moments(alpha, beta)
    left, right = _density(alpha), _density(beta)
    shift = (left - right) / mass
    variance = 1 + (_edge(alpha, left) - _edge(beta, right)) / mass - shift * shift
    return shift, math.sqrt(max(variance, 0.0))


def _tail(alpha: float, beta: float) -> tuple[float, float]:
    """Beyond alpha the density falls as exp(-alpha x): an exponential of that rate, cut at beta."""
    width = beta - alpha
    rest = math.exp(-alpha * width) if alpha * width < 700 else 0.0
    if rest > 1 - 1e-6:
        return uniform_moments(alpha, beta)
    lost = 0.0 if rest == 0 else width * rest / (1 - rest)
    variance = 1 / alpha**2 - (0.0 if rest == 0 else width * width * rest / (1 - rest) ** 2)
    return alpha + 1 / alpha - lost, math.sqrt(max(variance, 0.0))


def _density(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi) if abs(x) < 40 else 0.0


def _edge(x: float, density: float) -> float:
    return x * density if density else 0.0
