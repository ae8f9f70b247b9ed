"""The report on the terminal: a table of weights for each model. Imports no torch."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from initlint.report.harmless import visible
from initlint.runtime.protocol import Event, Model, Parameter

_TITLES = ("weight", "shape", "init", "std", "measured", "asked for", "std", "ratio", "followed by")
_WIDEST = 200  # a pipe has no width of its own
_SHORTEST_NAME = 24
_SPARE = (8, 4, 6, 5)  # columns that are left out, in this order, where the names would have no room
_GAP = 3  # between two columns
_MOST = 60  # rows; a hundred equal blocks are folded before
_METHODS = {
    "meta": "taped on the meta device, nothing allocated",
    "replay": "taped on the meta device, numbers replayed on demand",
    "real": "taped for real, with a memory cap",
    "live": "not taped",
}


def tables(models: Iterable[Model], *, color: bool, verbose: bool = False, width: int = _WIDEST) -> str:
    """All models' tables as text. Nothing but names gives way where `width` is short of room."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=color, no_color=not color, width=width, highlight=False)
    for model in models:
        _show(console, model, verbose=verbose)
    return stream.getvalue()


def _show(console: Console, model: Model, *, verbose: bool) -> None:
    tensors = [row for row in model.parameters if row.kind == "parameter"]
    console.print(
        Text.assemble(
            (visible(model.name), "bold"),
            f"  {_count(model.total)} parameters in {_tensors(len(tensors))}, {_METHODS[model.method]}"
            f", seed {model.seed}, {model.seconds:.1f} s",
        ),
        soft_wrap=True,
    )
    for note in model.notes:
        console.print(Text(f"  note: {visible(note)}", style="yellow"), soft_wrap=True)
    if not tensors:
        console.print("  nothing to check\n")
        return
    folded = list(fold(tensors))
    console.print(_table([_cells(names, row) for names, row in folded[:_MOST]], console.width))
    if any(row.default for _, row in folded[:_MOST]):
        console.print(Text("  * as torch's own constructor leaves it\n", style="dim"))
    if len(folded) > _MOST:
        console.print(f"  and {len(folded) - _MOST} more rows; --output-format json has all")
    if verbose:
        _histories(console, folded)


def _table(cells: Sequence[Sequence[Text]], width: int) -> Table:
    # What was not measured, of a model too large to build, would only take the room of the names.
    shown = [index for index, _ in enumerate(_TITLES) if index < 4 or any(line[index].plain for line in cells)]
    room = _room(cells, shown, width)
    for spare in _SPARE:
        if room < _SHORTEST_NAME and spare in shown:
            shown.remove(spare)
            room = _room(cells, shown, width)
    room = max(room, _SHORTEST_NAME)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, expand=False)
    for index in shown:
        right = _TITLES[index] in {"std", "measured", "ratio"}
        least = min(_widest(cells, index), room) if index == 0 else _widest(cells, index)
        table.add_column(_TITLES[index], justify="right" if right else "left", no_wrap=True, min_width=least)
    for line in cells:
        table.add_row(_end_of(line[0], room), *(line[index] for index in shown[1:]))
    return table


def _room(cells: Sequence[Sequence[Text]], shown: Sequence[int], width: int) -> int:
    """What the other columns leave for the names."""
    return width - sum(_widest(cells, index) + _GAP for index in shown[1:]) - _GAP


def _widest(cells: Sequence[Sequence[Text]], index: int) -> int:
    return max([len(_TITLES[index]), *(line[index].cell_len for line in cells)])


def _end_of(name: Text, room: int) -> Text:
    """The end of a long name tells more than its beginning."""
    return name if name.cell_len <= room else Text(f"…{name.plain[-room + 1 :]}")


def _histories(console: Console, folded: Sequence[tuple[str, Parameter]]) -> None:
    """Every write to every weight, in order."""
    console.print(Text("History of each weight", style="bold"))
    for name, row in folded:
        console.print(Text(f"  {visible(name)}"), soft_wrap=True)
        for event in row.history:
            console.print(Text(f"    {_said(event)}", style="dim"), soft_wrap=True)
    console.print()


def fold(rows: Sequence[Parameter]) -> Iterator[tuple[str, Parameter]]:
    """Alike members of a list of blocks as one row: `blocks.*.fc.weight`."""
    groups: dict[tuple[Any, ...], list[Parameter]] = {}
    for row in rows:
        name = ".".join("*" if part.isdigit() else part for part in row.name.split("."))
        key = (name if "*" in name else row.name, row.shape, row.scheme, row.std, row.followed_by, row.suggested)
        groups.setdefault(key, []).append(row)
    for key, members in groups.items():
        yield (members[0].name if len(members) == 1 else f"{key[0]} ({len(members)})"), members[0]


def _cells(name: str, row: Parameter) -> list[Text]:
    # One number has no spread, and what lay in memory says nothing.
    measured = row.measured.std if row.measured and row.numel > 1 and not row.uninitialized else None
    ratio = Text("")
    if row.ratio is not None:
        off = not 1 / 3 <= row.ratio <= 3
        ratio = Text(f"{row.ratio:.2f}", style="red" if off and row.on_path else "")
    scheme = Text(row.scheme + ("*" if row.default else ""), style="red" if row.uninitialized else "")
    return [
        Text(visible(name)),
        Text("x".join(map(str, row.shape)) or "scalar"),
        scheme,
        Text(_number(row.std)),
        Text(_number(measured)),
        Text(row.suggested or ""),
        Text(_number(row.suggested_std)),
        ratio,
        Text(", ".join(item for item, _ in groupby(row.followed_by))),
    ]


def _said(event: Event) -> str:
    arguments = ", ".join(f"{key}={_short(value)}" for key, value in event.arguments.items())
    place = f"  {visible(event.place.path.rsplit('/', 1)[-1])}:{event.place.line}" if event.place else ""
    return f"{event.region} {event.function}({arguments}){place}".strip()


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _tensors(count: int) -> str:
    return f"{count} tensor{'' if count == 1 else 's'}"


def _count(number: int) -> str:
    for limit, word in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.3g} {word}"
    return str(number)
