"""Do the numbers look like what they are said to be drawn from? Tests with honest p-values. (child)

Variance (exact chi-square for the normal, kurtosis-corrected elsewhere), mean, extremes and chi-square over
equiprobable bins. Each p-value is uniform under the claim, so that the parent can hold one false-alarm rate for a
whole run. Kolmogorov-Smirnov is left out: to tell He from Xavier it needs four times the numbers that the variance
test does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from hashlib import blake2b

import torch

from initlint.runtime.distribution import Distribution
from initlint.runtime.protocol import Measured, Test

SAMPLE = 1 << 18
# Below this the central limit theorem is not to be trusted at p = 1e-6.
MIN_COUNT = 30
_BINS = 50
_HISTOGRAM_BINS = 41
_ROWS = 2048  # orthogonality is checked on at most this many rows
_DUPLICATE_CAP = 1 << 24
_KURTOSIS = {"normal": 3.0, "uniform": 1.8}


def measure(values: torch.Tensor, form: Distribution | None, *, origin: str = "real", seed: int = 0) -> Measured:
    """All statistics of one tensor; tests only where `form` says what to expect."""
    whole = values.detach()
    if whole.is_complex() or not whole.is_floating_point() or not whole.numel():
        return Measured(count=whole.numel(), origin=origin)
    flat = sample(whole, seed)
    finite = flat[torch.isfinite(flat)]
    share = finite.numel() / flat.numel()
    if not finite.numel():
        return Measured(count=whole.numel(), finite=0.0, sampled=flat.numel(), origin=origin)
    counts, edges = _histogram(finite)
    tests = tuple(compare(finite, form, whole.dtype)) if form is not None and share == 1 else ()
    return Measured(
        count=whole.numel(),
        mean=float(finite.mean()),
        std=float(finite.std(correction=1)) if finite.numel() > 1 else 0.0,
        low=float(finite.min()),
        high=float(finite.max()),
        finite=share,
        zero=float((finite == 0).double().mean()),
        denormal=float(((finite != 0) & (finite.abs() < torch.finfo(whole.dtype).tiny)).double().mean()),
        sampled=flat.numel(),
        origin=origin,
        orthogonality=orthogonality(whole),
        duplicate_rows=duplicate_rows(whole),
        halves_equal=halves_equal(whole),
        halves_opposed=halves_opposed(whole),
        digest=blake2b(flat.numpy().tobytes(), digest_size=12).hexdigest() if whole.device.type == "cpu" else "",
        histogram=counts,
        edges=edges,
        tests=tests,
    )


def sample(values: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """At most SAMPLE different entries, in float64, spread evenly over the tensor."""
    flat = values.detach().reshape(-1)
    count = flat.numel()
    if count > SAMPLE:
        # Steps of the golden section, made coprime to the length, meet no entry twice.
        step = int(count * 0.6180339887498949) | 1
        while math.gcd(step, count) != 1:
            step += 2
        flat = flat[(torch.arange(SAMPLE) * step + seed) % count]
    return flat.double()


_COARSE = {torch.float16, torch.bfloat16}


def compare(values: torch.Tensor, form: Distribution, dtype: torch.dtype) -> Iterator[Test]:
    """The tests that make sense for `form`, on float64 `values` that were stored as `dtype`."""
    mean, std = form.mean, form.std
    if form.family not in {"normal", "uniform", "trunc_normal"} or not std or mean is None:
        return
    step = grain(form, dtype)
    yield _extremes(values, form, step)
    if values.numel() < MIN_COUNT:
        return
    yield _variance(values, form, mean, std, step)
    yield _mean(values, mean, std, step)
    if dtype not in _COARSE:
        yield from _chi_square(values, form)


def grain(form: Distribution, dtype: torch.dtype) -> float:
    """How coarse the dtype is at this scale: torch draws uniform numbers on a grid of the dtype's mantissa."""
    mean, std = form.mean or 0.0, form.std or 0.0
    width = form.high - form.low if form.family == "uniform" else 4 * std
    return float(torch.finfo(dtype).eps) * (abs(mean) + width)


def _variance(values: torch.Tensor, form: Distribution, mean: float, std: float, step: float) -> Test:
    count = values.numel()
    ratio = float(values.var(correction=1)) / std**2
    slack = 2 * step / std
    ratio = max(1.0, ratio - slack) if ratio > 1 else min(1.0, ratio + slack)
    detail = f"std {math.sqrt(ratio) * std:.6g} where {std:.6g} is expected, n = {count}"
    if form.family == "normal":
        return Test("variance", chi_square_p((count - 1) * ratio, count - 1), detail)
    spread = math.sqrt((kurtosis(form) - (count - 3) / (count - 1)) / count)
    return Test("variance", normal_p((ratio - 1) / spread), detail)


def kurtosis(form: Distribution) -> float:
    """E[(x - mean)^4] / var^2 of a family."""
    if form.family in _KURTOSIS:
        return _KURTOSIS[form.family]
    low, high = _standard_bounds(form)
    grid = torch.linspace(max(low, -9.0), min(high, 9.0), 4001, dtype=torch.float64)
    density = torch.exp(-(grid**2) / 2)
    density /= density.sum()
    centred = grid - (grid * density).sum()
    return float((centred**4 * density).sum() / (centred**2 * density).sum() ** 2)


def _mean(values: torch.Tensor, mean: float, std: float, step: float) -> Test:
    found = float(values.mean())
    off = max(0.0, abs(found - mean) - step)
    detail = f"mean {found:.3g} where {mean:.3g} is expected"
    return Test("mean", normal_p(off * math.sqrt(values.numel()) / std), detail)


def _extremes(values: torch.Tensor, form: Distribution, step: float) -> Test:
    count = values.numel()
    low, high = float(values.min()), float(values.max())
    outside = max(form.low - low, high - form.high)
    detail = f"values from {low:.4g} to {high:.4g}"
    if outside > step:
        return Test("extremes", 0.0, f"{detail}, beyond the bounds {form.low:.4g} and {form.high:.4g}")
    if form.family == "uniform":
        reach = max(abs(low - (form.low + form.high) / 2), abs(high - (form.low + form.high) / 2))
        share = min(1.0, (reach + step) / ((form.high - form.low) / 2))
        return Test("extremes", share**count, detail)
    reach = max(form.loc - low, high - form.loc) / form.scale
    tail = _outside_share(form, reach, step / form.scale)
    if tail is None:
        return Test("extremes", 1.0, detail)
    # log P(all n inside) and its complement, without losing digits at either end
    inside = count * math.log1p(-tail)
    return Test("extremes", min(1.0, 2 * min(math.exp(inside), -math.expm1(inside))), detail)


def _outside_share(form: Distribution, reach: float, slack: float) -> float | None:
    """The chance of a value further out than `reach`; None for a tie at the cut, which says nothing."""
    low, high = _standard_bounds(form)
    if reach >= min(-low, high) - slack:
        return None
    mass = _phi(high) - _phi(low)
    return max((_phi(high) - _phi(min(reach, high)) + _phi(max(-reach, low)) - _phi(low)) / mass, 0.0)


def _chi_square(values: torch.Tensor, form: Distribution) -> Iterator[Test]:
    bins = min(_BINS, values.numel() // 10)
    if bins < 5:
        return
    shares = (cumulative(values, form) * bins).clamp(0, bins - 1e-9).floor().long()
    observed = torch.bincount(shares, minlength=bins).double()
    expected = values.numel() / bins
    statistic = float(((observed - expected) ** 2 / expected).sum())
    upper = float(torch.special.gammaincc(_t((bins - 1) / 2), _t(statistic / 2)))
    yield Test("chi2", upper, f"chi2 {statistic:.1f} over {bins} equally likely bins")


def cumulative(values: torch.Tensor, form: Distribution) -> torch.Tensor:
    """The distribution function of `form` at `values`."""
    if form.family == "uniform":
        return ((values - form.low) / (form.high - form.low)).clamp(0, 1)
    low, high = _standard_bounds(form)
    start = _phi(low)
    below: torch.Tensor = torch.special.ndtr((values - form.loc) / form.scale)
    return (below - start) / (_phi(high) - start)


def _standard_bounds(form: Distribution) -> tuple[float, float]:
    return (form.low - form.loc) / form.scale, (form.high - form.loc) / form.scale


def chi_square_p(statistic: float, freedom: int) -> float:
    """Two-sided p-value of a chi-square statistic."""
    lower = float(torch.special.gammainc(_t(freedom / 2), _t(statistic / 2)))
    upper = float(torch.special.gammaincc(_t(freedom / 2), _t(statistic / 2)))
    return min(1.0, 2 * min(lower, upper))


def normal_p(z: float) -> float:
    """Two-sided p-value of a standard normal statistic."""
    return math.erfc(abs(z) / math.sqrt(2))


def orthogonality(values: torch.Tensor) -> float | None:
    """max |W W^T - g^2 I| / g^2 over the shorter side, g^2 the mean squared norm; None below two axes."""
    if values.dim() < 2 or min(values.shape) < 2 or values.numel() > _DUPLICATE_CAP:
        return None
    matrix = values.detach().reshape(values.shape[0], -1).double()
    matrix = matrix.t() if matrix.shape[0] > matrix.shape[1] else matrix
    matrix = matrix[:_ROWS]
    product = matrix @ matrix.t()
    scale = float(product.diagonal().mean())
    if not scale > 0:
        return None
    return float((product / scale - torch.eye(len(product), dtype=torch.float64)).abs().max())


def duplicate_rows(values: torch.Tensor) -> int:
    """How many rows (units, filters, experts) equal an earlier one; rows of one repeated number do not count."""
    if values.dim() < 2 or values.shape[0] < 2 or values.numel() > _DUPLICATE_CAP:
        return 0
    matrix = values.reshape(values.shape[0], -1)
    varied = matrix[(matrix != matrix[:, :1]).any(dim=1)]
    if matrix.shape[1] < 2 or len(varied) < 2:
        return 0
    order = varied.double().mv(torch.linspace(0.7, 1.9, matrix.shape[1], dtype=torch.float64).sin()).argsort()
    ordered = varied[order]
    return int((ordered[1:] == ordered[:-1]).all(dim=1).sum())


def halves_equal(values: torch.Tensor) -> bool:
    """Whether one half of a matrix repeats the other, as shards do that were drawn with one seed."""
    if values.dim() < 2 or values.numel() > _DUPLICATE_CAP or bool((values == values.flatten()[0]).all()):
        return False
    for axis in (0, 1):
        length = values.shape[axis]
        if length >= 2 and length % 2 == 0:
            first, second = values.narrow(axis, 0, length // 2), values.narrow(axis, length // 2, length // 2)
            if first.numel() > 1 and torch.equal(first, second):
                return True
    return False


def halves_opposed(values: torch.Tensor) -> bool:
    """Whether a layer subtracts with one half of its columns what it adds with the other."""
    if values.dim() < 2 or values.shape[1] % 2 or values.numel() > _DUPLICATE_CAP:
        return False
    first, second = values.chunk(2, 1)
    return bool(first.any()) and torch.equal(first, -second)


def _histogram(values: torch.Tensor) -> tuple[tuple[int, ...], tuple[float, ...]]:
    low, high = float(values.min()), float(values.max())
    if not low < high:
        return (), ()
    counts = torch.histc(values.float(), bins=_HISTOGRAM_BINS, min=low, max=high)
    edges = torch.linspace(low, high, _HISTOGRAM_BINS + 1, dtype=torch.float64)
    return tuple(int(count) for count in counts), tuple(float(edge) for edge in edges)


def _phi(value: float) -> float:
    return 0.5 * math.erfc(-value / math.sqrt(2))


def _t(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)
