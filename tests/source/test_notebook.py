"""Notebooks: cells as one text, magics hidden and brought back."""

from __future__ import annotations

import json

import pytest

from initlint.errors import SourceError
from initlint.finding import Span
from initlint.source.notebook import open_notebook, restore
from initlint.source.text import SourceText


def notebook(*cells: str | list[str], kind: str = "code") -> bytes:
    """A notebook of code cells, with a text cell in front."""
    made = [{"cell_type": "markdown", "source": ["# Title"]}]
    made += [{"cell_type": kind, "source": cell} for cell in cells]  # type: ignore[dict-item]
    return json.dumps({"cells": made, "nbformat": 4}).encode()


def opened(*cells: str | list[str]) -> SourceText:
    source = open_notebook("n.ipynb", notebook(*cells)).source
    assert source is not None
    return source


def test_cells_are_joined_and_numbered_among_all() -> None:
    """Text cells count, but are not read; lists and strings are the same."""
    source = opened("a = 1\nb = 2", ["c = 3\n", "d = 4\n"])

    assert "a = 1\nb = 2\nc = 3\nd = 4\n" == source.text
    assert [(2, 1), (3, 3)] == [(cell.number, cell.first_line) for cell in source.cells]


def test_places_go_to_cells_and_back() -> None:
    """A finding's line counts inside its cell."""
    source = opened("a = 1\nb = 2", "c = 3\nd = 4")
    cell, span = source.local(Span(4, 1, 4, 2))

    assert (3, Span(2, 1, 2, 2)) == (cell, span)
    assert Span(4, 1, 4, 2) == source.absolute(cell, span)


MAGICS = [
    "%matplotlib inline\nx = 1",
    "x = 1\n!pip install \\\n  torch\ny = 2",
    "if x:\n    !ls\n",
    "files = !ls\nx = 1",
    "a, b = %sx ls",
    "x.weight?\n??x\nx = 1",
    "%%time\nx = 1",
    "%%bash\nfor f in *; do echo $f; done",
    "\n%%html\n<b>\n",
    "%%writefile a.py\nx = (",
    "!echo 'x",
    "pip install -q torch\nx = 1",
    "rm -rf /data/set",
]


@pytest.mark.parametrize("cell", MAGICS)
def test_magics_are_hidden_and_brought_back(cell: str) -> None:
    """The cell parses, no line moves, and what is written back is what was there."""
    source = opened(cell)

    assert source.tree
    assert cell.count("\n") == source.text.count("\n")
    assert cell == restore(source.text)


def test_python_in_a_timed_cell_is_read() -> None:
    """`%%time` hides its own line only."""
    assert "x = 1" == opened("%%time\nx = 1").lines[1]


@pytest.mark.parametrize("cell", ["x = '''\n%matplotlib inline\n!ls\n'''", "x = (a\n% b)", "await f()"])
def test_plain_python_is_left_as_it_is(cell: str) -> None:
    """What parses has no magics, whatever it looks like."""
    assert cell == opened(cell).text


def test_an_indented_cell_is_no_mistake() -> None:
    """IPython takes the first line's indentation from all lines; what is broken without it stays a problem."""
    fine = open_notebook("n.ipynb", notebook("\n  x = 1\n  if x:\n    y = 2", "z = 3"))
    broken = open_notebook("n.ipynb", notebook("  x = 1\n  y = (", "z = 3"))

    assert not fine.problems
    assert fine.source is not None
    assert "\n\n\n\nz = 3" == fine.source.text
    assert 1 == len(broken.problems)


def test_a_broken_cell_is_told_and_the_rest_is_read() -> None:
    """The finding lies in the cell; its lines are blank in the text."""
    result = open_notebook("n.ipynb", notebook("a = 1", "x = (\ny\n", "b = 2"))
    assert result.source is not None

    assert [(3, 1)] == [(problem.cell, problem.span.line) for problem in result.problems]
    assert ["a = 1", "", "", "", "b = 2"] == result.source.lines


@pytest.mark.parametrize("cell", [" x = 1\n y = 2", " !ls \\\n   -l", "@manual{Intro1,\n title={An introduction},\n}"])
def test_what_is_meant_to_be_so_is_no_mistake(cell: str) -> None:
    """IPython takes a shared indentation away; a reference that is to be copied is no code."""
    result = open_notebook("n.ipynb", notebook("a = 1", cell))

    assert () == result.problems


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "not a notebook: Expecting property name"),
        (b"[" * 100_000, "not a notebook: "),
        (b"\xff", "not a notebook: "),
        (b"[]", "no list of cells"),
        (b'{"worksheets": []}', "no list of cells"),
    ],
)
def test_what_is_no_notebook_is_explained(data: bytes, message: str) -> None:
    """Broken JSON, other JSON, an old format."""
    with pytest.raises(SourceError, match=message):
        open_notebook("n.ipynb", data)


@pytest.mark.parametrize(
    "metadata",
    [
        {"language_info": {"name": "julia"}},
        {"kernelspec": {"language": "R", "name": "ir"}},
    ],
)
def test_notebooks_in_other_languages_hold_nothing(metadata: dict[str, object]) -> None:
    """Their cells are no broken Python."""
    cell = {"cell_type": "code", "source": "using Flux\nnn.init(x)"}
    found = open_notebook("n.ipynb", json.dumps({"cells": [cell], "metadata": metadata}).encode())

    assert ("", ()) == (found.source and found.source.text, found.problems)


def test_a_cell_in_another_language_is_passed_over() -> None:
    """Editors keep each cell's language; the others are read."""
    cells = [
        {"cell_type": "code", "source": "select * from t", "metadata": {"vscode": {"languageId": "sql"}}},
        {"cell_type": "code", "source": "a = 1", "metadata": {"vscode": {"languageId": "python"}}},
    ]
    content = {"cells": cells, "metadata": {"language_info": {"name": "python"}}}
    found = open_notebook("n.ipynb", json.dumps(content).encode())

    assert ("a = 1", ()) == (found.source and found.source.text, found.problems)


def test_odd_cells_are_passed_over() -> None:
    """A cell without a source, or with something else for one."""
    data = json.dumps({"cells": [1, {"cell_type": "code", "source": [1]}, {"cell_type": "code"}]}).encode()
    source = open_notebook("n.ipynb", data).source

    assert source is not None
    assert "" == source.text
