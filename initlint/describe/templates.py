"""Objects that were built once and are copied where they are built again: the same class from the same arguments.

A library's model class is built by each of its heads; reading its constructor a dozen times would say nothing new.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from initlint.describe.nodes import Applied, Copied, Loaded, Repeat, Seeded, Site
from initlint.describe.run import Run
from initlint.describe.symbols import Sym
from initlint.describe.values import (
    Choice,
    ClassRef,
    External,
    Function,
    Heap,
    Mapping,
    ModuleObject,
    Sequence,
    Storage,
    Tensor,
    Value,
)  # fmt: skip

WORTH_KEEPING = 400  # expressions read; building anything smaller again is as cheap as copying it
# What rules set in relation to what comes later in the same reading.
_TOLD_IN_ORDER = (Loaded, Seeded, Copied, Repeat)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a reading stood before the object was built."""

    steps: int
    order: int
    records: int


@dataclass(slots=True)
class Template:
    """A pristine copy, and how many writes its making took."""

    module: ModuleObject
    order: int
    writes: int
    built: frozenset[Any]
    reached: frozenset[Any]
    files: frozenset[str]
    steps: int


def key(run: Run, cls: ClassRef, args: list[Value], kwargs: dict[str, Value]) -> str | None:
    """What the object depends on, where that is plain enough to compare; else None."""
    if run.active or run.forward or run.broad:
        return None
    parts = [part(value) for value in args] + [(name, part(value)) for name, value in kwargs.items()]
    if any(part is None or (isinstance(part, tuple) and part[1:] == (None,)) for part in parts):
        return None
    return f"template:{id(cls.info)}:{parts}"


def part(value: Value) -> object | None:
    """A plain value as something that can be compared; None for anything else."""
    if value is None or isinstance(value, (int, float, str, bool)):
        return (type(value).__name__, value)
    if isinstance(value, Sym):
        atoms = [(atom.name, repr(atom.default), id(atom.payload)) for monomial in value.terms for atom, _ in monomial]
        return ("symbol", repr(value), tuple(atoms))
    if isinstance(value, External):
        return ("external", value.dotted)
    if isinstance(value, ClassRef):
        return ("class", id(value.info))
    if isinstance(value, Function) and value.closure is None and value.bound is None:
        return ("function", id(value.node))
    if isinstance(value, Sequence) and value.repeated is None:
        inner = tuple(part(item) for item in value.items)
        return None if None in inner else ("sequence", value.kind, inner)
    return None


def keep(run: Run, name: str | None, module: ModuleObject, start: Start) -> None:
    """Remember the object as it is now, when making it was work and touched nothing outside itself."""
    if name is None or run.active or run.steps - start.steps < WORTH_KEEPING:
        return
    told = run.records[start.records :]
    if any(isinstance(one, _TOLD_IN_ORDER) or (isinstance(one, Applied) and one.how != "post_init") for one in told):
        return
    run.project.memo[name] = Template(
        _Copier(run, 0).copy(module), start.order, run.order - start.order, frozenset(run.built),
        frozenset(run.reached), frozenset(run.files), run.steps - start.steps,
    )  # fmt: skip


def recall(run: Run, name: str | None, site: Site) -> ModuleObject | None:
    """A copy of the object, as if it had been built here."""
    template = run.project.memo.get(name) if name is not None else None
    if not isinstance(template, Template):
        return None
    made = _Copier(run, run.order - template.order).copy(template.module)
    made.site = site
    run.order += template.writes
    run.built |= template.built
    run.reached |= template.reached
    run.files |= template.files
    return made  # type: ignore[no-any-return]


class _Copier:
    """Copies a tree of modules; `shift` moves its writes to where the reading stands."""

    def __init__(self, run: Run, shift: int) -> None:
        self._run = run
        self._shift = shift
        self._seen: dict[int, Any] = {}

    def copy(self, value: Value) -> Any:
        """The value itself where it cannot change, else a copy."""
        if isinstance(value, Tensor):
            return self._tensor(value)
        if isinstance(value, Choice):
            return Choice(tuple((guards, self.copy(option)) for guards, option in value.options))
        if isinstance(value, (ModuleObject, Sequence, Mapping)):
            return self._seen.get(id(value)) or self._heap(value)
        return value

    def _heap(self, value: Heap) -> Heap:
        made = object.__new__(type(value))
        for slot in (*Heap.__slots__, *type(value).__slots__):
            setattr(made, slot, getattr(value, slot))
        self._seen[id(value)] = made
        made.slots = {name: self._slot(inner) for name, inner in value.slots.items()}
        if isinstance(made, ModuleObject):
            self._run.initialised.add(id(made))
        return made

    def _slot(self, value: Value) -> Value:
        if isinstance(value, tuple):
            return tuple(self.copy(item) for item in value)
        if isinstance(value, dict):
            return {name: self.copy(item) for name, item in value.items()}
        return self.copy(value)

    def _tensor(self, tensor: Tensor) -> Tensor:
        if tensor.storage is None:
            return tensor
        return replace(tensor, storage=self._storage(tensor.storage))

    def _storage(self, old: Storage) -> Storage:
        if id(old) not in self._seen:
            made = replace(
                old, events=[replace(event, order=event.order + self._shift) for event in old.events], uses=[]
            )
            self._seen[id(old)] = made
            made.layer = self.copy(old.layer)
            self._run.storages.append(made)
        return self._seen[id(old)]  # type: ignore[no-any-return]
