"""What a build does besides writing: where modules are made, where a seed is set, what `to_empty` empties. (child)"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

import torch
from torch import nn

from initlint.runtime.frames import Spot, Trail, resolve, take_trail
from initlint.runtime.protocol import Place

LastWrite = Callable[[torch.Tensor], Spot | None]


class Sightings:
    """The calls that were seen. `last_write` tells who gave a tensor its value; `emptied` goes by storage."""

    def __init__(self, last_write: LastWrite = lambda tensor: None) -> None:
        """Nothing seen yet."""
        self.trails: WeakKeyDictionary[nn.Module, Trail] = WeakKeyDictionary()
        self.last_write = last_write
        self.emptied: dict[int, Spot | None] = {}
        self.seeded: list[Trail] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note every call in the block; the frames of constructors themselves do not count for them."""
        construct, empty, seed = nn.Module.__init__, nn.Module.to_empty, torch.manual_seed

        def constructed(module: nn.Module, *args: Any, **kwargs: Any) -> None:
            if module not in self.trails:
                self.trails[module] = _outside(module)
            construct(module, *args, **kwargs)

        def emptied(module: nn.Module, *args: Any, **kwargs: Any) -> nn.Module:
            before = {key: self.last_write(tensor) for key, tensor in _slots(module)}
            result = empty(module, *args, **kwargs)
            self.emptied.update((_key(tensor), before.get(key)) for key, tensor in _slots(module))
            return result

        def seeding(*args: Any, **kwargs: Any) -> torch.Generator:
            self.seeded.append(take_trail(1))
            return seed(*args, **kwargs)

        with ExitStack() as stack:
            for holder, name, replacement in (
                (nn.Module, "__init__", constructed),
                (nn.Module, "to_empty", emptied),
                (torch, "manual_seed", seeding),
            ):
                stack.enter_context(patch.object(holder, name, replacement))
            yield

    def places(self, model: nn.Module) -> dict[str, Place]:
        """The place of each module, by its path in the model."""
        found = {
            name: resolve(self.trails[module].best) for name, module in model.named_modules() if module in self.trails
        }
        return {name: place for name, place in found.items() if place is not None}

    def seeds(self) -> tuple[Place, ...]:
        """Where a seed was set, in order."""
        found = (resolve(trail.best) for trail in self.seeded)
        return tuple(dict.fromkeys(place for place in found if place is not None))


def _slots(module: nn.Module) -> Iterator[tuple[tuple[int, str], torch.Tensor]]:
    for part in module.modules():
        for name, tensor in (*part._parameters.items(), *part._buffers.items()):
            if tensor is not None and not nn.parameter.is_lazy(tensor):
                yield (id(part), name), tensor


def _key(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _outside(module: nn.Module) -> Trail:
    """The trail of who called the module's constructor, past the constructors it went through."""
    import sys

    depth = 2
    frame = sys._getframe(depth)
    while frame.f_back is not None and frame.f_code.co_name == "__init__" and frame.f_locals.get("self") is module:
        frame = frame.f_back
        depth += 1
    return take_trail(depth - 1)
