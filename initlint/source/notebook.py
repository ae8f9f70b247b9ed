"""Notebooks: the code cells as one text, with what only IPython understands commented out, reversibly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from initlint.errors import SourceError
from initlint.source.read import Opened, Problem, parse_problem
from initlint.source.text import Cell, SourceText

_MARK = "# initlint-magic: "
# Shell commands and magics that IPython takes without a mark, `pip install x`; not where they are names of Python's.
_UNMARKED = (
    r"(?:cat|cd|conda|cp|less|ls|ll|mkdir|more|mv|pip3?|pwd|rm|rmdir|autoreload|load_ext|matplotlib)"
    r"(?:[ \t]+(?![=(,.:]|(?:in|is|and|or|not|if|for)\b).*)?"
)
_LINE_MAGIC = re.compile(rf"^(\s*)([%!].*|\?{{1,2}}[\w.]+\s*|[\w.]+\?{{1,2}}\s*|{_UNMARKED})$")
_ASSIGNED_MAGIC = re.compile(r"^(\s*[\w.\[\]'\", ]+=\s*)([%!].*)$")
_HIDDEN = re.compile(rf"^([ \t]*)(?:pass  )?{_MARK}(.*)$", re.MULTILINE)
_HIDDEN_VALUE = re.compile(rf"^([ \t]*[\w.\[\]'\", ]+=\s*)None  {_MARK}(.*)$", re.MULTILINE)
_CELL_LANGUAGE = ("metadata", "vscode", "languageId")  # of one cell among Python's, as editors keep it
_CITATION = re.compile(r"\s*@\w+\s*\{")  # BibTeX, put into a code cell to be copied from
# Cell magics whose body is still Python, run in this kernel.
_PYTHON_CELL = re.compile(r"^\s*%%(time|timeit|capture|prun|memit|mprun|debug|python3?|ipytest)\b")


def open_notebook(path: str, data: bytes) -> Opened:
    """The notebook's code as one text. A cell that does not parse is reported and left blank; the rest is linted."""
    texts: list[str] = []
    cells: list[Cell] = []
    problems: list[Problem] = []
    line = 1
    for number, raw in _code_cells(data):
        text, problem = _readable(path, number, raw)
        if problem is not None:
            problems.append(problem)
        cells.append(Cell(number, line))
        texts.append(text)
        line += text.count("\n") + 1
    source = SourceText(path, "\n".join(texts), cells=tuple(cells))
    return Opened(source, tuple(problems))


def restore(text: str) -> str:
    """A cell's text as it was before its magics were commented out: what is written back to the notebook."""
    return _HIDDEN.sub(r"\1\2", _HIDDEN_VALUE.sub(r"\1\2", text))


def _code_cells(data: bytes) -> Iterator[tuple[int, str]]:
    try:
        notebook = json.loads(data)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise SourceError(f"not a notebook: {error}", line) from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise SourceError("not a notebook of format 4: it has no list of cells")
    if not _is_python(notebook, ("metadata", "language_info", "name"), ("metadata", "kernelspec", "language")):
        return
    for number, cell in enumerate(cells, start=1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code" and _is_python(cell, _CELL_LANGUAGE):
            source = cell.get("source", "")
            lines = source if isinstance(source, list) else [source]
            if all(isinstance(one, str) for one in lines):
                yield number, "".join(lines).replace("\r\n", "\n").replace("\r", "\n")


def _is_python(thing: object, *paths: tuple[str, ...]) -> bool:
    """Whether the first of the places that names a language names Python; none need name any."""
    for path in paths:
        value = thing
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str):
            return value.lower().startswith(("python", "ipython"))
    return True


def _readable(path: str, number: int, raw: str) -> tuple[str, Problem | None]:
    """The cell as Python, else blank lines and the reason. Magics are only looked for where plain Python fails."""
    if parse_problem(SourceText(path, raw), cell=number) is None:
        return raw, None
    text = _hide_magics(raw)
    problem = parse_problem(SourceText(path, text), cell=number)
    if problem is None:
        return text, None
    return "\n" * raw.count("\n"), None if _runs(path, number, text) else problem


def _runs(path: str, number: int, text: str) -> bool:
    """Whether it is no Python, and meant to be none; or what IPython makes of its indentation parses."""
    moved = _dedented(text)
    fine = moved is not None and parse_problem(SourceText(path, moved), cell=number) is None
    return fine or _CITATION.match(text) is not None


def _dedented(text: str) -> str | None:
    """A cell whose first line is indented, as IPython runs it: every line loses what the first is indented by.

    No column of it would be where the author sees it, so that such a cell is no mistake, and is not linted either.
    """
    first = text.lstrip("\n")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    return re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) if indent else None


def _hide_magics(raw: str) -> str:
    lines = raw.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines[first].lstrip().startswith("%%"):
        if not _PYTHON_CELL.match(lines[first]):
            return "\n".join(f"{_MARK}{line}" for line in lines)
        lines[first] = f"{_MARK}{lines[first]}"
    hidden: list[str] = []
    continued = False
    for line in lines:
        text = f"{_MARK}{line}" if continued else _hide(line)
        continued = text != line and line.endswith("\\")
        hidden.append(text)
    return "\n".join(hidden)


def _hide(line: str) -> str:
    if match := _LINE_MAGIC.match(line):
        return f"{match[1]}pass  {_MARK}{match[2]}"  # `pass`: the line may be all there is of an indented block
    if match := _ASSIGNED_MAGIC.match(line):
        return f"{match[1]}None  {_MARK}{match[2]}"
    return line
