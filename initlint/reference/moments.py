"""Mean, std and bounds of what a call of torch.nn.init (or timm's, or Keras' variance scaling) draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from initlint.reference.fans import torch_fans
from initlint.reference.quantity import Maybe, is_number, known, over, plus, root, times
from initlint.reference.schemes import MODES, SCHEMES, Options, larger
from initlint.reference.torch_gains import TORCH_NONLINEARITIES, torch_gain_squared
from initlint.reference.truncation import TWO_SIGMA_STD, truncated_normal_moments


@dataclass(frozen=True, slots=True)
class Moments:
    """What is drawn: its distribution, mean, std and bounds, in units of the weight. None is unknown or unbounded.

    The std is that of the numbers drawn, after truncation; for deterministic patterns (eye, dirac, orthogonal) that
    of a random entry.
    """

    distribution: str = "unknown"
    mean: Maybe = None
    std: Maybe = None
    low: Maybe = None
    high: Maybe = None


Drawn = Callable[[Mapping[str, Any], Sequence[Maybe]], Moments]


def moments(scheme: str, arguments: Mapping[str, Any], shape: Sequence[Maybe] | None = None) -> Moments:
    """What `torch.nn.init.<scheme>_(tensor, **arguments)` draws for a tensor of `shape`.

    `arguments` carries torch's own parameter names: uniform a, b; normal mean, std; trunc_normal mean, std, a, b;
    constant val; xavier gain; kaiming a, mode, nonlinearity; orthogonal gain; sparse sparsity, std; dirac groups;
    lecun none; variance_scaling scale, mode, distribution (Keras' and JAX' names; the std drawn is the one asked for).
    A missing argument has torch's default; one that is None or UNKNOWN is unknown. Fans are those torch reads off the
    shape, right or wrong.
    """
    row = SCHEMES.get(scheme)
    drawn = _DRAWN.get(scheme)
    if row is None or drawn is None:
        return Moments()
    return drawn({name: known(value) for name, value in arguments.items()}, shape or ())


def uniform(low: Maybe, high: Maybe) -> Moments:
    """U(low, high): mean (low + high)/2, std (high - low)/sqrt(12)."""
    mean = over(plus(low, high), 2)
    return Moments("uniform", mean, over(plus(high, times(-1, low)), 12**0.5), low, high)


def constant(value: Maybe) -> Moments:
    """One number everywhere."""
    return Moments("constant", value, 0.0, value, value)


def trunc_normal(mean: Maybe, std: Maybe, low: Maybe, high: Maybe) -> Moments:
    """`trunc_normal_`: N(mean, std^2) cut at absolute bounds, see `truncated_normal_moments`.

    A symbolic std is a formula of a fan and small against bounds that are plain numbers, so it is taken as uncut
    (at bounds of +-2 the error is below 0.1 % for std <= 0.5). Bounds that are multiples of it cut exactly.
    """
    if mean is None or std is None or low is None or high is None:
        return Moments("trunc_normal", mean, None, low, high)
    if is_number(std) and not std:
        return Moments("trunc_normal", mean, 0.0, low, high)
    edges = ((low - mean) / std, (high - mean) / std)
    if all(is_number(edge) for edge in edges):
        shift, factor = truncated_normal_moments(0.0, 1.0, *edges)
        centre = mean if shift == 0 else mean + shift * std
        return Moments("trunc_normal", centre, factor * std, low, high)
    plain = is_number(low) and is_number(high)
    return Moments("trunc_normal", mean, std if plain else None, low, high)


def _of_fans(scheme: str, power: Maybe, mode: str, shape: Sequence[Maybe]) -> Moments:
    row = SCHEMES[scheme]
    fans = torch_fans(shape)
    if fans is None or power is None or row.variance is None:
        return Moments(row.distribution, 0.0)
    options = Options(power=power, mode=mode)
    std = row.std(*fans, options)
    if row.distribution != "uniform":
        return Moments(row.distribution, 0.0, std)
    bound = row.bound(*fans, options)
    return Moments("uniform", 0.0, std, times(-1, bound), bound)


def _xavier(scheme: str) -> Drawn:
    def drawn(given: Mapping[str, Any], shape: Sequence[Maybe]) -> Moments:
        gain = given.get("gain", 1)
        return _of_fans(scheme, times(gain, gain), "fan_avg", shape)

    return drawn


def _kaiming(scheme: str) -> Drawn:
    def drawn(given: Mapping[str, Any], shape: Sequence[Maybe]) -> Moments:
        slope, mode = given.get("a", 0), given.get("mode", "fan_in")
        nonlinearity = given.get("nonlinearity", "leaky_relu")
        unclear = nonlinearity == "leaky_relu" and slope is None
        if unclear or nonlinearity not in TORCH_NONLINEARITIES or mode not in MODES[:2]:
            return Moments(SCHEMES[scheme].distribution, 0.0)
        return _of_fans(scheme, torch_gain_squared(nonlinearity, slope), mode, shape)

    return drawn


def _lecun(scheme: str) -> Drawn:
    return lambda given, shape: _of_fans(scheme, 1, "fan_in", shape)


def _variance_scaling(given: Mapping[str, Any], shape: Sequence[Maybe]) -> Moments:
    scale, mode = given.get("scale", 1), given.get("mode", "fan_in")
    distribution = given.get("distribution", "truncated_normal")
    fans = torch_fans(shape)
    if fans is None or mode not in MODES or scale is None:
        return Moments()
    return variance_scaling(scale, mode, distribution, *fans)


def variance_scaling(scale: Any, mode: str, distribution: str, fan_in: Maybe, fan_out: Maybe) -> Moments:
    """Keras' and JAX' VarianceScaling: Var W = scale / n, n = fan_in, fan_out, their mean (fan_avg) or geometric mean.

    `distribution` is uniform, normal / untruncated_normal, or truncated_normal: cut at two sigmas of a normal whose
    sigma is 1/.879626 times larger, so that the std drawn is sqrt(scale/n). The textbook form Var W = 2/(n_in s) is
    scale = 2/s in mode fan_in: pass `article_scale(s)`. He: scale 2, LeCun: scale 1, both fan_in; Glorot: 1, fan_avg.
    """
    row = SCHEMES["variance_scaling"]
    options = Options(scale=scale, mode=mode)
    std = row.std(fan_in, fan_out, options)
    match distribution:
        case "uniform":
            bound = row.bound(fan_in, fan_out, options)
            return Moments("uniform", 0.0, std, times(-1, bound), bound)
        case "normal" | "untruncated_normal":
            return Moments("normal", 0.0, std)
        case "truncated_normal":
            edge = times(2 / TWO_SIGMA_STD, std)
            return Moments("trunc_normal", 0.0, std, times(-1, edge), edge)
    return Moments()


def _orthogonal(given: Mapping[str, Any], shape: Sequence[Maybe]) -> Moments:
    if len(shape) < 2:
        return Moments("orthogonal", 0.0)
    return Moments("orthogonal", 0.0, over(given.get("gain", 1), root(larger(shape[0], times(*shape[1:])))))


def _eye(given: Mapping[str, Any], shape: Sequence[Maybe]) -> Moments:
    return _ones_among(over(1, larger(*shape)) if len(shape) == 2 else None)


def _dirac(given: Mapping[str, Any], shape: Sequence[Maybe]) -> Moments:
    groups = given.get("groups", 1)
    sizes = [size for size in (*shape, groups) if isinstance(size, int)]
    if not 3 <= len(shape) <= 5 or len(sizes) != len(shape) + 1:
        return _ones_among(None)
    return _ones_among(groups * min(sizes[0] // groups, sizes[1]) / math.prod(sizes[:-1]))


def _ones_among(share: Maybe) -> Moments:
    if share is None:
        return Moments("identity", low=0, high=1)
    return Moments("identity", share, (share * (1 - share)) ** 0.5, 0, 1)


def _sparse(given: Mapping[str, Any], shape: Sequence[Maybe]) -> Moments:
    share, std = given.get("sparsity"), given.get("std", 0.01)
    rows = shape[0] if len(shape) == 2 else None
    if isinstance(share, int | float) and isinstance(rows, int):
        share = math.ceil(share * rows) / rows  # torch rounds the zeros of a column up
    kept = None if share is None else 1 - share
    return Moments("sparse", 0.0, times(std, root(kept)))


_DRAWN: dict[str, Drawn] = {
    "zeros": lambda given, shape: constant(0),
    "ones": lambda given, shape: constant(1),
    "constant": lambda given, shape: constant(given.get("val")),
    "uniform": lambda given, shape: uniform(given.get("a", 0.0), given.get("b", 1.0)),
    "normal": lambda given, shape: Moments("normal", given.get("mean", 0.0), given.get("std", 1.0)),
    "trunc_normal": lambda given, shape: trunc_normal(
        given.get("mean", 0.0), given.get("std", 1.0), given.get("a", -2.0), given.get("b", 2.0)
    ),
    "xavier_uniform": _xavier("xavier_uniform"),
    "xavier_normal": _xavier("xavier_normal"),
    "kaiming_uniform": _kaiming("kaiming_uniform"),
    "kaiming_normal": _kaiming("kaiming_normal"),
    "lecun_uniform": _lecun("lecun_uniform"),
    "lecun_normal": _lecun("lecun_normal"),
    "variance_scaling": _variance_scaling,
    "orthogonal": _orthogonal,
    "eye": _eye,
    "dirac": _dirac,
    "sparse": _sparse,
}
