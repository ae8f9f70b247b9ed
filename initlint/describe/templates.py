"""Objects that were built once and are copied where they are built again: the same class from the same arguments.

A model class is built by each of its heads, a block by each stage: reading a constructor a dozen times would say
nothing new. What its reading noted belongs to the description of one file, and so do the templates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from initlint.describe.nodes import Applied, Copied, Guard, InitEvent, Loaded, Repeat, Seeded, Site
from initlint.describe.run import Run
from initlint.describe.symbols import Atom, Sym
from initlint.describe.values import (
    Choice,
    ClassRef,
    External,
    Function,
    Heap,
    Mapping,
    ModuleObject,
    Partial,
    Sequence,
    Storage,
    Tensor,
    Value,
)  # fmt: skip

Key: TypeAlias = tuple[object, ...]
_KINDS: tuple[type[Heap], ...] = (ModuleObject, Sequence, Mapping)
_SLOTS = {kind: (*Heap.__slots__, *kind.__slots__) for kind in _KINDS}
WORTH_KEEPING = 40  # expressions read; building anything smaller again is as cheap as copying it
# What rules set in relation to what comes later in the same reading.
_TOLD_IN_ORDER = (Loaded, Seeded, Copied, Repeat)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a reading stood before the object was built."""

    steps: int
    order: int
    records: int
    buffers: int


@dataclass(slots=True)
class Template:
    """A pristine copy, and how many writes its making took."""

    module: ModuleObject
    order: int
    writes: int
    built: frozenset[Any]
    reached: frozenset[Any]
    files: frozenset[str]
    buffers: tuple[tuple[ModuleObject, str, Site], ...]
    made: dict[int, int]  # the order at which each of its modules had been constructed


def key(run: Run, cls: ClassRef, args: list[Value], kwargs: dict[str, Value]) -> Key | None:
    """What the object depends on, where that is plain enough to compare; else None."""
    if run.forward or run.broad:
        return None
    given = part(Sequence((*args, Mapping(kwargs))))
    under = _conditions(tuple(run.guards))
    return (id(cls.info), run.grad, given, under) if given is not None and under is not None else None


def _conditions(guards: tuple[Guard, ...]) -> tuple[object, ...] | None:
    """Conditions as something that can be compared; None where one is known by an object that may be gone."""
    if any(isinstance(guard.key, int) for guard in guards):
        return None
    return tuple((guard.key, guard.taken, guard.default) for guard in guards)


def part(value: Value) -> object | None:
    """A plain value as something that can be compared; None for anything else."""
    match value:
        case None | int() | float() | str():
            return (type(value), value)
        case Sym():
            atoms = [(atom.name, repr(atom.default), _payload(atom)) for mono in value.terms for atom, _ in mono]
            return (Sym, repr(value), tuple(atoms))
        case External():
            return (External, value.dotted)
        case ClassRef():
            return (ClassRef, id(value.info))
        case Function(closure=None, bound=None):
            return (Function, id(value.node))
        case Sequence(repeated=None):
            return _all((Sequence, value.kind), map(part, value.items))
        case Mapping(is_open=False):
            return _all((Mapping, *value.items), map(part, value.items.values()))
        case Partial():
            return _all((Partial, *value.kwargs), map(part, (value.function, *value.args, *value.kwargs.values())))
        case Choice():
            options = ((_conditions(guards), part(option)) for guards, option in value.options)
            return _all((Choice,), (None if None in option else option for option in options))
    return None


def _payload(atom: Atom) -> int:
    """What an unknown carries, by identity; a configuration's class is met as a new reference by each reading."""
    return id(atom.payload.info) if isinstance(atom.payload, ClassRef) else id(atom.payload)


def _all(head: tuple[object, ...], parts: Iterable[object | None]) -> tuple[object, ...] | None:
    found = (*head, *parts)
    return None if None in found[len(head) :] else found


def keep(run: Run, name: Key | None, module: ModuleObject, start: Start) -> None:
    """Remember the object as it is now, when making it was work and touched nothing outside itself."""
    if name is None or run.steps - start.steps < WORTH_KEEPING:
        return
    told = run.records[start.records :]
    if any(isinstance(one, _TOLD_IN_ORDER) or (isinstance(one, Applied) and one.how != "post_init") for one in told):
        return
    run.project.templates[name] = take(run, module, start)


def take(run: Run, module: ModuleObject, start: Start) -> Template:
    """A pristine copy of the object as it is now."""
    aside = Run(run.project)
    copier = _Copier(aside, 0, run.made)
    made = copier.copy(module)
    buffers = tuple((copier.copy(owner), name, site) for owner, name, site in run.buffers[start.buffers :])
    return Template(
        made, start.order, run.order - start.order, frozenset(run.built), frozenset(run.reached), frozenset(run.files),
        buffers, aside.made,
    )  # fmt: skip


def recall(run: Run, name: Key | None, site: Site) -> ModuleObject | None:
    """A copy of the object, as if it had been built here."""
    template = run.project.templates.get(name) if name is not None else None
    if template is None:
        return None
    made = give(run, template)
    made.site = site
    return made


def give(run: Run, template: Template) -> ModuleObject:
    """A copy of the template's object."""
    copier = _Copier(run, run.order - template.order, template.made)
    made: ModuleObject = copier.copy(template.module)
    run.buffers += [(copier.copy(owner), name, site) for owner, name, site in template.buffers]
    run.order += template.writes
    run.built |= template.built
    run.reached |= template.reached
    run.files |= template.files
    return made


class _Copier:
    """Copies a tree of modules; `shift` moves its writes to where the reading stands."""

    def __init__(self, run: Run, shift: int, made: dict[int, int]) -> None:
        self._run = run
        self._shift = shift
        self._made = made
        self._seen: dict[int, Any] = {}

    def copy(self, value: Value) -> Any:
        """The value itself where it cannot change, else a copy."""
        kind = value.__class__  # each of these is final
        if kind is Tensor:
            return self._tensor(value)
        if kind is Choice:
            return Choice(tuple((guards, self.copy(option)) for guards, option in value.options))
        if kind is ModuleObject or kind is Sequence or kind is Mapping:
            return self._seen.get(id(value)) or self._heap(value)
        return value

    def _heap(self, value: Heap) -> Heap:
        made = object.__new__(type(value))
        for slot in _SLOTS[type(value)]:
            setattr(made, slot, getattr(value, slot))
        self._seen[id(value)] = made
        made.slots = {name: self._slot(inner) for name, inner in value.slots.items()}
        if isinstance(made, ModuleObject):
            self._run.initialised.add(id(made))
            if id(value) in self._made:
                self._run.made[id(made)] = self._made[id(value)] + self._shift
        return made

    def _slot(self, value: Value) -> Value:
        if value.__class__ is tuple:
            return tuple(self.copy(item) for item in value)
        if value.__class__ is dict:
            return {name: self.copy(item) for name, item in value.items()}
        return self.copy(value)

    def _tensor(self, tensor: Tensor) -> Tensor:
        if tensor.storage is None:
            return tensor
        return tensor.on(self._storage(tensor.storage))

    def _storage(self, old: Storage) -> Storage:
        if id(old) not in self._seen:
            made = old.twin([self._event(event) for event in old.events])
            self._seen[id(old)] = made
            made.layer = self.copy(old.layer)
            made.source = self._storage(old.source) if old.source is not None else None
            self._run.storages.append(made)
        return self._seen[id(old)]  # type: ignore[no-any-return]

    def _event(self, event: InitEvent) -> InitEvent:
        """One write is one object in all tensors that had it before they were copied from each other."""
        if not self._shift:
            return event
        if id(event) not in self._seen:
            self._seen[id(event)] = event.moved(self._shift)
        return self._seen[id(event)]  # type: ignore[no-any-return]
