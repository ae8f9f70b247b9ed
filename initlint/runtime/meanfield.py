"""Mean-field theory on the live model's own functions and weights (runs in the child).

For independent weights of mean 0 the second moment q of the pre-activations obeys q' = sw² E[f(sqrt(q) z)²] + sb²,
and the squared norm of the gradient is multiplied by chi = sw² E[f'(sqrt(q) z)²] on its way back (Poole et al. 2016,
Schoenholz et al. 2017). The two expectations are integrated on the function that the model really calls, so that
they hold for a user's own activation too.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, log2, prod

import torch
from torch import Tensor

#: The grid reaches this many standard deviations: the mass beyond is 1e-23.
_REACH = 10.0
#: Midpoints of an even number of cells, so that a kink at zero falls on an edge, where the rule stays second order.
_CELLS = 4000


def activation_moments(function: Callable[[Tensor], Tensor], log_q: float) -> tuple[float, float] | None:
    """log2 of E[f²] and E[f'²] at second moment 2**log_q; `None` if `function` cannot take a plain vector."""
    if not -300 < log_q < 300:
        return None
    grid, weight = _grid()
    try:
        with torch.enable_grad():
            points = (grid * 2.0 ** (log_q / 2)).requires_grad_()
            values = function(points * 1.0)
            if values.shape != points.shape:
                return None
            (slopes,) = torch.autograd.grad(values.sum(), points, allow_unused=True)
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError):
        return None
    slope = 0.0 if slopes is None else float((slopes.square() * weight).sum())
    return _log(float((values.detach().square() * weight).sum())), _log(slope)


def is_elementwise(function: Callable[[Tensor], Tensor]) -> bool:
    """Whether `function` maps each entry by itself, always in the same way, and is not the identity."""
    grid, _ = _grid()
    probe = grid[::10] * 0.37
    try:
        with torch.no_grad():
            once = function(probe.clone())
            twice = function(torch.cat([probe.flip(0), 2 * probe]))[: len(probe)].flip(0)
    except Exception:  # any user code may run here, and all it tells is "no"
        return False
    alike = isinstance(once, Tensor) and once.shape == probe.shape and torch.equal(once, twice)
    return alike and not torch.equal(once, probe)


def weight_gain(weight: Tensor, fan_in: float) -> float:
    """log2 of sw² = fan_in E[W²]."""
    return _log(fan_in * float(weight.detach().double().square().mean())) if weight.numel() else -inf


def after_layer(log_gain: float, log_q: float, bias: Tensor | None) -> float:
    """log2 of sw² q + E[b²]."""
    extra = float(bias.detach().double().square().mean()) if bias is not None and bias.numel() else 0.0
    return log_sum(log_gain + log_q, _log(extra))


def log_sum(left: float, right: float) -> float:
    """log2(2**left + 2**right)."""
    high, low = max(left, right), min(left, right)
    return high if low == -inf else high + log2(1 + 2.0 ** max(low - high, -1000.0))


def taps_inside(sizes: tuple[int, ...], kernel: tuple[int, ...], geometry: tuple[tuple[int, ...], ...]) -> float:
    """The share of a convolution's taps that meet the input and not the zero padding around it."""
    axes = zip(sizes, kernel, *geometry, strict=True)
    return prod(_axis_inside(*axis) for axis in axes)


def _axis_inside(size: int, kernel: int, stride: int, padding: int, dilation: int) -> float:
    outputs = max(1, (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1)
    starts = range(-padding, -padding + outputs * stride, stride)
    inside = sum(0 <= start + tap * dilation < size for start in starts for tap in range(kernel))
    return inside / (outputs * kernel)


def _grid() -> tuple[Tensor, Tensor]:
    step = 2 * _REACH / _CELLS
    grid = (torch.arange(_CELLS, dtype=torch.float64) + 0.5) * step - _REACH
    weight = torch.exp(-grid.square() / 2)
    return grid, weight / weight.sum()


def _log(value: float) -> float:
    return log2(value) if 0 < value < inf else (-inf if value == 0 else float("nan"))
