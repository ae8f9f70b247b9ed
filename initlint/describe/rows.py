"""What `initlint describe` tells of a model: one row a parameter, alike members of a list folded into one."""

from __future__ import annotations

import re
from ast import PyCF_ONLY_AST
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from initlint.describe.alternatives import alternatives
from initlint.describe.flow_operations import plain_kind
from initlint.describe.nodes import InitEvent, Model, Parameter, Site
from initlint.describe.suggest import suggested
from initlint.describe.symbols import shown
from initlint.reference.layer_kind import ParameterSpec
from initlint.reference.schemes import SCHEMES

Size: TypeAlias = int | float | str | None  # a formula where it depends on unknown dimensions, None where unknown

_NO_FORM = ("any", "unknown")  # what SCHEMES says where a name alone does not tell the distribution

# A counted unknown, as `item#3`. Only the index of a list, `i#3`, says something to a person.
_READERS_NAME = re.compile(r"(?<!\bi)#\d")


@dataclass(frozen=True, slots=True)
class InitRow:
    """One way in which a parameter gets its value. `path` is set where that is written in another file."""

    scheme: str
    line: int | None
    default: bool
    std: Size
    mean: Size
    distribution: str | None
    path: str | None = None
    region: str | None = None  # the part it is written to; None: the whole


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One parameter, or the alike ones of a list: `blocks.*.fc.weight`.

    `init` is what the default configuration leaves, `alternatives` what others do, `partial` what is written to a
    part of it afterwards. `normalised` and `residual` are None where forward does not tell. `verdict` is the code of
    the gravest rule that speaks on it.
    """

    name: str
    layer: str
    layer_line: int | None
    layer_path: str | None
    shape: tuple[Size, ...] | None
    fan_in: Size
    fan_out: Size
    init: InitRow
    alternatives: tuple[InitRow, ...]
    partial: tuple[InitRow, ...]
    followed_by: tuple[str, ...]
    normalised: bool | None
    residual: bool | None
    suggested: str | None
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One class or function that makes modules. `complete` is False where reading had to stop early."""

    path: str
    cell: int | None
    name: str
    kind: str
    line: int
    complete: bool
    parameters: tuple[ParameterRow, ...]


def rows_of(model: Model, verdicts: Mapping[str, str]) -> ModelRow:
    """The model's rows; `verdicts` maps parameter names to codes."""
    site = model.site
    rows = [(one.site, _row(one, site.path, verdicts.get(one.name))) for one in model.parameters]
    return ModelRow(
        site.path, site.cell, model.name, model.kind, site.line, model.complete, tuple(_folded(rows))
    )  # fmt: skip


def _row(parameter: Parameter, path: str, verdict: str | None) -> ParameterRow:
    follow, site = parameter.follow, parameter.site
    raw = parameter.spec is None
    fans = _fans(parameter)
    return ParameterRow(
        name=parameter.name,
        layer="Parameter" if raw else plain_kind(parameter.module),
        layer_line=None if site is None else site.line,
        layer_path=_elsewhere(site, path),
        shape=None if parameter.shape is None else tuple(map(_size, parameter.shape)),
        fan_in=_size(fans[0]),
        fan_out=_size(fans[1]),
        init=_init(parameter.effective, path),
        alternatives=_distinct(alternatives(parameter), parameter.effective, path),
        partial=_distinct(parameter.after, None, path),
        followed_by=() if follow is None else follow.meets,
        normalised=None if follow is None else follow.normalised,
        residual=None if follow is None else follow.residual,
        suggested=suggested(parameter, judged=verdict is not None),
        verdict=verdict,
    )


def _size(value: object) -> Size:
    """A number, or a formula in names that stand in the source. What only the reader has a name for is unknown."""
    size = shown(value)
    if not isinstance(size, str):
        return size
    if _READERS_NAME.search(repr(value)):
        return None
    try:
        compile(size, "", "eval", PyCF_ONLY_AST)
    except (SyntaxError, ValueError):
        return None
    return None if "#" in size or "@" in size else size


def _fans(parameter: Parameter) -> tuple[object, object]:
    """What torch.nn.init reads off a layer's weight; of a raw parameter, what its product really sums over.

    And of a layer that stores its matrix the other way round, (in, out), as transformers' Conv1D does.
    """
    if parameter.spec is not None and not _is_turned(parameter.spec):
        return parameter.fan_in, parameter.fan_out
    if parameter.effective_fan_in is not None:
        return parameter.effective_fan_in, parameter.effective_fan_out
    if parameter.uses and "unknown" not in parameter.uses and "contract" not in parameter.uses:
        return None, None  # added, multiplied, looked up: nothing is summed
    return parameter.fan_in, parameter.fan_out


def _is_turned(spec: ParameterSpec) -> bool:
    read, true = (spec.fan_in, spec.fan_out), (spec.effective_fan_in, spec.effective_fan_out)
    return spec.role == "weight" and len(spec.shape or ()) == 2 and read == true[::-1] != true


def _init(event: InitEvent | None, path: str) -> InitRow:
    if event is None:
        return InitRow("unknown", None, False, None, None, None)
    return InitRow(
        scheme=event.scheme,
        line=None if event.site is None else event.site.line,
        default=event.default,
        std=_size(event.std),
        mean=_size(event.mean),
        distribution=_distribution(event),
        path=_elsewhere(event.site, path),
        region=event.region,
    )


def _distribution(event: InitEvent) -> str | None:
    if event.distribution is not None:
        return event.distribution
    scheme = SCHEMES.get(event.scheme)
    return None if scheme is None or scheme.distribution in _NO_FORM else scheme.distribution


def _elsewhere(site: Site | None, path: str) -> str | None:
    return site.path if site is not None and site.path != path else None


def _distinct(events: Iterable[InitEvent], but: InitEvent | None, path: str) -> tuple[InitRow, ...]:
    """Each way once, in the order of the source."""
    known = {_init(but, path)} if but is not None else set()
    made = dict.fromkeys(_init(event, path) for event in sorted(events, key=lambda event: event.order))
    return tuple(row for row in made if row not in known)


def _folded(rows: list[tuple[Site | None, ParameterRow]]) -> Iterator[ParameterRow]:
    """Rows that differ in the index of a list only, as one: made by the same text, with the same to tell."""
    alike: dict[str, set[object]] = {}
    count = Counter(_pattern(row.name) for _, row in rows)
    verdicts: dict[str, str] = {}
    for site, row in rows:
        pattern = _pattern(row.name)
        place = None if site is None else (site.path, site.span)
        alike.setdefault(pattern, set()).add((replace(row, name="", verdict=None), place))
        if row.verdict is not None:
            verdicts.setdefault(pattern, row.verdict)
    told: set[str] = set()
    for _, row in rows:
        pattern = _pattern(row.name)
        if count[pattern] == 1 or len(alike[pattern]) > 1:
            yield row
        elif pattern not in told:
            told.add(pattern)
            yield replace(row, name=pattern, verdict=verdicts.get(pattern))


def _pattern(name: str) -> str:
    return ".".join("*" if part.isdigit() else part for part in name.split("."))
