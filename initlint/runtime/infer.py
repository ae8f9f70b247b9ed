"""Which scheme drew these numbers? Asked where no history tells, answered only where the sample decides. (child)"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from initlint.runtime.distribution import Distribution, constant, normal, trunc_normal, uniform
from initlint.runtime.roles import Role
from initlint.runtime.statistics import MIN_COUNT, compare, orthogonality, sample

# A candidate is dropped below the first p-value. Of many numbers what is left lies within a tenth of the formula's std,
# and is believed: a stricter line would leave one true draw in a hundred without its name, and findings would come and
# go with the seed. Few numbers leave too much room, and have to fit better.
_REFUSED, _BELIEVED, _MANY = 1e-6, 1e-3, 1200
_TRUNCATED_STD = 0.87962566103423978
_ORTHOGONAL = 1e-4
_OFF_CENTRE = 4.0  # standard errors from 0


@dataclass(frozen=True, slots=True)
class Guess:
    """The scheme that fits, its distribution, and the ones that fit as well."""

    scheme: str
    form: Distribution
    rivals: tuple[str, ...] = ()


def infer(values: torch.Tensor, role: Role, seed: int = 0) -> Guess | None:
    """The one scheme that the numbers fit; with `rivals` where the sample cannot tell several apart."""
    if not values.is_floating_point() or not values.numel() or values.is_complex():
        return None
    flat = sample(values, seed)
    if not bool(torch.isfinite(flat).all()):
        return None
    if bool((flat == flat[0]).all()):
        value = float(flat[0])
        return Guess({0.0: "zeros", 1.0: "ones"}.get(value, "constant"), constant(value))
    off = orthogonality(values)
    if off is not None and off < _ORTHOGONAL:
        longer = max(values.shape[0], values.numel() // values.shape[0])
        gain = float(flat.square().mean().sqrt()) * math.sqrt(longer)
        return Guess("orthogonal", Distribution("orthogonal", scale=gain, length=longer))
    if flat.numel() < MIN_COUNT:
        return None
    return _fitting(flat, values.dtype, role)


def _fitting(flat: torch.Tensor, dtype: torch.dtype, role: Role) -> Guess | None:
    fits = [
        (min((test.p for test in compare(flat, form, dtype)), default=0.0), scheme, form)
        for scheme, form in candidates(role)
    ]
    fits = sorted((fit for fit in fits if fit[0] > _REFUSED), key=lambda fit: -fit[0])
    if fits and (own := next((fit for fit in fits if fit[1] == role.default), None)) and fits[0][0] <= _BELIEVED:
        fits = [own]  # what torch itself draws needs no better witness
    if fits and (fits[0][0] > _line(flat) or fits[0][1] == role.default):
        best = fits[0]
        different = [scheme for _, scheme, form in fits[1:] if not math.isclose(form.std or 0, best[2].std or 0)]
        return Guess(best[1], best[2], tuple(dict.fromkeys(name for name in different if name != best[1])))
    return _free(flat, dtype)


def _free(flat: torch.Tensor, dtype: torch.dtype) -> Guess | None:
    """No formula: a family with the sample's own scale. What is fitted is tested more leniently, never more."""
    for scheme, form in _fitted(flat):
        p = min((test.p for test in compare(flat, form, dtype) if test.name != "extremes"), default=0.0)
        if p > _line(flat):
            return Guess(scheme, form)
    return None


def _line(flat: torch.Tensor) -> float:
    return _REFUSED if flat.numel() >= _MANY else _BELIEVED


def _fitted(flat: torch.Tensor) -> Iterator[tuple[str, Distribution]]:
    """The shapes in question. Where only a mean was given, the std is torch's own 1, and no sample's 0.99."""
    mean, std = float(flat.mean()), float(flat.std())
    centred = abs(mean) * math.sqrt(flat.numel()) < _OFF_CENTRE * std
    if not centred:
        yield "normal", normal(mean, 1.0)
    yield "trunc_normal", trunc_normal(0.0 if centred else mean / _TRUNCATED_STD**2, 1.0, -2.0, 2.0)
    yield "normal", normal(0.0 if centred else mean, std)
    reach = float(flat.abs().max())
    yield "uniform", uniform(-reach, reach) if centred else uniform(float(flat.min()), float(flat.max()))


def candidates(role: Role) -> Iterator[tuple[str, Distribution]]:
    """The formulas for this shape, torch's default first."""
    if role.default_std and role.default in {"kaiming_uniform", "uniform", "xavier_uniform"}:
        yield role.default, _uniform(role.default_std)
    elif role.default_std and role.default in {"normal", "xavier_normal"}:
        yield role.default, normal(0.0, role.default_std)
    if role.fan_in and role.fan_out:
        yield from _scaled(float(role.fan_in), float(role.fan_out))
    for std in (0.02, 0.01, 1.0):
        yield "normal", normal(0.0, std)
    yield "trunc_normal", trunc_normal(0.0, 0.02, -2 * 0.02, 2 * 0.02)


def _scaled(fan_in: float, fan_out: float) -> Iterator[tuple[str, Distribution]]:
    stds = {
        "xavier": math.sqrt(2 / (fan_in + fan_out)),
        "kaiming": math.sqrt(2 / fan_in),
        "lecun": math.sqrt(1 / fan_in),
    }
    for name, std in stds.items():
        yield f"{name}_uniform", _uniform(std)
        yield f"{name}_normal", normal(0.0, std)
    yield "kaiming_normal", normal(0.0, math.sqrt(2 / fan_out))
    yield "lecun_normal", trunc_normal(0.0, *(stds["lecun"] / _TRUNCATED_STD * factor for factor in (1, -2, 2)))


def _uniform(std: float) -> Distribution:
    return uniform(-math.sqrt(3) * std, math.sqrt(3) * std)
