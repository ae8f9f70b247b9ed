"""The algebra of distributions, held against samples and against known constants."""

from __future__ import annotations

import math
import random
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as some

from initlint.runtime import distribution as d

numbers = some.floats(-5, 5).filter(lambda x: abs(x) > 1e-3)


@pytest.mark.parametrize(("sigmas", "expected"), [(1, 0.539560), (2, 0.879626), (3, 0.986578)])
def test_truncated_std(sigmas: float, expected: float) -> None:
    """A standard normal cut at 1, 2, 3 sigmas has the std that the tables say."""
    assert pytest.approx(expected, abs=1e-6) == d.trunc_normal(0, 1, -sigmas, sigmas).std


def test_lopsided_truncation() -> None:
    """A one-sided cut moves the mean: E[z | z > 0] = sqrt(2/pi)."""
    form = d.trunc_normal(0, 1, 0, math.inf)

    assert pytest.approx((math.sqrt(2 / math.pi), math.sqrt(1 - 2 / math.pi))) == (form.mean, form.std)


@given(factor=numbers, offset=numbers)
def test_affine_moments(factor: float, offset: float) -> None:
    """Scaling and shifting acts on mean and std as algebra says, for every family."""
    forms = [
        d.normal(0.3, 2.0),
        d.uniform(-1.0, 3.0),
        d.trunc_normal(0.1, 1.0, -1.0, 2.0),
        d.constant(0.7),
        d.Distribution("orthogonal", scale=2.0, length=16),
        d.Distribution("eye", scale=1.0, fraction=0.25),
    ]
    for form in forms:
        changed = d.affine(form, factor, offset)

        assert pytest.approx((factor * form.mean + offset, abs(factor) * form.std)) == (changed.mean, changed.std)


@given(first=numbers, second=numbers)
def test_affine_undone(first: float, second: float) -> None:
    """What is scaled and scaled back is as before."""
    form = d.uniform(-1.0, 3.0)
    back = d.affine(d.affine(form, first, second), 1 / first, -second / first)

    assert (pytest.approx(form.low), pytest.approx(form.high)) == (back.low, back.high)


def test_erfinv_of_uniform_is_a_cut_normal() -> None:
    """sqrt(2) erfinv(U(-1, 1)) is a standard normal; a narrower uniform is a cut one."""
    whole = d.affine(d.erfinv(d.uniform(-1, 1)), math.sqrt(2), 0)
    part = d.affine(d.erfinv(d.uniform(-0.9544997, 0.9544997)), math.sqrt(2), 0)

    assert ("normal", pytest.approx(1.0)) == (whole.family, whole.std)
    assert ("trunc_normal", pytest.approx(2.0, abs=1e-5)) == (part.family, part.high)


def test_clamp_at_the_cut_changes_nothing() -> None:
    """The clamp that ends an inverse-transform sampler keeps the distribution."""
    form = d.trunc_normal(0, 0.02, -0.04, 0.04)

    assert form == d.clamp(form, -0.04, 0.04)


def test_clamp_inside_is_no_closed_form() -> None:
    """A clamp that piles mass on its bounds is not called truncated."""
    assert d.OPAQUE == d.clamp(d.normal(0, 1), -1, 1)


def test_sum_of_independent_normals() -> None:
    """Variances add."""
    assert d.normal(3.0, 5.0) == d.add(d.normal(1.0, 3.0), d.normal(2.0, 4.0))


@pytest.mark.parametrize("operation", [d.add, d.multiply])
def test_garbage_spreads(operation: object) -> None:
    """Whatever raw memory enters is raw memory."""
    assert "empty" == operation(d.EMPTY, d.normal(0, 1)).family  # type: ignore[operator]


def test_sparse_moments() -> None:
    """A sparse normal's std is that of a mixture with zeros."""
    chooser = random.Random(1)
    values = [chooser.gauss(0, 0.5) if chooser.random() < 0.25 else 0.0 for _ in range(20_000)]
    form = d.Distribution("sparse", scale=0.5, fraction=0.25)

    assert (pytest.approx(form.mean, abs=0.01), pytest.approx(form.std, abs=0.01)) == (fmean(values), pstdev(values))
