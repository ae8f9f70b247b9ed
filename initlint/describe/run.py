"""The state of a reading: which conditions hold, what was changed in a branch, what was met."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from initlint.describe.index import ClassInfo, FileIndex
from initlint.describe.nodes import Applied, Guard, InitEvent, Site
from initlint.describe.project import Project
from initlint.describe.symbols import MISSING, Sym
from initlint.describe.values import (
    Choice,
    ClassRef,
    Heap,
    Mapping,
    ModuleObject,
    Sequence,
    Storage,
    Tensor,
    Value,
    births,
)

if TYPE_CHECKING:
    from initlint.describe.handing import Handing

STEP_LIMIT = 60_000  # expressions read for one class: several times what the largest real model takes
FUNCTION_STEP_LIMIT = 12_000
FUNCTIONS_STEP_LIMIT = 120_000  # for all functions of a file: dozens of tests may each build the same great engine
SHORT_STEP_LIMIT = 2_000  # for each that is left then: an init function takes some hundreds
DEPTH_LIMIT = 40
TEXT_LIMIT = 160
TAIL_LIMIT = 400  # members that only some configurations add; a list that doubles in each branch is no model's
TENSOR_SIZE = "the size of a tensor"  # among the sizes that were asked for
CHOICE_LIMIT = 12  # more alternatives than this are as good as unknown


class ABSENT:
    """An attribute that was never set."""


class Stop(Exception):  # noqa: N818 - it ends a reading, and is no error
    """The reading became too large; what was found so far is incomplete."""


@dataclass(slots=True, eq=False)
class Frame:
    """One function being read. `owner` is the class whose body defines it; `place` is its file."""

    file: FileIndex
    env: dict[str, Value]
    name: str
    self_value: Value = None
    owner: ClassRef | None = None
    outer: Frame | None = None
    returns: list[tuple[tuple[Guard, ...], Value]] = field(default_factory=list)
    in_try: int = 0

    def site(self, node: ast.AST) -> Site:
        """The place of a node of this frame's file."""
        return Site(self.file.source, node)


@dataclass(slots=True, eq=False)
class Run:
    """One reading of a class or function, from its root."""

    project: Project
    guards: list[Guard] = field(default_factory=list)
    active: dict[object, bool] = field(default_factory=dict)
    rivals: dict[object, list[object]] = field(default_factory=dict)  # `x == "a"` and `x == "b"`: one at most is true
    journal: list[dict[tuple[int, str], tuple[Heap, str, Value]]] = field(default_factory=list)
    records: list[Any] = field(default_factory=list)
    nodes: list[Any] = field(default_factory=list)  # of the flow graph
    storages: list[Storage] = field(default_factory=list)
    reached: set[ast.AST] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    built: set[ClassInfo] = field(default_factory=set)  # classes that were instantiated
    stack: list[object] = field(default_factory=list)
    via: list[Handing] = field(default_factory=list)  # the calls of helpers that are being read
    steps: int = 0
    limit: int = STEP_LIMIT
    order: int = 0
    grad: bool = True
    forward: bool = False
    repeating: list[tuple[int, Value]] = field(default_factory=list)  # loops over alike items: (since when, how many)
    broad: int = 0
    fresh: int = 0
    plumbed: int = 0  # lines read that handle no models
    initialised: set[int] = field(default_factory=set)  # modules whose nn.Module.__init__ has run
    buffers: list[tuple[ModuleObject, str, Site]] = field(default_factory=list)  # as registered
    made: dict[int, int] = field(default_factory=dict)  # the order at which a class's module had been constructed
    names: dict[tuple[FileIndex, str], Value] = field(default_factory=dict)  # what names mean at the top of files
    sums: dict[tuple[object, ...], Value] = field(default_factory=dict)  # plain values of calls
    sizes: set[str] = field(default_factory=set)  # of tensors and layers, that were asked for, by name
    top: Frame | None = None  # the file's top level, where that is what is read
    frames: list[Frame] | None = None  # of the functions read, where their variables are wanted
    stopped: bool = False
    trained: int | None = None  # the order of the first backward pass

    def step(self) -> None:
        """Count one step; raise Stop when there were too many."""
        self.steps += 1
        if self.steps > self.limit:
            raise Stop

    def tick(self) -> int:
        """The next position in the order of writes."""
        self.order += 1
        return self.order

    @contextmanager
    def applying(self, applied: Applied) -> Iterator[None]:
        """Note what an `apply`, a loop over modules or an init method does, from here to the end of the block."""
        place = len(self.records)
        self.records.append(applied)
        try:
            yield
        finally:
            if place < len(self.records) and self.records[place] is applied:
                self.records[place] = replace(applied, end=self.tick(), count=len(self.records) - place - 1)

    def unknown(self, text: str, default: Any = MISSING, payload: Any = None) -> Sym:
        """A named unknown. Names stay short, so that an unknown made of unknowns cannot grow without end."""
        if len(text) > TEXT_LIMIT:
            text = f"{text[:40]}...{hash(text):x}"
        return Sym.atom(text, default, payload)

    def nameless(self, text: str) -> Sym:
        """An unknown that equals no other."""
        self.fresh += 1
        return Sym.atom(f"{text}#{self.fresh}")

    # conditions ------------------------------------------------------------------------------------------------

    def under(self, guards: tuple[Guard, ...]) -> AbstractContextManager[None]:
        """Read on with these conditions holding."""
        return _Under(self, guards) if guards else _AS_BEFORE

    def consistent(self, guards: tuple[Guard, ...]) -> bool:
        """Whether the conditions can hold beside those that hold now."""
        active = self.active
        for guard in guards if active else ():  # noqa: SIM110 - a loop is twice as fast here
            if active.get(guard.key, guard.taken) != guard.taken:
                return False
        return True

    def settle(self, value: Value) -> Value:
        """A choice, narrowed by the conditions that hold now."""
        if value.__class__ is not Choice:  # on the way of every expression
            return value
        if not self.active and len(value.options) > 1:
            return value
        options = tuple((guards, option) for guards, option in value.options if self.consistent(guards))
        if len(options) == 1:
            return self.settle(options[0][1])
        if not options:
            return self.nameless("nothing")
        return Choice(options) if len(options) < len(value.options) else value

    def options(self, value: Value) -> list[tuple[tuple[Guard, ...], Value]]:
        """All that a value can be, each with the conditions it needs."""
        if value.__class__ is not Choice:
            return [((), value)]
        if len(value.options) != 1 or not self.consistent(value.options[0][0]):
            value = self.settle(value)
            if value.__class__ is not Choice:
                return [((), value)]
        found: list[tuple[tuple[Guard, ...], Value]] = []
        for guards, option in value.options:
            if option.__class__ is Choice:
                found += [(guards + more, inner) for more, inner in self.options(option)]
            else:
                found.append((guards, option))
        return found

    @contextmanager
    def looping(self, alike: Value) -> Iterator[None]:
        """Read a loop's body once for `alike` items; None where each item is read."""
        if alike is None:
            yield
            return
        self.repeating.append((next(births), alike))
        try:
            yield
        finally:
            self.repeating.pop()

    def repeats(self, grown: Heap) -> Value:
        """How often a loop over alike items adds to something older than itself; None outside of one."""
        if self.repeating and grown.birth < self.repeating[-1][0]:
            return self.repeating[-1][1]
        return None

    def likely_first(self, value: Value) -> list[tuple[tuple[Guard, ...], Value]]:
        """The options, those of the default configuration first: what is visited once is then visited as there."""
        return sorted(
            self.options(value),
            key=lambda option: [0 if g.default else 2 if g.default is False else 1 for g in option[0]],
        )

    def choose(self, options: list[tuple[tuple[Guard, ...], Value]]) -> Value:
        """The value that is one of these; equal ones become one."""
        first = options[0][1]
        if all(same(first, value) for _, value in options[1:]):
            return first
        if sum(_width(value) for _, value in options) > CHOICE_LIMIT:
            return self.nameless("one of many")
        return Choice(tuple(options))

    def default_option(self, value: Value) -> Value:
        """What the default configuration makes of a choice; the choice itself where that is unknown."""
        value = self.settle(value)
        if isinstance(value, Choice):
            chosen = [option for guards, option in value.options if all(guard.default for guard in guards)]
            if len(chosen) == 1:
                return self.default_option(chosen[0])
        return value

    # changes ---------------------------------------------------------------------------------------------------

    def set(self, target: Heap, name: str, value: Value) -> None:
        """Change an object, so that a branch can be undone."""
        if self.journal:
            self.journal[-1].setdefault((id(target), name), (target, name, target.slots.get(name, ABSENT)))
        if value is ABSENT:
            target.slots.pop(name, None)
        else:
            target.slots[name] = value

    def record_write(self, storage: Storage, event: InitEvent) -> None:
        """Append a write to a tensor's history."""
        storage.events.append(event)

    def branch_begin(self) -> None:
        """Start to note changes."""
        self.journal.append({})

    def branch_end(self) -> dict[tuple[int, str], tuple[Heap, str, Value, Value]]:
        """Undo the branch's changes; return them as (object, name, before, after)."""
        changes = {}
        for key, (target, name, before) in self.journal.pop().items():
            changes[key] = (target, name, before, target.slots.get(name, ABSENT))
            if before is ABSENT:
                target.slots.pop(name, None)
            else:
                target.slots[name] = before
        return changes

    def merge(
        self,
        sides: list[tuple[tuple[Guard, ...], dict[tuple[int, str], tuple[Heap, str, Value, Value]]]],
    ) -> None:
        """Let the changes of several branches stand side by side."""
        for key in dict.fromkeys(key for _, changes in sides for key in changes):
            target, name, before = next(changes[key][:3] for _, changes in sides if key in changes)
            after = [(guards, changes[key][3] if key in changes else before) for guards, changes in sides]
            self.set(target, name, _join(self, target, name, after))


class _Under:
    """A class, not a generator: conditions are entered hundreds of times in each reading."""

    __slots__ = ("_added", "_guards", "_implied", "_run")

    def __init__(self, run: Run, guards: tuple[Guard, ...]) -> None:
        self._run = run
        self._guards = guards
        self._added: list[Guard] = []
        self._implied: list[object] = []

    def __enter__(self) -> None:
        run = self._run
        for guard in self._guards:
            if guard.key not in run.active:
                self._added.append(guard)
                run.guards.append(guard)
                run.active[guard.key] = guard.taken
                if guard.taken and guard.key in run.rivals:
                    self._exclude(run.rivals[guard.key])

    def _exclude(self, rivals: list[object]) -> None:
        active = self._run.active
        others = [key for key in rivals if key not in active]
        active.update(dict.fromkeys(others, False))
        self._implied += others

    def __exit__(self, *raised: object) -> None:
        for key in self._implied:
            del self._run.active[key]
        for guard in reversed(self._added):
            self._run.guards.pop()
            del self._run.active[guard.key]


_AS_BEFORE = nullcontext()


def _join(run: Run, target: Heap, name: str, after: list[tuple[tuple[Guard, ...], Value]]) -> Value:
    if isinstance(target, Sequence) and name == "items":
        return _join_items(run, after)
    if isinstance(target, Mapping) and name == "items":
        keys = dict.fromkeys(key for _, items in after for key in items)
        return {
            key: run.choose([(guards, items[key]) for guards, items in after if key in items])
            if all(key in items for _, items in after)
            else Choice(tuple((guards, items[key]) for guards, items in after if key in items))
            for key in keys
        }
    present = [(guards, value) for guards, value in after if value is not ABSENT]
    if len(present) < len(after):
        return Choice(tuple(present))
    return run.choose(present)


def _join_items(run: Run, after: list[tuple[tuple[Guard, ...], Value]]) -> tuple[Value, ...]:
    """Lists of one length, place by place; else their common start, then each list's own end under its condition."""
    first = after[0][1]
    if all(len(items) == len(first) for _, items in after):
        places = range(len(first))
        return tuple(run.choose([(guards, items[place]) for guards, items in after]) for place in places)
    shared = 0
    while all(len(items) > shared for _, items in after) and all(
        items[shared] is first[shared] or same(items[shared], first[shared]) for _, items in after
    ):
        shared += 1
    tail = [Choice(((guards, item),)) for guards, items in after for item in items[shared:]]
    return (*first[:shared], *tail[:TAIL_LIMIT])


def _width(value: Value) -> int:
    return sum(_width(option) for _, option in value.options) if isinstance(value, Choice) else 1


def same(left: Value, right: Value) -> bool:
    """Whether two values are surely one."""
    if left is right:
        return True
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        views = (left.region, left.copied, left.transposed) == (right.region, right.copied, right.transposed)
        return left.storage is not None and left.storage is right.storage and views
    if type(left) is not type(right):
        return False
    if isinstance(left, (int, float, str, bool, bytes, type(None), Sym, ClassRef)):
        return bool(left == right)
    return False
