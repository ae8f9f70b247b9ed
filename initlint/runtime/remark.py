"""What a runtime check says before it has a place: one code on one parameter. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from initlint.finding import Severity
from initlint.runtime.protocol import Event, Model, Parameter, Place


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is wrong. `place` is the line to change; without one, the layer's constructor stands for it."""

    code: str
    name: str
    message: str
    help: str = ""
    place: Place | None = None
    severity: Severity | None = None


def explicit(event: Event) -> bool:
    """Whether the user's code, and no constructor of torch's, wrote it."""
    return event.kind != "create" and event.scheme != "empty" and not event.default


def last_write(row: Parameter) -> Event | None:
    """The last write to the whole tensor."""
    whole = [event for event in row.history if not event.region and event.kind != "update"]
    return whole[-1] if whole else None


def last_place(row: Parameter) -> Place | None:
    """The user's line that gave the parameter its value last."""
    return next((event.place for event in reversed(row.history) if event.place), None)


def layer_of(row: Parameter) -> str:
    """The path of the module that holds it."""
    return row.name.rpartition(".")[0]


def module_place(model: Model, layer: str) -> Place | None:
    """Where a layer was constructed, or the nearest one that holds it."""
    while layer:
        if layer in model.builds:
            return model.builds[layer]
        layer = layer.rpartition(".")[0]
    return model.place


def place_of(model: Model, remark: Remark) -> Place | None:
    """The line to change."""
    return remark.place or weight_place(model, remark.name)


def weight_place(model: Model, layer: str) -> Place | None:
    """The last write to a layer's weight (or to the parameter of that name), else where the layer was constructed."""
    own = {layer, f"{layer}.weight".lstrip(".")}
    rows = (row for row in model.parameters if own.intersection((row.name, *row.aliases)))
    written = next((place for row in rows if (place := last_place(row)) is not None), None)
    return written or module_place(model, layer)
