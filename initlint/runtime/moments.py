"""Moments of live tensors in log2, where nothing under- or overflows (runs in the child)."""

from __future__ import annotations

from math import inf, log2

import torch
from torch import Tensor

#: Below this many samples a variance over the batch says nothing.
_SAMPLES = 2


def second_moment(tensor: Tensor) -> float:
    """log2 of the mean square; -inf for all zeros, nan where an entry is not finite."""
    values = tensor.detach()
    if values.numel() == 0:
        return -inf
    return _scaled(values, lambda unit: unit.square().mean())


def batch_variance(tensor: Tensor) -> float:
    """log2 of the variance over the first dimension, averaged over the others; nan where there is no batch."""
    values = tensor.detach()
    if values.dim() < 2 or values.shape[0] < _SAMPLES or values.numel() == 0:
        return float("nan")
    return _scaled(values, lambda unit: unit.var(dim=0).mean())


def squared_norm(tensor: Tensor) -> float:
    """log2 of the sum of squares, divided by the size of the batch."""
    values = tensor.detach()
    if values.numel() == 0:
        return -inf
    samples = values.shape[0] if values.dim() > 1 else 1
    return _scaled(values, lambda unit: unit.square().sum() / samples)


def _scaled(values: Tensor, statistic: object) -> float:
    # Squares overflow at 1e154 in float64 and at 1e19 in float32: divide by the largest entry first.
    if values.is_complex():
        values = torch.view_as_real(values)
    values = values.double()
    largest = float(values.abs().max())
    if largest == 0:
        return -inf
    if not largest < inf:
        return float("nan")
    found = float(statistic(values / largest))  # type: ignore[operator]
    return log2(found) + 2 * log2(largest) if found > 0 else -inf
