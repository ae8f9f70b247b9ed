"""The tests alarm on what is wrong, stay silent on what is right, and know their dtype."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from initlint.runtime.distribution import Distribution, normal, trunc_normal, uniform
from initlint.runtime.statistics import SAMPLE, chi_square_p, measure, sample

pytestmark = pytest.mark.torch
ALPHA = 1e-6


def lowest(values: torch.Tensor, form: Distribution) -> float:
    """The smallest p-value of all tests."""
    return min(test.p for test in measure(values, form).tests)


def drawn(function: Callable[[torch.Tensor], object], *shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """A tensor at a fixed seed."""
    torch.manual_seed(3)
    tensor = torch.empty(*shape, dtype=dtype)
    function(tensor)
    return tensor


RIGHT = {
    "normal": (lambda t: t.normal_(0, 0.1), normal(0, 0.1)),
    "uniform": (lambda t: t.uniform_(-0.1, 0.1), uniform(-0.1, 0.1)),
    "truncated": (lambda t: nn.init.trunc_normal_(t, std=0.02, a=-0.04, b=0.04), trunc_normal(0, 0.02, -0.04, 0.04)),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("case", RIGHT)
def test_right_is_silent(case: str, dtype: torch.dtype) -> None:
    """What is drawn as promised passes in every precision, a million entries included."""
    function, form = RIGHT[case]

    assert lowest(drawn(function, 1024, 1024, dtype=dtype), form) > ALPHA


@pytest.mark.parametrize("case", RIGHT)
def test_calibration(case: str) -> None:
    """Under the claim, p-values below 5 % come about one time in twenty."""
    function, form = RIGHT[case]
    below = total = 0
    for seed in range(300):
        torch.manual_seed(seed)
        values = torch.empty(20, 50)
        function(values)
        for test in measure(values, form).tests:
            below += test.p < 0.05
            total += 1
    spread = math.sqrt(total * 0.05 * 0.95)

    assert abs(below - 0.05 * total) < 4.5 * spread


WRONG = {
    "He for Xavier": (lambda t: t.normal_(0, 0.1), normal(0, 0.1 / math.sqrt(2)), 400),
    "default for He": (lambda t: t.uniform_(-0.1, 0.1), uniform(-0.1 * math.sqrt(6), 0.1 * math.sqrt(6)), 70),
    "normal for uniform": (lambda t: t.normal_(0, 0.1), uniform(-0.1 * math.sqrt(3), 0.1 * math.sqrt(3)), 200),
    "shifted": (lambda t: t.normal_(0.1, 0.1), normal(0, 0.1), 100),
    "half zero": (lambda t: t.normal_(0, 0.1).mul_(torch.arange(len(t)) % 2), normal(0, 0.1), 1000),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_is_seen(case: str) -> None:
    """A wrong scale, shape or mean is seen at the sample size that the power analysis names."""
    function, form, count = WRONG[case]

    assert lowest(drawn(function, count), form) < ALPHA


def test_outliers_of_erfinv() -> None:
    """One value a hundred sigmas out betrays an inverse-transform sampler, whatever the rest looks like."""
    values = drawn(lambda t: t.normal_(0, 0.02), 100_000)
    values[17] = 2.0

    found = {test.name: test.p for test in measure(values, normal(0, 0.02)).tests}
    assert found["extremes"] < ALPHA


def test_tie_at_the_bound_is_no_alarm() -> None:
    """float32 uniform_ returns its lower bound once in 2^24 draws: that must not count."""
    values = drawn(lambda t: t.uniform_(-0.1, 0.1), 10_000)
    values[0] = -0.1
    values[1] = math.nextafter(0.1, 1)

    assert lowest(values, uniform(-0.1, 0.1)) > ALPHA


def test_few_numbers_say_little() -> None:
    """Below thirty numbers only the extremes are judged."""
    assert ["extremes"] == [test.name for test in measure(drawn(lambda t: t.normal_(), 20), normal(0, 1)).tests]


def test_sample_is_capped_and_distinct() -> None:
    """A large tensor is sampled, each entry at most once."""
    values = torch.arange(3 * SAMPLE, dtype=torch.float64)

    assert SAMPLE == len(sample(values).unique())


def test_chi_square_p() -> None:
    """The median of a chi-square has p near 1, its far ends near 0."""
    assert (True, True, True) == (
        chi_square_p(99.3, 100) > 0.95,
        chi_square_p(200, 100) < 1e-6,
        chi_square_p(30, 100) < 1e-6,
    )


def test_orthogonality() -> None:
    """Orthogonal matrices, tall, wide and scaled, are known; random ones are not."""
    square, wide = nn.init.orthogonal_(torch.empty(64, 64), gain=3), nn.init.orthogonal_(torch.empty(16, 4, 8))

    assert measure(square, None).orthogonality < 1e-5  # type: ignore[operator]
    assert measure(wide, None).orthogonality < 1e-5  # type: ignore[operator]
    assert measure(torch.randn(64, 64), None).orthogonality > 0.1  # type: ignore[operator]


def test_duplicate_rows() -> None:
    """Equal rows are counted; rows of a single number are not duplicates but constants."""
    values = torch.randn(8, 16)
    values[5] = values[2]
    values[7] = 0
    values[6] = 0

    assert 1 == measure(values, None).duplicate_rows


@pytest.mark.parametrize("axis", [0, 1])
def test_equal_halves(axis: int) -> None:
    """A shard drawn twice is seen along either axis."""
    shard = torch.randn(8, 8)

    assert measure(torch.cat([shard, shard], axis), None).halves_equal
    assert not measure(torch.cat([shard, shard + 1e-3], axis), None).halves_equal


def test_opposed_halves() -> None:
    """Columns that take back what others add; zeros do not."""
    half = torch.randn(4, 8)

    assert measure(torch.cat([half, -half], 1), None).halves_opposed
    assert not measure(torch.cat([half, half], 1), None).halves_opposed
    assert not measure(torch.zeros(4, 16), None).halves_opposed


def test_not_finite() -> None:
    """NaN and infinities are counted, and no moments are made of them."""
    values = torch.tensor([1.0, float("nan"), float("inf"), 3.0])

    assert (0.5, 2.0) == (measure(values, None).finite, measure(values, None).mean)
