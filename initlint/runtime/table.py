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
_WIDTH = 120
_MOST = 60  # rows; a hundred equal blocks are folded before
_METHODS = {
    "meta": "on the meta device, nothing allocated",
    "replay": "on the meta device, numbers replayed on demand",
    "real": "for real, with a memory cap",
}


def tables(models: Iterable[Model], *, color: bool, verbose: bool = False) -> str:
    """All models' tables as text."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=color, no_color=not color, width=_WIDTH, highlight=False)
    for model in models:
        _show(console, model, verbose=verbose)
    return stream.getvalue()


def _show(console: Console, model: Model, *, verbose: bool) -> None:
    tensors = [row for row in model.parameters if row.kind == "parameter"]
    console.print(
        Text.assemble(
            (visible(model.name), "bold"),
            f"  {_count(model.total)} parameters in {len(tensors)} tensors, taped {_METHODS[model.method]}"
            f", seed {model.seed}, {model.seconds:.1f} s",
        )
    )
    for note in model.notes:
        console.print(Text(f"  note: {visible(note)}", style="yellow"))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, expand=False)
    folded = list(fold(tensors))
    cells = [_cells(names, row) for names, row in folded[:_MOST]]
    # What was not measured, of a model too large to build, would only take the room of the names.
    shown = [index for index, _ in enumerate(_TITLES) if index < 4 or any(line[index].plain for line in cells)]
    for index in shown:
        title = _TITLES[index]
        right = title in {"std", "measured", "ratio"}
        table.add_column(
            title, justify="right" if right else "left", no_wrap=title != "followed by", overflow="ellipsis"
        )
    for line, (_, row) in zip(cells, folded, strict=False):
        table.add_row(*(line[index] for index in shown))
        if verbose:
            for event in row.history:
                table.add_row(Text(f"    {_said(event)}", style="dim"))
    console.print(table)
    if any(row.default for _, row in folded[:_MOST]):
        console.print(Text("  * as torch's own constructor leaves it\n", style="dim"))
    if len(folded) > _MOST:
        console.print(f"  and {len(folded) - _MOST} more rows; --output-format json has all")


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
    measured = row.measured.std if row.measured else None
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


def _count(number: int) -> str:
    for limit, word in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.3g} {word}"
    return str(number)
