"""`initlint describe` as a table for people and as the documented JSON for scripts."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from initlint.report.harmless import visible, whole_characters

if TYPE_CHECKING:
    from rich.console import RenderableType

    from initlint.describe.rows import InitRow, ModelRow, ParameterRow, Size

_WIDTH = 500  # in a pipe: wide enough for any row; on a terminal its own width
_COLUMNS = ("parameter", "layer", "fans", "init", "std", "mean", "line", "followed by", "suits", "verdict")
_NUMBERS = ("std", "mean", "line")


def as_json(models: tuple[ModelRow, ...]) -> str:
    """One object with all models."""
    return json.dumps({"version": 1, "models": [_model(one) for one in models]}, indent=2) + "\n"


def _model(row: ModelRow) -> dict[str, Any]:
    return {
        "path": _path(row.path),
        "cell": row.cell,
        "class": whole_characters(row.name),
        "kind": row.kind,
        "line": row.line,
        "complete": row.complete,
        "parameters": [_parameter(one) for one in row.parameters],
    }


def _parameter(row: ParameterRow) -> dict[str, Any]:
    return {
        "name": whole_characters(row.name),
        "layer": row.layer,
        "layer_line": row.layer_line,
        **({} if row.layer_path is None else {"layer_path": _path(row.layer_path)}),
        "shape": None if row.shape is None else list(row.shape),
        "fan_in": row.fan_in,
        "fan_out": row.fan_out,
        "init": _init(row.init),
        "alternatives": [_init(one) for one in row.alternatives],
        "partial": [_init(one) for one in row.partial],
        "followed_by": list(row.followed_by),
        "normalised": row.normalised,
        "residual": row.residual,
        "suggested": row.suggested,
        "verdict": row.verdict,
    }


def _init(row: InitRow) -> dict[str, Any]:
    return {
        "scheme": row.scheme,
        "line": row.line,
        "default": row.default,
        "std": row.std,
        "mean": row.mean,
        "distribution": row.distribution,
        **({} if row.path is None else {"path": _path(row.path)}),
        **({} if row.region is None else {"region": whole_characters(row.region)}),
    }


def _path(path: str) -> str:
    return whole_characters(path.replace("\\", "/"))


def tables(models: tuple[ModelRow, ...], *, color: bool, width: int | None = None) -> str:
    """A table for each model."""
    from rich.console import Console  # only the table needs it

    stream = io.StringIO()
    console = Console(file=stream, force_terminal=color, no_color=not color, width=width or _WIDTH, highlight=False)
    for model in models:
        console.print(*_heading(model), sep="")
        console.print(_table(model) if model.parameters else "  no parameters\n")
    text = stream.getvalue()
    return text if color else "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _heading(row: ModelRow) -> list[RenderableType]:
    from rich.text import Text

    cell = "" if row.cell is None else f" cell {row.cell}:"
    parts: list[RenderableType] = [Text(visible(row.name), "bold"), f"  {row.kind} at "]
    parts.append(Text(f"{visible(row.path)}:{cell}{row.line}", "blue"))
    if not row.complete:
        parts.append(Text("  (too large to be read to the end)", "yellow"))
    return parts


def _table(model: ModelRow) -> RenderableType:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in _COLUMNS:
        table.add_column(title, justify="right" if title in _NUMBERS else "left", overflow="fold")
    for row in model.parameters:
        table.add_row(*_cells(row))
        for label, inits in (("or", row.alternatives), ("then", row.partial)):
            for init in inits:
                region = "" if init.region is None else f" {init.region}"
                table.add_row("", "", "", *_init_cells(init, f"{label}{region} "), "", "", "", style="dim")
    return table


def _cells(row: ParameterRow) -> list[RenderableType]:
    from rich.text import Text

    fans = "" if row.fan_in is None and row.fan_out is None else f"{_number(row.fan_in)} -> {_number(row.fan_out)}"
    follows = ", ".join(row.followed_by) + (" (residual)" if row.residual else "")
    fits = row.suggested == row.init.scheme
    return [
        Text(visible(row.name)),
        Text(visible(row.layer)),
        Text(visible(fans)),
        *_init_cells(row.init, ""),
        Text(visible(follows)),
        Text(row.suggested or "", "dim" if fits else ""),
        Text(row.verdict or "", "bold red"),
    ]


def _init_cells(init: InitRow, before: str) -> list[RenderableType]:
    from rich.text import Text

    scheme = Text(visible(f"{before}{init.scheme}"))
    if init.default:
        scheme.append(" (default)", "dim")
    line = "" if init.line is None or init.default else str(init.line)
    if init.path is not None and line:
        line = f"{visible(init.path)}:{line}"
    mean = "" if init.mean == 0 else _number(init.mean)
    return [scheme, Text(visible(_number(init.std))), Text(visible(mean)), Text(line)]


def _number(value: Size) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "?" if value is None else str(value)
