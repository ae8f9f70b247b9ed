"""The table of parameters: for each its history, closed form, fans, role and measured values. (child)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from initlint.runtime import naming
from initlint.runtime.build import Build
from initlint.runtime.distribution import Distribution
from initlint.runtime.frames import resolve
from initlint.runtime.geometry import Geometry, label
from initlint.runtime.infer import infer
from initlint.runtime.ledger import Content, Ledger, Value, Write
from initlint.runtime.oplog import ReplayRefusedError
from initlint.runtime.protocol import Event, Form, Parameter
from initlint.runtime.roles import Role, role_of
from initlint.runtime.shards import Gathered, gather, is_sharded
from initlint.runtime.statistics import measure
from initlint.runtime.storages import key_of, view_of
from initlint.runtime.tape import Tape

# A dirac or a hand-written loop writes thousands of parts; the report shows the first and the last ones.
_SHOWN_EVENTS = 24
_REPLAYED = 1 << 24  # entries; a larger tensor without a closed form is left unmeasured


@dataclass(frozen=True, slots=True)
class Holder:
    """A parameter or buffer, and every place that holds it."""

    tensor: torch.Tensor
    names: tuple[str, ...]
    modules: tuple[nn.Module, ...]
    kind: str


def holders(model: nn.Module) -> list[Holder]:
    """Each tensor once; tied ones under their first name."""
    found: dict[tuple[Any, ...], list[tuple[str, nn.Module, torch.Tensor, str]]] = {}
    for prefix, module in model.named_modules(remove_duplicate=False):
        own = [(name, item, "parameter") for name, item in module._parameters.items()]
        own += [(name, item, "buffer") for name, item in module._buffers.items()]
        for name, tensor, kind in own:
            if tensor is None or is_lazy(tensor):
                continue
            view = view_of(tensor)
            key = (key_of(tensor), view) if tensor.numel() else (id(tensor),)
            found.setdefault(key, []).append((f"{prefix}.{name}" if prefix else name, module, tensor, kind))
    return [
        Holder(rows[0][2], tuple(dict.fromkeys(row[0] for row in rows)), tuple(row[1] for row in rows), rows[0][3])
        for rows in found.values()
    ]


def survey(build: Build, real: nn.Module | None, *, seed: int = 0, sampled: bool = True) -> Iterator[Parameter]:
    """A row for each parameter and buffer. `real` is the same model with numbers, where it fits."""
    numbers = dict(_named(real)) if real is not None else {}
    for holder in holders(build.model):
        yield _row(build, holder, numbers if sampled else None, seed)


def _named(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    yield from model.named_parameters(remove_duplicate=False)
    yield from model.named_buffers(remove_duplicate=False)


def _row(build: Build, holder: Holder, numbers: dict[str, torch.Tensor] | None, seed: int) -> Parameter:
    tensor, view = holder.tensor, view_of(holder.tensor)
    ledger = build.tape.ledger(tensor)
    content = ledger.read(view)
    role = role_of(holder.modules[0], holder.names[0].rpartition(".")[2], tensor)
    history = list(ledger.history(view))
    outside = ledger.foreign or not ledger.writes
    raw = 0.0 if outside else ledger.raw_share(view)
    mean, std = moments(content, view)
    row = Parameter(
        name=holder.names[0],
        shape=tuple(tensor.shape),
        numel=tensor.numel(),
        dtype=str(tensor.dtype).removeprefix("torch."),
        kind=holder.kind,
        aliases=holder.names[1:],
        module=type(holder.modules[0]).__name__,
        owners=tuple(type(module).__name__ for module in holder.modules),
        role=role.role if holder.kind == "parameter" else "buffer",
        trainable=tensor.requires_grad,
        scheme="empty" if raw == 1.0 else naming.scheme(history, content, role) if history else "unknown",
        default=_is_default(history),
        history=tuple(_events(history)),
        form=None if outside or raw == 1.0 else _form(content.base.form),
        overlays=tuple(_overlay(where, value, view) for where, value in content.parts),
        draw=None if content.parts else content.base.draw,
        halves_copied=_halves_copied(ledger, view),
        uninitialized=raw,
        method="outside" if outside else build.method,
        mean=mean,
        std=std,
        fan_in=role.fan_in,
        fan_out=role.fan_out,
        effective_fan_in=role.effective_fan_in,
        effective_fan_out=role.effective_fan_out,
        packed=role.packed,
        facts=role.facts,
    )
    values = _values(build.tape, holder, content, numbers) if numbers is not None else None
    return row if values is None else _with_numbers(row, values, content, role, seed)


def _halves_copied(ledger: Ledger, view: Geometry) -> bool:
    """Whether the upper and the lower half of its rows hold one and the same draw."""
    if not view.size or view.size[0] % 2:
        return False
    size = (view.size[0] // 2, *view.size[1:])
    second = Geometry(view.offset + size[0] * view.stride[0], size, view.stride)
    upper, lower = (ledger.read(half).plain.draw for half in (Geometry(view.offset, size, view.stride), second))
    return upper is not None and upper == lower


def _with_numbers(
    row: Parameter, values: tuple[torch.Tensor, str], content: Content, role: Role, seed: int
) -> Parameter:
    tensor, origin = values
    gathered = gather(tensor) if is_sharded(tensor) else Gathered(tensor)
    tensor = gathered.tensor.cpu()
    form = content.base.form if not content.parts and row.method != "outside" else None
    found = measure(tensor, form, origin=origin, seed=seed)
    row = replace(row, measured=replace(found, shards_equal=gathered.equal))
    if row.uninitialized or row.overlays or (form is not None and form.known):
        return row
    guess = infer(tensor, role, seed)
    if guess is None:
        return row
    facts = (
        {**row.facts, "inferred": True, "rivals": list(guess.rivals)}
        if guess.rivals
        else {**row.facts, "inferred": True}
    )
    row = replace(row, facts=facts, scheme=row.scheme if guess.rivals else guess.scheme)
    if row.method != "outside" or guess.rivals:
        return row
    mean, std = guess.form.mean, guess.form.std
    as_default = guess.scheme == role.default
    event = Event("set", guess.scheme, "", {}, family=guess.form.family, mean=mean, std=std, default=as_default)
    return replace(row, form=_form(guess.form), mean=mean, std=std, default=as_default, history=row.history or (event,))


def moments(content: Content, view: Geometry) -> tuple[float | None, float | None]:
    """Mean and std over the whole tensor, the parts weighed by their size."""
    rows = [(where.numel, value.form) for where, value in content.parts]
    total = max(view.numel, 1)
    rest = total - sum(count for count, _ in rows)
    rows = [row for row in [(rest, content.base.form), *rows] if row[0] > 0]
    if rest < 0 or any(form.mean is None or form.std is None for _, form in rows):
        return None, None
    mean = sum(count * (form.mean or 0.0) for count, form in rows) / total
    square = sum(count * ((form.std or 0.0) ** 2 + (form.mean or 0.0) ** 2) for count, form in rows) / total
    return mean, max(square - mean**2, 0.0) ** 0.5 if len(rows) > 1 else rows[0][1].std


def _values(
    tape: Tape, holder: Holder, content: Content, numbers: dict[str, torch.Tensor]
) -> tuple[torch.Tensor, str] | None:
    """The numbers to look at, and whether they are the model's own or replayed."""
    form = content.base.form if not content.parts else None
    real = numbers.get(holder.names[0])
    if real is None and holder.tensor.device.type != "meta":
        real = holder.tensor
    if real is not None and real.shape == holder.tensor.shape and real.device.type != "meta":
        return real, "real"
    # A closed form needs no numbers; drawing billions of them would only cost time.
    if holder.tensor.device.type != "meta" or (form is not None and form.known) or holder.tensor.numel() > _REPLAYED:
        return None
    try:
        return tape.numbers(holder.tensor), "replay"
    except (ReplayRefusedError, RuntimeError):
        return None


def _is_default(history: list[tuple[Write, Geometry]]) -> bool:
    """Whether only constructors of torch's layers wrote it."""
    writes = [write for write, _ in history if write.scheme != "empty"]
    return bool(writes) and all(write.trail.constructor for write in writes)


def _events(history: list[tuple[Write, Geometry]]) -> Iterator[Event]:
    shown = history
    if len(history) > _SHOWN_EVENTS:
        shown = history[: _SHOWN_EVENTS // 2] + history[-_SHOWN_EVENTS // 2 :]
    value: Value | None = None
    for write, view in shown:
        value = _value_after(write, value)
        place, near = resolve(write.trail.best), resolve(write.trail.near)
        form = value.form if value else None
        yield Event(
            kind=write.kind,
            scheme=write.scheme,
            function=write.function,
            arguments=write.arguments,
            region=label(write.region, view),
            family=form.family if form else "opaque",
            mean=form.mean if form else None,
            std=form.std if form else None,
            place=place,
            near=near if near != place else None,
            default=write.trail.constructor,
        )


def _value_after(write: Write, before: Value | None) -> Value | None:
    if write.kind == "update":
        return write.step(before) if write.step and before else None
    return write.content.plain if write.content else None


def _form(form: Distribution, region: str = "", fraction: float = 1.0) -> Form:
    return Form(
        form.family, form.mean, form.std, _finite(form.low), _finite(form.high), form.loc, form.scale, region, fraction
    )


def _overlay(where: Geometry, value: Value, view: Geometry) -> Form:
    return _form(value.form, label(where, view), where.numel / max(view.numel, 1))


def _finite(value: float) -> float | None:
    return value if abs(value) != float("inf") else None
