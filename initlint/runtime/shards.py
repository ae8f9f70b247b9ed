"""Weights that are spread over processes (DTensor: tensor parallel, FSDP2): gathered, and compared by shards. (child)

Gathering needs every rank. So they meet first, at the store that the process group was made with: a rank that comes
alone is told so after a while, where a collective would wait for ever.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

_PATIENCE = 30.0  # seconds; ranks that check their model do so at the same time
_POLL = 0.02
_FEWEST = 8  # entries of a shard
_KEY = "initlint/arrived"


@dataclass(frozen=True, slots=True)
class Gathered:
    """The whole tensor, and whether two of its shards hold the same numbers."""

    tensor: torch.Tensor
    equal: bool = False


def is_sharded(tensor: torch.Tensor) -> bool:
    """Whether it is a DTensor; its class is not imported for that."""
    return hasattr(tensor, "full_tensor") and hasattr(tensor, "device_mesh")


def sharded(model: nn.Module) -> list[torch.Tensor]:
    """The model's tensors that other processes hold a part of."""
    return [tensor for tensor in (*model.parameters(), *model.buffers()) if not is_lazy(tensor) and is_sharded(tensor)]


def all_there(patience: float = _PATIENCE) -> bool:
    """Wait for the other ranks; whether they came."""
    from torch import distributed

    store = distributed.distributed_c10d._get_default_store()
    size = distributed.get_world_size()
    number = store.add(_KEY, 1)
    awaited = -(-number // size) * size
    deadline = time.monotonic() + patience
    while store.add(_KEY, 0) < awaited:
        if time.monotonic() > deadline:
            store.add(_KEY, -1)  # gone again: the next to come is not to be taken for its partner
            return False
        time.sleep(_POLL)
    return True


def gather(tensor: Any) -> Gathered:
    """All of it. Every rank of its mesh has to call this."""
    whole = tensor.detach().full_tensor()
    pieces = (
        whole.chunk(tensor.device_mesh.size(level), placement.dim)
        for level, placement in enumerate(tensor.placements)
        if placement.is_shard()
    )
    return Gathered(whole, any(_repeat(list(piece)) for piece in pieces))


def _repeat(pieces: list[torch.Tensor]) -> bool:
    return any(_same(first, second) for index, first in enumerate(pieces) for second in pieces[index + 1 :])


def _same(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Equal, and neither small nor constant: those may well be the same everywhere."""
    if first.numel() < _FEWEST or bool((first == first.flatten()[0]).all()):
        return False
    return first.shape == second.shape and torch.equal(first, second)
