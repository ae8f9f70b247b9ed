"""What other configurations leave in a parameter: found by trying every way the conditions can fall."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import TypeAlias

from initlint.describe.nodes import InitEvent, Parameter

Conditions: TypeAlias = Mapping[object, bool]

_KEY_LIMIT = 10  # 1024 configurations; of more, only what the description itself noted is told


def alternatives(parameter: Parameter) -> tuple[InitEvent, ...]:
    """The last whole writes that some configuration makes, the default one's left out."""
    made = set(parameter.history[0].guards) if parameter.history else set()
    whole = [event for event in parameter.history if event.whole]
    events = [(event, {guard.key: guard.taken for guard in event.guards if guard not in made}) for event in whole]
    keys = list(dict.fromkeys(key for _, conditions in events for key in conditions))
    if len(keys) > _KEY_LIMIT:
        return parameter.alternatives
    left = {id(event): event for one in _configurations(keys) if (event := _last(events, one)) is not None}
    return tuple(event for event in left.values() if event is not parameter.effective)


def _configurations(keys: list[object]) -> Iterator[Conditions]:
    for sides in product((True, False), repeat=len(keys)):
        yield dict(zip(keys, sides, strict=True))


def _last(events: list[tuple[InitEvent, dict[object, bool]]], configuration: Conditions) -> InitEvent | None:
    """What is left when the conditions fall like this."""
    for event, conditions in reversed(events):
        if all(configuration[key] == taken for key, taken in conditions.items()):
            return event
    return None
