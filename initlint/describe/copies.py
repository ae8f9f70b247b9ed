"""`copy.deepcopy` of a module: the same tree with tensors of its own."""

from __future__ import annotations

from typing import Any

from initlint.describe.run import Run
from initlint.describe.values import Choice, Heap, Mapping, ModuleObject, Sequence, Storage, Tensor, Value


def clone(run: Run, value: Value, memo: dict[int, Any] | None = None) -> Any:
    """A deep copy: new modules and storages whose history says that they are copies."""
    memo = {} if memo is None else memo
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, Tensor):
        return _tensor(run, value, memo)
    if isinstance(value, Choice):
        return Choice(tuple((guards, clone(run, option, memo)) for guards, option in value.options))
    if not isinstance(value, (ModuleObject, Sequence, Mapping)):
        return value
    if isinstance(value, ModuleObject):
        made: Heap = ModuleObject(
            value.kind,
            value.site,
            cls=value.cls,
            dotted=value.dotted,
            arguments=dict(value.arguments),
            generic=value.generic,
        )
        for name in ("wrappers", "loaded", "multiplicity", "bases", "marks"):
            setattr(made, name, getattr(value, name))
        run.initialised.add(id(made))
    elif isinstance(value, Sequence):
        made = Sequence((), value.kind, value.repeated)
    else:
        made = Mapping({}, value.is_open)
    memo[id(value)] = made
    for name, inner in value.slots.items():
        if name == "items":
            inner = (
                tuple(clone(run, item, memo) for item in inner)
                if isinstance(inner, tuple)
                else {k: clone(run, v, memo) for k, v in inner.items()}
            )
            made.slots[name] = inner
        else:
            made.slots[name] = clone(run, inner, memo)
    return made


def _tensor(run: Run, tensor: Tensor, memo: dict[int, Any]) -> Tensor:
    old = tensor.storage
    if old is None:
        return tensor
    if id(old) not in memo:
        layer = memo.get(id(old.layer), old.layer)
        memo[id(old)] = Storage(
            old.shape,
            old.site,
            list(old.events),
            is_parameter=old.is_parameter,
            source=old,
            layer=layer,
            slot=old.slot,
            frozen=old.frozen,
        )
        run.storages.append(memo[id(old)])
    return Tensor(
        memo[id(old)],
        tensor.region,
        tensor.transposed,
        tensor.detached,
        tensor.copied,
        tensor.is_parameter,
        None,
        tensor.shape,
        tensor.tracked,
    )
