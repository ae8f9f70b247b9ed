"""No value, or the same value: INI101 to INI105, INI107, INI808. (parent)"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from initlint.finding import Severity
from initlint.runtime.protocol import Event, Model, Parameter
from initlint.runtime.remark import Remark, last_place

# A second network that starts as a copy on purpose.
COPIES = re.compile(
    r"(^|[._])(target|ema|teacher|momentum|old|shadow|reference|ref|frozen|averaged|avg|swa|key_encoder|encoder_k|prev\w*)"
    r"([._\d]|$)",
    re.IGNORECASE,
)
DRAWN = frozenset({"normal", "uniform", "trunc_normal"})


def uninitialized(model: Model) -> Iterator[Remark]:
    """INI103: memory that nothing wrote."""
    for row in model.parameters:
        if not row.uninitialized or row.method == "outside" or not row.numel:
            continue
        part = "" if row.uninitialized > 0.999 else f" in {row.uninitialized:.0%} of its entries"
        message = f"`{row.name}` is raw memory{part}: it was made by {_maker(row)} and nothing wrote to it since"
        born = next((event.place for event in row.history if event.scheme == "empty" and event.place), None)
        severity = None if row.kind == "parameter" else Severity.INFO
        cure = "initialise it where it is made, or in reset_parameters"
        yield Remark("INI103", row.name, message, cure, born or last_place(row), severity)


def constant(model: Model) -> Iterator[Remark]:
    """INI101, INI102, INI104: constant weights that a few steps of descent do not move apart."""
    rows = [row for row in model.parameters if row.sensitivity is not None and row.form is not None]
    for row in rows:
        assert row.sensitivity is not None
        assert row.form is not None
        value = row.form.loc or 0.0
        stuck = row.sensitivity.gradient
        if stuck == "tokens" or (stuck == "distinct" and not row.sensitivity.blocks):
            continue
        if value == 0 and stuck == "zero" and row.sensitivity.partner:
            message = (
                f"`{row.name}` and `{row.sensitivity.partner}` are both zero and multiplied in series: "
                "the gradient of each is 0 for ever"
            )
            yield Remark("INI104", row.name, message, "give one of the two a random init", last_place(row))
            continue
        what = {
            "zero": "its gradient is exactly 0, and stays so",
            "alike": "its units get equal gradients and stay equal",
            "distinct": "with it, the output does not depend on the input",
        }[stuck]
        code, name = ("INI101", "zero") if value == 0 else ("INI102", f"{value:g} everywhere")
        cure = (
            f"{row.suggested}: std {row.suggested_std:.3g}"
            if row.suggested_std
            else "a random scheme for its activation"
        )
        yield Remark(code, row.name, f"`{row.name}` is all {name}: {what}", cure, last_place(row))


def identical_tokens(model: Model) -> Iterator[Remark]:
    """INI107: learned tokens that start equal, and that descent moves all the same way."""
    for row in model.parameters:
        if row.sensitivity is not None and row.sensitivity.gradient == "tokens":
            message = f"the {row.shape[-2]} rows of `{row.name}` start equal, and nothing in the model tells them apart"
            yield Remark("INI107", row.name, message, "draw them at random, with a small std", last_place(row))


def clones(model: Model) -> Iterator[Remark]:
    """INI105: layers that hold the very same draw."""
    groups: dict[int, list[tuple[Parameter, Event]]] = defaultdict(list)
    for row in model.parameters:
        event = row.history[-1] if row.history else None
        if event is None or row.draw is None or row.kind != "parameter" or not row.trainable:
            continue
        if len(row.shape) < 2:
            continue  # equal biases keep no two layers alike
        if row.form is not None and (row.form.family in DRAWN or row.form.family in {"orthogonal", "sparse"}):
            groups[row.draw].append((row, event))
    by_place: dict[object, list[tuple[Parameter, list[str]]]] = defaultdict(list)
    for members in groups.values():
        names = [row.name for row, _ in members]
        copies = [(row, event) for row, event in members if event.function in {"clone", "copy_", "_to_copy"}]
        if len(names) < 2 or not copies or any(COPIES.search(name) for name in names):
            continue
        by_place[copies[-1][1].place].append((copies[-1][0], names))
    for found in by_place.values():
        row, names = found[0]
        layers = sorted({layer_of_list(name) for _, group in found for name in group})
        message = (
            f"{len(names)} layers are copies of one and start equal, as `{names[0]}` and `{names[-1]}` do: "
            f"{sum(len(group) for _, group in found)} tensors hold {len(found)} draw{'s' if len(found) > 1 else ''}"
        )
        cure = f"build each of {', '.join(layers[:3])} anew, or initialise them again afterwards"
        yield Remark("INI105", row.name, message, cure, last_place(row))


def layer_of_list(name: str) -> str:
    """`blocks.3.fc.weight` is in `blocks`: the part of the name before the first index."""
    head = re.split(r"\.\d+(?:\.|$)", name)[0]
    return head if head != name else name.rpartition(".")[0] or name


def drawn_throughout(row: Parameter) -> bool:
    """Whether every entry was drawn at random, in one piece or in several."""
    forms = [part for part in row.overlays if part.fraction < 1]
    if sum(part.fraction for part in forms) > 0.999:
        return all(part.family in DRAWN for part in forms)
    return not row.overlays and row.form is not None and row.form.family in DRAWN


def not_finite(model: Model) -> Iterator[Remark]:
    """INI808: NaN, infinities, or the denormal noise of raw memory."""
    for row in model.parameters:
        found = row.measured
        if found is None or row.uninitialized or row.kind != "parameter":
            continue
        if found.finite < 1:
            bad = round((1 - found.finite) * found.sampled)
            message = f"`{row.name}` holds {bad} entries that are not finite numbers, of {found.sampled} looked at"
            yield Remark(
                "INI808", row.name, message, "find the expression that overflows or divides by 0", last_place(row)
            )
        elif found.denormal > 0.5:
            message = f"{found.denormal:.0%} of `{row.name}` is denormal: the noise of raw memory"
            yield Remark("INI808", row.name, message, "initialise it", last_place(row))


def _maker(row: Parameter) -> str:
    born = next((event for event in row.history if event.scheme == "empty"), None)
    return f"torch.{born.function}" if born else "an allocation"


CHECKS = (uninitialized, constant, identical_tokens, clones, not_finite)
