"""The tensors in what forward returns, whatever it is wrapped in. (child)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor, nn

_DEEPEST = 6


def tensors(output: object) -> Iterator[Tensor]:
    """Each tensor once: of tuples, lists, dicts, dataclasses and other objects, such as a distribution."""
    yield from _inside(output, _DEEPEST, set())


def _inside(value: Any, depth: int, seen: set[int]) -> Iterator[Tensor]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Tensor):
        yield value
    elif depth:
        for part in _parts(value):
            yield from _inside(part, depth - 1, seen)


def _parts(value: Any) -> list[Any]:
    match value:
        case Mapping():
            return list(value.values())
        case tuple() | list():
            return list(value)
        case str() | bytes() | int() | float() | type() | nn.Module() | None:
            return []
    slots = [getattr(value, name, None) for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    return [*getattr(value, "__dict__", {}).values(), *slots]
