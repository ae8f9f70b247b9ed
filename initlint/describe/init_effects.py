"""What transformers' `_init_weights` did to one module, done again to its equals without reading it again.

`post_init` hands every module of a model to one long function, and each of a library's models has many heads: half of
all reading was this one function, on modules that nothing tells apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from initlint.describe import calls, classes
from initlint.describe.facts import BranchChain, InitName
from initlint.describe.init_chains import Chain, chain_of, is_indifferent, own_storages
from initlint.describe.nodes import InitCall, InitEvent, TypeTest
from initlint.describe.project import Project
from initlint.describe.run import TENSOR_SIZE, Frame, Run
from initlint.describe.symbols import Sym
from initlint.describe.templates import Key, part
from initlint.describe.values import Choice, ClassRef, Function, ModuleObject, Storage, Tensor, Value

_WITHOUT_FANS = frozenset({"normal", "trunc_normal", "uniform", "zeros", "ones", "constant"})
_OF_THE_TEXT = (BranchChain, InitName, TypeTest)  # facts that hold whatever module is at hand


@dataclass(frozen=True, slots=True)
class Effect:
    """The writes to a module's own tensors, each with the tensor's place among them, and the facts met on the way."""

    writes: tuple[tuple[int, InitEvent], ...]
    facts: tuple[tuple[Any, int | None], ...]
    start: int
    ticks: int
    reached: frozenset[Any]
    files: frozenset[str]


def init_weights(run: Run, function: Function, module: ModuleObject, node: Any, frame: Frame) -> None:
    """Hand a module to the model's `_init_weights`."""
    chain = chain_of(run.project, function)
    if chain is not None and is_indifferent(run.project, chain, module):
        return
    keys = {}
    for sized in (False, True):
        keys[sized] = key = _key(run, function, module, chain, sized)
        effect = run.project.memo.get(key) if key is not None else None
        if isinstance(effect, Effect):
            _repeat(run, effect, module)
            return
    before = _Before.of(run, function, module)
    kept = run.files, run.reached, run.sizes
    run.files, run.reached, run.sizes = set(), set(), set()  # to see which are this call's
    try:
        calls.call_function(run, function, [module], {}, node, frame)
        _keep(run, keys, chain, before)
    finally:
        run.files |= kept[0]
        run.reached |= kept[1]
        run.sizes |= kept[2]


def _keep(run: Run, keys: dict[bool, Key | None], chain: Chain | None, before: _Before) -> None:
    """Remember what the call did, for modules of any size where it asked for none."""
    asked = chain is None or any(name == TENSOR_SIZE or name not in chain.text for name in run.sizes)
    for sized in (True,) if asked else (False, True):
        key = keys[sized]
        if key is not None and (seen := before.effect(run, sized=sized)) is not None:
            run.project.memo[key] = seen
            return


@dataclass(frozen=True, slots=True)
class _Before:
    """How things stood before the call."""

    module: ModuleObject
    bound: ModuleObject
    slots: tuple[Any, ...]
    lengths: dict[int, int]
    order: int
    records: int
    storages: int

    @classmethod
    def of(cls, run: Run, function: Function, module: ModuleObject) -> _Before:
        bound = function.bound
        assert isinstance(bound, ModuleObject)
        lengths = {id(one): len(one.events) for one in own_storages(module)}
        state = _state(module), _state(bound)
        return cls(module, bound, state, lengths, run.order, len(run.records), len(run.storages))

    def effect(self, run: Run, *, sized: bool) -> Effect | None:
        """What the call did; None where that went beyond the module's own tensors."""
        own = own_storages(self.module)
        if len(run.storages) != self.storages or (_state(self.module), _state(self.bound)) != self.slots:
            return None
        places = {id(storage): place for place, storage in enumerate(own)}
        writes = [(place, event) for place, one in enumerate(own) for event in one.events[self.lengths[id(one)] :]]
        facts = [self._fact(record, places) for record in run.records[self.records :]]
        known = [fact for fact in facts if fact is not None]
        ticks = run.order - self.order
        if len(known) < len(facts) or len(writes) != ticks or not all(_is_plain(event, sized) for _, event in writes):
            return None
        return Effect(tuple(writes), tuple(known), self.order, ticks, frozenset(run.reached), frozenset(run.files))

    def _fact(self, record: Any, places: dict[int, int]) -> tuple[Any, int | None] | None:
        if isinstance(record, _OF_THE_TEXT):
            return record, None
        if not isinstance(record, InitCall) or record.target.module not in (None, self.module):
            return None
        storage = record.target.storage
        if storage is None:
            return record, None
        return (record, places[id(storage)]) if id(storage) in places else None


def _repeat(run: Run, effect: Effect, module: ModuleObject) -> None:
    own = own_storages(module)
    made: dict[int, Any] = {}
    for record, place in effect.facts:
        if isinstance(record, InitCall):
            holder = module if record.target.module is not None else None
            storage = own[place] if place is not None else None
            shape = record.target.shape
            if storage is not None and record.target.region is None:
                shape = storage.shape
            target = replace(record.target, module=holder, storage=storage, shape=shape)
            values = {name: _moved(value, record.target.storage, storage) for name, value in record.values.items()}
            made[id(record)] = replace(record, target=target, values=values)
        run.records.append(made.get(id(record), record))
    for place, event in effect.writes:
        order = run.order + event.order - effect.start
        own[place].events.append(replace(event, call=made.get(id(event.call)), order=order))
    run.order += effect.ticks
    run.reached |= effect.reached
    run.files |= effect.files


def _moved(value: Value, old: Storage | None, new: Storage | None) -> Value:
    """The tensor that was handed to the call, as this module has it."""
    if not isinstance(value, Tensor) or new is None or value.storage is not old:
        return value
    return replace(value, storage=new, shape=value.shape if value.region else new.shape)


def _state(module: ModuleObject) -> tuple[Any, ...]:
    return module.marks, *((name, id(value)) for name, value in module.slots.items())


def _is_plain(event: InitEvent, sized: bool) -> bool:
    """Whether it is the same for any layer alike (`sized`: of this size), and holds no unknown of this one reading."""
    numbers = (event.mean, event.std, event.low, event.high)
    nameless = any("#" in repr(one) for one in numbers if isinstance(one, Sym))
    return (sized or (event.scheme in _WITHOUT_FANS and event.region is None)) and not nameless


def _key(run: Run, function: Function, module: ModuleObject, chain: Chain | None, sized: bool) -> Key | None:
    """All that the function can ask of the module and of the model it is bound to; sizes only where `sized`."""
    bound = function.bound
    if chain is None or not isinstance(bound, ModuleObject) or bound.cls is None or run.journal:
        return None
    if chain.sized and not sized:
        return None
    of_model = tuple((name, _sign(bound.slots[name], {}, sized)) for name in chain.asked if name in bound.slots)
    others = [name for name in chain.asked if name not in bound.slots and name != "config"]
    seen: dict[int, int] = {}
    of_module = tuple((name, _sign(value, seen, sized)) for name, value in module.slots.items())
    given = {name: value for name, value in module.arguments.items() if sized or name in chain.text}
    arguments = tuple((name, _sign(value, seen, sized)) for name, value in given.items())
    kind = (module.cls or module.kind, module.bases, module.dotted, module.generic, module.wrappers, module.marks)
    who = (id(function.node), chain.infos, tuple(_defined(run.project, bound.cls, name) for name in others))
    state = (tuple(run.guards), run.grad, run.broad)
    return ("sized" if sized else "any size", who, of_model, kind, of_module, arguments, state)


def _defined(project: Project, cls: ClassRef, name: str) -> int:
    """Which definition of a method or constant the class has: another class may override it."""
    key = ("defined", id(cls.info), name)
    if key not in project.memo:
        method, constant = classes.find(project, cls, name), classes.constant(project, cls, name)
        project.memo[key] = id(method.node) if method is not None else id(constant[0]) if constant is not None else 0
    return project.memo[key]  # type: ignore[return-value]


def _sign(value: Value, seen: dict[int, int], sized: bool) -> object:
    """What tells two values apart, as far as an init function could."""
    if isinstance(value, Tensor):
        storage = value.storage
        if storage is None:
            return ("tensor", None)
        place = seen.setdefault(id(storage), len(seen))
        made = storage.events[0].guards if storage.events else ()
        shape = tuple(map(repr, storage.shape)) if sized and storage.shape is not None else storage.shape is None
        return ("tensor", place, value.is_parameter, value.region, storage.frozen, shape, made)
    if isinstance(value, Choice):
        return ("choice", tuple((guards, _sign(option, seen, sized)) for guards, option in value.options))
    if isinstance(value, ModuleObject):
        return ("module", value.kind, value.cls)
    return part(value) or type(value).__name__
