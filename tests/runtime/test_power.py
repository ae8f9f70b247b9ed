"""How many numbers tell two variances apart: against the exact values computed once with SciPy's chi-square."""

from __future__ import annotations

import pytest

from initlint.runtime.power import needed


@pytest.mark.parametrize(
    ("ratio", "family", "expected"),
    [
        (1.05, "normal", 78_144),
        (1.1, "normal", 20_476),
        (1.25, "normal", 3_736),
        (1.5, "normal", 1_133),
        (2, "normal", 390),
        (3, "normal", 157),
        (6, "normal", 61),
        (2, "uniform", 166),
        (3, "uniform", 74),
    ],
)
def test_needed(ratio: float, family: str, expected: int) -> None:
    """The approximation is within three numbers, or one in a thousand."""
    assert pytest.approx(expected, rel=1e-3, abs=3) == needed(ratio, family)


def test_equal_scales_cannot_be_told_apart() -> None:
    """No sample separates a scheme from itself."""
    assert needed(1.0) > 1 << 60


def test_ratio_and_its_inverse() -> None:
    """Too small is as far as too large."""
    assert needed(2.0) == needed(0.5)
