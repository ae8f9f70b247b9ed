"""One dispatched operation becomes ledger entries and a log node. (child)"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._pytree import tree_leaves, tree_map_only

from initlint.runtime import evaluate
from initlint.runtime.geometry import Geometry
from initlint.runtime.ledger import UNKNOWN, Content, Ledger, Value, literal
from initlint.runtime.oplog import Node
from initlint.runtime.storages import anchored, view_of

if TYPE_CHECKING:
    from initlint.runtime.tape import Tape

_SHOWN = (int, float, bool, str)


@dataclass(frozen=True)
class OperationFacts:
    """What an operation's schema says, read once."""

    operation: str
    name: str
    parameters: tuple[str, ...]
    defaults: dict[str, Any]
    outputs: tuple[str, ...]  # the arguments it writes to
    device: bool

    def bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """All arguments by name: the dispatcher drops those that equal the schema's defaults."""
        return {**self.defaults, **dict(zip(self.parameters, args, strict=False)), **kwargs}

    def tensors(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[torch.Tensor]:
        """Every tensor among the arguments."""
        found = [item for item in (*args, *kwargs.values()) if isinstance(item, torch.Tensor)]
        nested = [item for item in (*args, *kwargs.values()) if isinstance(item, (list, tuple))]
        return found + [item for item in tree_leaves(nested) if isinstance(item, torch.Tensor)]

    def written(self, args: tuple[Any, ...], kwargs: dict[str, Any], device: str = "") -> list[torch.Tensor]:
        """The tensors it writes to, of one kind of device if named."""
        if not self.outputs:
            return []
        bound = self.bound(args, kwargs)
        found = [item for item in tree_leaves([bound[name] for name in self.outputs]) if isinstance(item, torch.Tensor)]
        return [tensor for tensor in found if not device or tensor.device.type == device]

    @staticmethod
    def mapped(
        args: tuple[Any, ...], kwargs: dict[str, Any], function: Callable[[torch.Tensor], torch.Tensor]
    ) -> tuple[Any, Any]:
        """The arguments with each tensor replaced."""
        return tree_map_only(torch.Tensor, function, args), tree_map_only(torch.Tensor, function, kwargs)


@lru_cache(maxsize=4096)
def facts_of(func: Any) -> OperationFacts:
    """The facts of an aten operation."""
    schema = func._schema
    return OperationFacts(
        operation=str(func),
        name=evaluate.base_name(str(func)),
        parameters=tuple(argument.name for argument in schema.arguments),
        defaults={item.name: item.default_value for item in schema.arguments if item.has_default_value()},
        outputs=tuple(item.name for item in schema.arguments if item.alias_info and item.alias_info.is_write),
        device=any(argument.name == "device" for argument in schema.arguments),
    )


def interpret(tape: Tape, facts: OperationFacts, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
    """Enter what the operation did."""
    if facts.name == "lift_fresh" and result.device.type != "meta":
        _literal(tape, result)
        return
    results = [item for item in tree_leaves(result) if isinstance(item, torch.Tensor)]
    written = facts.written(args, kwargs)
    keys = {tensor.untyped_storage()._cdata for tensor in facts.tensors(args, kwargs)}
    fresh = [tensor for tensor in results if tensor.untyped_storage()._cdata not in keys]
    if not written and not fresh:
        return
    bound = facts.bound(args, kwargs)
    for number, tensor in enumerate(fresh):
        _enter_created(tape, facts, bound, tensor, number)
    for tensor in written:
        _enter_written(tape, facts, bound, tensor)
    if tape.meta:
        _log(tape, facts, args, kwargs, result, written)


def _enter_created(tape: Tape, facts: OperationFacts, bound: dict[str, Any], tensor: torch.Tensor, number: int) -> None:
    storage = tensor.untyped_storage()
    ledger = Ledger(storage._cdata, anchored(storage))
    view = view_of(tensor)
    index = tape.count + 1
    sources = [item for item in _inputs(bound) if item.untyped_storage()._cdata != ledger.key]
    content, scheme, source = _outcome(tape, facts, bound, sources, view, hash((index, number)) if number else index)
    tape.ledgers[ledger.key] = ledger
    tape.log.sizes[ledger.key] = storage.nbytes()
    tape.write(ledger, "create", view, scheme, facts.name, _shown(bound), content=content, source=source)


def _literal(tape: Tape, tensor: torch.Tensor) -> None:
    found = tape.ledgers.pop(tensor.untyped_storage()._cdata, None)
    tape.log.literals.pop(found.key, None) if found else None
    ledger = tape.ledger(tensor)
    ledger.foreign = False
    if not tape.meta:
        with torch.utils._python_dispatch._disable_current_modes():
            content = Content(literal(tensor.detach().clone() if tensor.numel() < 1 << 16 else tensor.detach()[:1]))
        view = view_of(tensor)
        tape.write(ledger, "create", view, "literal", "tensor", {}, content=content)


def _enter_written(tape: Tape, facts: OperationFacts, bound: dict[str, Any], tensor: torch.Tensor) -> None:
    ledger = tape.ledger(tensor)
    view = view_of(tensor)
    scattered = facts.name in evaluate.SCATTERING
    others = [item for item in _inputs(bound) if item is not tensor and id(item) not in _ids(bound, facts.outputs)]
    index = tape.count + 1
    if facts.name == "fill" and isinstance(bound["value"], torch.Tensor):
        filling = _value(tape, bound["value"])
        bound = {**bound, "value": filling.form.loc if filling.form.family == "constant" else None}
    functional = "out" in facts.outputs or facts.operation.rpartition(".")[2].endswith("out")
    if facts.name in evaluate.OVERWRITING or functional:
        content, scheme, source = _outcome(tape, facts, bound, others, view, index)
        tape.write(
            ledger, "set", view, scheme, _in_place(facts), _shown(bound),
            content=content, source=source, scattered=scattered,
        )  # fmt: skip
        return
    if scattered:
        value = _scattered_value(tape, bound)
        tape.write(
            ledger, "set", view, "unknown", _in_place(facts), _shown(bound), content=Content(value), scattered=True
        )
        return
    values = [_value(tape, item) for item in others]
    arguments = dict(bound)

    def step(old: Value) -> Value:
        return evaluate.transform(facts.name, old, arguments, values, index).value

    tape.write(ledger, "update", view, "unknown", _in_place(facts), _shown(bound), step=step)


def _outcome(
    tape: Tape, facts: OperationFacts, bound: dict[str, Any], sources: list[torch.Tensor], view: Geometry, index: int
) -> tuple[Content, str, Any]:
    if facts.name in {"cat", "stack"} and sources:
        return Content(UNKNOWN, _joined(tape, facts.name, bound, sources, view)), "copy", None
    if facts.name == "constant_pad_nd" and sources:
        return _padded(tape, bound, sources[0], view), "copy", None
    if facts.name in evaluate.COPYING and sources:
        source = sources[-1]
        ledger = tape.ledger(source)
        seen = view_of(source)
        content = translated(ledger.read(seen), seen, view)
        return content, "copy", (ledger, seen, index)
    creating = evaluate.create(facts.name, bound, index, view.size)
    reads = [item for item in sources if facts.name not in evaluate.OVERWRITING]
    if not reads or creating.value is not UNKNOWN:
        return Content(creating.value), creating.scheme, None
    first = next((item for item in reads if item.is_floating_point()), reads[0])
    ledger = tape.ledger(first)
    seen = view_of(first)
    values = [_value(tape, item) for item in reads[1:]]
    outcome = evaluate.transform(facts.name, _value(tape, first), bound, values, index)
    return Content(outcome.value), outcome.scheme, (ledger, seen, index)


def translated(content: Content, source: Geometry, target: Geometry) -> Content:
    """The content of a view, carried to another view that holds a copy of it."""
    if not content.parts:
        if source.numel != target.numel or 0 in source.stride:  # broadcast: the same numbers again and again
            return Content(Value(content.base.form.again) if content.base.form.random else content.base)
        return content
    if source.stride != target.stride or source.size != target.size:
        return Content(UNKNOWN)
    shift = target.offset - source.offset
    moved = tuple((replace(where, offset=where.offset + shift), value) for where, value in content.parts)
    return Content(content.base, moved)


def _joined(
    tape: Tape, name: str, bound: dict[str, Any], sources: list[torch.Tensor], view: Geometry
) -> tuple[tuple[Geometry, Value], ...]:
    axis = int(bound.get("dim", 0)) % max(len(view.size), 1)
    parts: list[tuple[Geometry, Value]] = []
    start = 0
    for source in sources:
        length = 1 if name == "stack" else int(source.size(axis)) if source.dim() > axis else 0
        size = tuple(length if number == axis else extent for number, extent in enumerate(view.size))
        parts.append((Geometry(view.offset + start * view.stride[axis], size, view.stride), _value(tape, source)))
        start += length
    return tuple(parts)


def _padded(tape: Tape, bound: dict[str, Any], source: torch.Tensor, view: Geometry) -> Content:
    """A copy with a rim of one value around it."""
    pads = [int(number) for number in bound["pad"]] + [0] * (2 * len(view.size) - len(bound["pad"]))
    starts = [pads[2 * (len(view.size) - 1 - axis)] for axis in range(len(view.size))]
    inner = Geometry(
        view.offset + sum(start * step for start, step in zip(starts, view.stride, strict=True)),
        tuple(source.size()),
        view.stride,
    )
    if any(number < 0 for number in pads):
        return Content(UNKNOWN)
    if inner.size == view.size:
        return Content(_value(tape, source))
    return Content(
        evaluate.create("fill", {"value": bound.get("value", 0.0)}, 0, ()).value, ((inner, _value(tape, source)),)
    )


def _scattered_value(tape: Tape, bound: dict[str, Any]) -> Value:
    value = next((bound[key] for key in ("value", "values", "source", "src") if key in bound), None)
    if isinstance(value, torch.Tensor):
        return _value(tape, value)
    return evaluate.create("fill", {"value": value}, 0, ()).value


def _value(tape: Tape, tensor: torch.Tensor) -> Value:
    view = view_of(tensor)
    return tape.ledger(tensor).read(view).plain


def _inputs(bound: dict[str, Any]) -> list[torch.Tensor]:
    return [item for item in tree_leaves(list(bound.values())) if isinstance(item, torch.Tensor)]


def _ids(bound: dict[str, Any], names: tuple[str, ...]) -> set[int]:
    return {id(item) for item in tree_leaves([bound[name] for name in names])}


def _shown(bound: dict[str, Any]) -> dict[str, Any]:
    hidden = {"dtype", "layout", "device", "pin_memory", "generator", "memory_format", "non_blocking", "size", "self"}
    return {key: item for key, item in bound.items() if key not in hidden and isinstance(item, _SHOWN)}


def _in_place(facts: OperationFacts) -> str:
    return facts.operation.split(".")[-2]


def _log(tape: Tape, facts: OperationFacts, args: Any, kwargs: Any, result: Any, written: list[torch.Tensor]) -> None:
    reads = frozenset(tape.ledger(tensor).key for tensor in facts.tensors(args, kwargs))
    flat = result if isinstance(result, (tuple, list)) else (result,)
    results = tuple(tape.reference(item) if isinstance(item, torch.Tensor) else None for item in flat)
    made = frozenset(reference.storage for reference in results if reference) - reads
    writes = made | frozenset(tape.ledger(tensor).key for tensor in written)
    whole = (
        bool(written)
        and facts.name in evaluate.OVERWRITING
        and facts.name not in evaluate.SCATTERING
        and all(tensor.numel() * tensor.element_size() >= tensor.untyped_storage().nbytes() for tensor in written)
    )
    new_args, new_kwargs = facts.mapped(args, kwargs, tape.reference)  # type: ignore[arg-type]
    tape.log.add(Node(len(tape.log.nodes), _function(facts), new_args, new_kwargs, results, reads, writes, whole))


def _function(facts: OperationFacts) -> Callable[..., Any]:
    _, name, overload = facts.operation.rsplit(".", 2)
    namespace = facts.operation.split(".", maxsplit=1)[0]
    return getattr(getattr(getattr(torch.ops, namespace), name), overload)  # type: ignore[no-any-return]
