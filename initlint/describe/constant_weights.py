"""Weights whose units all start equal, at places where that stops learning."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from initlint.describe.bottleneck import is_bottleneck, is_first
from initlint.describe.frozen import is_frozen
from initlint.describe.groups import Group, Member, is_weight, may_be_weight, members
from initlint.describe.nodes import FileModel, InitEvent, Parameter
from initlint.describe.owners import rewritten
from initlint.describe.symbols import constant, number
from initlint.describe.values import Tensor
from initlint.describe.zero_pairs import has_silent_bias, zero_pairs

_LOW_RANK = re.compile(r"lora", re.IGNORECASE)
_SCALED = frozenset({"mul", "rescaled"})
_FLAT_AT_ZERO = frozenset({"relu", "relu6"})  # their derivative at 0 is 0 in torch


def constant_hidden(file: FileModel, wanted: Callable[[InitEvent], bool]) -> Iterator[Group]:
    """The statements that leave hidden weights with the constant that `wanted` says, each with those weights."""
    found: dict[tuple[str, int], list[Member]] = {}
    constants = (member for member in members(file) if _is_constant(member.parameter.effective, wanted))
    candidates = [member for member in constants if _is_recurrent(member.parameter) or may_be_weight(member.parameter)]
    pairs = zero_pairs(file) if candidates else ()
    paired = {id(parameter.storage) for pair in pairs for parameter in (pair.first, pair.second)}
    for member in candidates:
        parameter, event = member.parameter, member.parameter.effective
        if event is None or event.site is None:
            continue
        if id(parameter.storage) in paired or _LOW_RANK.search(member.name):
            continue  # one factor of a pair is zero on purpose, which of them is for INI104 and INI109 to say
        if not _hidden(parameter, event) or rewritten(file, parameter):
            continue
        found.setdefault((event.site.path, id(event.site.node)), []).append(member)
    for alike in found.values():
        event = alike[0].parameter.effective
        assert event is not None
        assert event.site is not None
        yield Group(event.site, event, tuple(alike))


def _is_constant(event: InitEvent | None, wanted: Callable[[InitEvent], bool]) -> bool:
    return event is not None and event.site is not None and not event.default and event.certain and wanted(event)


def _hidden(parameter: Parameter, event: InitEvent) -> bool:
    if any(number(later.std) != 0 for later in parameter.after):
        return False  # a part is drawn afterwards
    if not (_is_recurrent(parameter) or is_weight(parameter)) or constant(parameter.fan_in) == 0:
        return False
    if parameter.spec is None and _SCALED & set(parameter.uses):
        return False  # `sigma * noise`: what it is multiplied by tells the units apart
    if number(event.mean) != 0 and constant(parameter.effective_fan_out) == 1:
        return False  # a single unit has no twin; a depthwise kernel is a filter
    if number(event.mean) == 0 and _is_first_with_random_bias(parameter):
        return False
    if is_frozen(parameter) or _is_resampled(parameter):
        return False
    return is_bottleneck(parameter) or _is_cut_off(parameter, event)


def _is_cut_off(parameter: Parameter, event: InitEvent) -> bool:
    """Whether a rectifier meets exact zeros: torch's gradient is zero there, so the weight never leaves zero."""
    follow = parameter.follow
    rectified = follow is not None and follow.known and follow.activation in _FLAT_AT_ZERO
    return rectified and number(event.mean) == 0 and has_silent_bias(parameter)


def _is_first_with_random_bias(parameter: Parameter) -> bool:
    """Whether a bias, drawn on purpose, tells the units apart, and no layer before them waits for a gradient.

    A network that makes the weights of another begins as a constant this way: the signal it gets is only the time.
    """
    bias = parameter.module.slots.get("bias")
    storage = bias.storage if isinstance(bias, Tensor) and parameter.slot == "weight" else None
    last = storage.events[-1] if storage is not None and storage.events else None
    drawn = last is not None and not last.default and last.distribution in ("uniform", "normal")
    return drawn and is_first(parameter)


def _is_recurrent(parameter: Parameter) -> bool:
    return parameter.packed > 1 and parameter.slot.startswith("weight_ih")


def _is_resampled(parameter: Parameter) -> bool:
    """Whether only transposed convolutions filled with given numbers follow: bilinear upsampling of a last layer."""
    follow = parameter.follow
    if follow is None or not follow.next_layers or len(follow.meets) != len({one.kind for one in follow.next_layers}):
        return False
    weights = [layer.slots.get("weight") for layer in follow.next_layers if layer.kind.startswith("ConvTranspose")]
    return len(weights) == len(follow.next_layers) and all(
        isinstance(weight, Tensor) and weight.storage is not None and weight.storage.events[-1].scheme == "copy"
        for weight in weights
    )
