"""Where each module of a model was constructed: the user's line. (child)"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from torch import nn

from initlint.runtime.frames import Trail, resolve, take_trail
from initlint.runtime.protocol import Place


class Sightings:
    """The constructor calls that were seen."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.trails: WeakKeyDictionary[nn.Module, Trail] = WeakKeyDictionary()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note every `Module.__init__` in the block; the frames of the constructors themselves do not count."""
        original = nn.Module.__init__

        def noted(module: nn.Module, *args: Any, **kwargs: Any) -> None:
            if module not in self.trails:
                self.trails[module] = _outside(module)
            original(module, *args, **kwargs)

        nn.Module.__init__ = noted  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            nn.Module.__init__ = original  # type: ignore[method-assign]

    def places(self, model: nn.Module) -> dict[str, Place]:
        """The place of each module, by its path in the model."""
        found = {
            name: resolve(self.trails[module].best) for name, module in model.named_modules() if module in self.trails
        }
        return {name: place for name, place in found.items() if place is not None}


def _outside(module: nn.Module) -> Trail:
    """The trail of who called the module's constructor, past the constructors it went through."""
    import sys

    depth = 2
    frame = sys._getframe(depth)
    while frame.f_back is not None and frame.f_code.co_name == "__init__" and frame.f_locals.get("self") is module:
        frame = frame.f_back
        depth += 1
    return take_trail(depth - 1)
