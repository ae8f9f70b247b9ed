"""How a tensor lies in its storage, and a hold on the storage's identity. (child)"""

from __future__ import annotations

import torch
from torch.multiprocessing.reductions import StorageWeakRef

from initlint.runtime.geometry import Geometry


def view_of(tensor: torch.Tensor) -> Geometry:
    """Which entries of its storage a tensor covers."""
    return Geometry(int(tensor.storage_offset()), tuple(tensor.size()), tuple(tensor.stride()))


def anchored(storage: torch.UntypedStorage) -> object:
    """As long as this lives the storage's key is not used again; its memory may go."""
    return StorageWeakRef(storage)  # type: ignore[no-untyped-call]


def key_of(tensor: torch.Tensor) -> int:
    """The identity of a tensor's storage."""
    return int(tensor.untyped_storage()._cdata)
