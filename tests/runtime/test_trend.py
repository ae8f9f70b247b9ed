"""Trends along a path, by arithmetic alone."""

from __future__ import annotations

import pytest

from initlint.runtime.aggregate import band
from initlint.runtime.propagation_report import Band
from initlint.runtime.trend import trend


def series(*values: float | None, reach: float = 0.1) -> list[Band | None]:
    """Bands of equal width around log2 values."""
    return [None if value is None else Band(value, value - reach, value + reach) for value in values]


def test_steady_fall() -> None:
    """A fall by two powers of two in squares is a factor of a half in std."""
    found = trend(series(*[-2.0 * index for index in range(10)]))
    assert found is not None

    assert found.factor == pytest.approx(0.5)
    assert found.total == pytest.approx(2 ** ((-18 + 0.1) / 2))
    assert (found.vanishes, found.explodes, found.start) == (True, False, 1)


def test_one_jump_is_no_trend() -> None:
    """One layer that multiplies by a thousand leaves the slope of the others at zero."""
    found = trend(series(0, 0, 0, 20, 20, 20, 20))
    assert found is not None

    assert not found.explodes


def test_short_paths_have_none() -> None:
    """Three layers tell nothing."""
    assert trend(series(0, -10, -20)) is None


def test_theory_must_agree() -> None:
    """A rise that the weights do not explain is no explosion."""
    rising = series(*[3.0 * index for index in range(10)])
    with_theory = trend(rising, [3.0 * index for index in range(10)])
    against = trend(rising, [0.0] * 10)
    assert with_theory is not None
    assert against is not None

    assert with_theory.explodes
    assert not against.explodes


def test_wide_bounds_are_cautious() -> None:
    """A fall that the seeds do not agree on is none."""
    found = trend(series(*[-2.0 * index for index in range(10)], reach=15))
    assert found is not None

    assert not found.vanishes


def test_unknown_values_are_passed_over() -> None:
    """A layer that gives exactly zero has no logarithm."""
    found = trend(series(0, None, -4, -6, -8, -10))
    assert found is not None

    assert found.factor == pytest.approx(0.5)


def test_it_starts_where_it_starts() -> None:
    """Level at first, then falling."""
    found = trend(series(0, 0, 0, -3, -6, -9, -12, -15, -18))
    assert found is not None

    assert found.start == 3


def test_band_is_students() -> None:
    """Mean and 95 % interval of three values: t = 4.303 with 2 degrees of freedom."""
    found = band([1.0, 2.0, 3.0])
    assert found is not None

    assert found.mean == 2
    assert found.high - found.mean == pytest.approx(4.303 / 3**0.5)
    assert band([1.0, None]) is None
    assert band([1.0, float("-inf")]) is None
    assert band([5.0]) == Band(5.0, 5.0, 5.0)
