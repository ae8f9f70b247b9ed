"""What happened to each storage, in order, and what that leaves in any view of it. (child)"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from initlint.runtime.distribution import EMPTY, OPAQUE, Distribution, constant
from initlint.runtime.frames import Trail
from initlint.runtime.geometry import Geometry, Relation, covered, relate


@dataclass(frozen=True, slots=True)
class Value:
    """What entries hold: their distribution, and which draw they are. Equal draws are equal numbers."""

    form: Distribution
    draw: int | None = None
    data: Any = None  # a literal's numbers, as a tensor

    def mapped(self, form: Distribution, *key: object) -> Value:
        """The value after a deterministic step that `key` describes."""
        draw = None if self.draw is None else hash((self.draw, *key))
        return Value(form, draw)


UNKNOWN = Value(OPAQUE)
RAW = Value(EMPTY)


@dataclass(frozen=True, slots=True)
class Content:
    """What a view holds: one value, and other values over parts of it. Parts are geometries of the storage."""

    base: Value
    parts: tuple[tuple[Geometry, Value], ...] = ()

    @property
    def plain(self) -> Value:
        """The one value there is, or the unknown."""
        return UNKNOWN if self.parts else self.base


Step = Callable[[Value], Value]


@dataclass(frozen=True, slots=True)
class Write:
    """One write to a storage. `step` makes the new value from the old one where kind is update."""

    index: int
    kind: str
    region: Geometry
    scheme: str
    function: str
    arguments: dict[str, Any]
    trail: Trail
    content: Content | None = None  # parts relative to `region`
    step: Step | None = None
    scattered: bool = False  # the entries are chosen by data: some of the region, not all
    source: tuple[Ledger, Geometry, int] | None = None


@dataclass(eq=False)
class Ledger:
    """The history of one storage. `anchor` keeps its key from being used again."""

    key: int
    anchor: object
    foreign: bool = False  # came from where the tape did not run
    writes: list[Write] = field(default_factory=list)

    def read(self, view: Geometry, before: int | None = None) -> Content:
        """What `view` holds, before the write numbered `before`."""
        base: Value = UNKNOWN
        parts: list[tuple[Geometry, Value]] = []
        for write in self.writes:
            if before is not None and write.index >= before:
                break
            relation = relate(write.region, view)
            if relation is Relation.NONE:
                continue
            if write.kind == "update":
                base, parts = _updated(write, relation, base, parts)
            elif relation is Relation.FULL and not write.scattered:
                base, parts = _content_over(write, view)
            else:
                parts = [(where, value) for where, value in parts if relate(write.region, where) is not Relation.FULL]
                parts.append((write.region, _single(write)))
        return Content(base, tuple(parts))

    def history(self, view: Geometry, before: int | None = None, depth: int = 40) -> Iterator[tuple[Write, Geometry]]:
        """The writes that touched `view`, those of what it was copied from first."""
        for write in self.writes:
            if before is not None and write.index >= before:
                return
            if relate(write.region, view) is Relation.NONE:
                continue
            if write.source is not None and depth:
                origin, region, upto = write.source
                yield from origin.history(region, upto, depth - 1)
            yield write, view

    def raw_share(self, view: Geometry) -> float:
        """The share of `view` that is still raw memory; 0 where that cannot be told."""
        content = self.read(view)
        if content.base.form.family != "empty":
            raw = [where for where, value in content.parts if value.form.family == "empty"]
            return sum(where.numel for where in raw) / max(view.numel, 1)
        written = [where for where, value in content.parts if value.form.family != "empty"]
        if any(write.scattered for write in self.writes) or covered(written, view) is not False:
            return 0.0 if written else 1.0
        return max(0.0, 1 - sum(where.numel for where in written) / max(view.numel, 1))


def _single(write: Write) -> Value:
    return write.content.plain if write.content else UNKNOWN


def _content_over(write: Write, view: Geometry) -> tuple[Value, list[tuple[Geometry, Value]]]:
    content = write.content or Content(UNKNOWN)
    inside = [(where, value) for where, value in content.parts if relate(where, view) is not Relation.NONE]
    for where, value in inside:
        if relate(where, view) is Relation.FULL:
            return value, []
    base = content.base
    if write.region != view and base.draw is not None:
        base = replace(base, draw=hash((base.draw, view.offset - write.region.offset, view.size, view.stride)))
    return base, inside


def _updated(
    write: Write, relation: Relation, base: Value, parts: list[tuple[Geometry, Value]]
) -> tuple[Value, list[tuple[Geometry, Value]]]:
    step = write.step or (lambda value: UNKNOWN)
    if relation is Relation.FULL and not write.scattered:
        return step(base), [(where, step(value)) for where, value in parts]
    touched = [where for where, _ in parts if relate(write.region, where) is not Relation.NONE]
    if write.region in touched and len(touched) == 1 and not write.scattered:
        return base, [(where, step(value) if where == write.region else value) for where, value in parts]
    new = UNKNOWN if touched or write.scattered else step(base)
    kept = [(where, value) for where, value in parts if relate(write.region, where) is not Relation.FULL]
    return base, [*kept, (write.region, new)]


def literal(data: Any) -> Value:
    """Numbers that the code spelled out; all equal ones are a constant."""
    if data.numel() and not data.is_complex() and bool((data == data.flatten()[0]).all()):
        return Value(constant(float(data.flatten()[0])))
    return Value(Distribution("literal"), data=data)
