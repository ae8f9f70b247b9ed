"""How many numbers it takes to tell two scales apart: the reason to say "cannot tell". Pure Python."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_NORMAL = NormalDist()
# The variance of a sample variance is (kurtosis - 1) / n; a normal's kurtosis is 3, a uniform's 1.8.
_SPREAD = {"normal": 1.0, "trunc_normal": 1.0, "uniform": 0.4}


@lru_cache(maxsize=256)
def needed(ratio: float, family: str = "normal", alpha: float = 1e-6, beta: float = 1e-6) -> int:
    """The smallest n at which the variance test tells variances apart whose ratio is `ratio`.

    `alpha` is the chance of a false alarm (both sides), `beta` that of missing it.
    """
    ratio = ratio if ratio > 1 else 1 / ratio
    if ratio <= 1 + 1e-9:
        return 1 << 62
    low, high = 2, 4
    while not _separates(high, ratio, alpha, beta):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _separates(middle, ratio, alpha, beta) else (middle, high)
    # Small samples of a bounded law need a few numbers more than the large-sample spread says.
    return high if family not in _SPREAD or _SPREAD[family] == 1.0 else math.ceil(high * _SPREAD[family]) + 10


def _separates(count: int, ratio: float, alpha: float, beta: float) -> bool:
    upper = _chi_square_quantile(_NORMAL.inv_cdf(1 - alpha / 2), count - 1)
    return ratio * _chi_square_quantile(_NORMAL.inv_cdf(beta), count - 1) >= upper


def _chi_square_quantile(z: float, freedom: int) -> float:
    """Wilson and Hilferty 1931: the cube root of a chi-square is nearly normal."""
    part = 2 / (9 * freedom)
    return float(freedom * max(1 - part + z * math.sqrt(part), 0.0) ** 3)
