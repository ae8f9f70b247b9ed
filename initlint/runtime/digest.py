"""The bits of a freshly built model, tensor by tensor, as short names: equal names are equal bits. (child)"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from initlint.runtime.build import build_real
from initlint.runtime.load import Recipe
from initlint.runtime.protocol import Target


def digests(target: Target, recipe: Recipe, seed: int) -> dict[str, str]:
    """Every parameter and buffer of the model that this seed gives, under each of its names; none where it fails."""
    try:
        with _same_start(seed):
            model = build_real(target, recipe, seed)
        return {name: digest(tensor) for name, tensor in _tensors(model)}
    except Exception:  # it was built once: what is told of that build stands
        return {}


def digest(tensor: torch.Tensor) -> str:
    """A name for shape, type and bits. A NaN equals itself, and 0.0 is not -0.0."""
    if is_lazy(tensor):
        return "no shape yet"
    found = blake2b(f"{tuple(tensor.shape)} {tensor.dtype}".encode(), digest_size=12)
    whole = tensor.detach().cpu().contiguous().reshape(-1)
    if whole.numel():
        found.update(whole.view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def _tensors(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    yield from model.named_parameters(remove_duplicate=False)
    yield from model.named_buffers(remove_duplicate=False)


@contextmanager
def _same_start(seed: int) -> Iterator[None]:
    """All generators at the seed, and raw memory filled with NaN: nothing is left to chance."""
    random.seed(seed)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(seed % 2**32)
    was, warned = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(was, warn_only=warned)
