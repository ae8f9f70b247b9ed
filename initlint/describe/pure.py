"""Functions of numbers that came to a number: a padding, a width rounded up. Each is read once for its arguments.

A model asks for hundreds of such values, and for few different ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from initlint.describe.run import Run
from initlint.describe.values import Function, Sequence, Value

UNKNOWN = object()
_PLAIN = (int, float, str, bool, type(None))


@dataclass(frozen=True, slots=True)
class Sums:
    """A call by what its value depends on, and where the reading stood before it."""

    key: tuple[object, ...]
    seen: tuple[int, ...]


def sums(run: Run, function: Function, args: list[Value], kwargs: dict[str, Value]) -> Sums | None:
    """The call, where it is handed nothing but numbers and words."""
    if function.bound is not None or function.closure is not None or run.frames is not None:
        return None
    given = [_part(value) for value in (*args, *kwargs.values())]
    if UNKNOWN in given:
        return None
    # what holds now may have decided a question that the function asks of something else than its arguments
    under = tuple((guard.key, guard.taken) for guard in run.guards)
    return Sums((function.node, len(args), *given, *kwargs, *under), _seen(run))


def _part(value: Value) -> Any:
    """A plain value with its type: 1 is not True. A tuple of such."""
    if value.__class__ in _PLAIN:
        return value.__class__, value
    if value.__class__ is Sequence and value.kind == "tuple" and value.repeated is None:
        parts = tuple(_part(item) for item in value.items)
        return UNKNOWN if UNKNOWN in parts else parts
    return UNKNOWN


def _seen(run: Run) -> tuple[int, ...]:
    """What grows with all that a reading notes."""
    return run.order, len(run.records), len(run.storages), len(run.nodes), len(run.buffers), len(run.made)


def recall(run: Run, call: Sums | None) -> Value:
    """What the same call came to before; UNKNOWN where it was not made, or did more than come to a value."""
    value = run.sums.get(call.key, UNKNOWN) if call is not None else UNKNOWN
    return Sequence(value.items, "tuple") if isinstance(value, Sequence) else value


def keep(run: Run, call: Sums | None, value: Value) -> None:
    """Remember what the call came to, where that is plain and nothing else was done."""
    if call is not None and _part(value) is not UNKNOWN and _seen(run) == call.seen:
        run.sums[call.key] = value
