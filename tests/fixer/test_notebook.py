"""Notebooks written back."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from initlint.errors import SourceError
from initlint.fixer.encode import encode
from initlint.source.read import open_source
from initlint.source.text import SourceText


def opened(data: bytes) -> SourceText:
    """The code of a notebook."""
    source = open_source("net.ipynb", data).source
    assert source is not None
    return source


def changed(data: bytes, old: str, new: str) -> bytes:
    """The bytes after replacing lines, at the end of whose cell none are added."""
    before = opened(data)
    shift = new.count("\n") - old.count("\n")
    line = before.text[: before.text.index(old)].count("\n") + 1
    cells = tuple(
        dataclasses.replace(cell, first_line=cell.first_line + (shift if cell.first_line > line else 0))
        for cell in before.cells
    )
    return encode(before, dataclasses.replace(before, text=before.text.replace(old, new), cells=cells), data)


def notebook(*sources: Any, **options: Any) -> bytes:
    """A notebook with these cells; text that begins with `#md` is no code."""
    cells = [
        {
            "cell_type": "markdown" if "".join(source).startswith("#md") else "code",
            "metadata": {"n": 1.0},
            "source": source,
        }
        for source in sources
    ]
    return json.dumps({"cells": cells, "nbformat": 4, "x": 1e-7}, **options).encode()


@pytest.mark.parametrize("options", [{}, {"indent": 1}, {"indent": 4}, {"indent": "\t"}, {"separators": (",", ":")}])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_only_the_changed_lines_of_the_json_differ(options: dict[str, Any], end: str) -> None:
    """Indentation, separators, numbers and the end of the file stay."""
    sources = [["#md a()"], ["a()\n", "b()\n", "# é"], "b\nc"]
    expected = [["#md a()"], ["a()\n", "x()\n", "y()\n", "# é"], "b\nc"]
    data = notebook(*sources, **options) + end.encode()

    assert notebook(*expected, **options) + end.encode() == changed(data, "b()", "x()\ny()")


def test_a_source_that_is_one_string_stays_one() -> None:
    """As some tools write it."""
    assert notebook("x()\nb()\n") == changed(notebook("a()\nb()\n"), "a()", "x()")


def test_a_single_line_becomes_two_in_the_style_of_the_array() -> None:
    """Each on a line of its own where the first has one."""
    data = notebook(["a()"], indent=1)

    assert notebook(["x()\n", "y()"], indent=1) == changed(data, "a()", "x()\ny()")


def test_signs_beyond_ascii_are_written_as_the_notebook_writes_them() -> None:
    """Escaped only where it is all ASCII; untouched lines keep their escapes anyway."""
    escaped = notebook(["# é\n", "a()"])
    plain = notebook(["# é\n", "a()"], ensure_ascii=False)
    odd = plain.replace(b'"a()"', b'"a\\u0028)"')

    assert notebook(["# é\n", "'ü'"]) == changed(escaped, "a()", "'ü'")
    assert notebook(["# é\n", "'ü'"], ensure_ascii=False) == changed(plain, "a()", "'ü'")
    assert odd.replace("# é".encode(), b"# e") == changed(odd, "# é", "# e")


def test_magics_are_written_back_as_they_were() -> None:
    """On changed lines and beside them."""
    data = notebook(["%matplotlib inline\n", "x = !ls\n", "a()"])

    assert notebook(["%matplotlib inline\n", "x = !ls\n", "b()"]) == changed(data, "a()", "b()")
    before = opened(data)
    indented = before.text.replace("pass  #", "if t:\n    pass  #")
    after = dataclasses.replace(before, text=indented)

    assert notebook(["if t:\n", "    %matplotlib inline\n", "x = !ls\n", "a()"]) == encode(before, after, data)


def test_windows_line_ends_inside_a_cell_stay() -> None:
    """New lines take them over."""
    assert notebook(["a()\r\n", "x\r\n", "y\r\n", "c"]) == changed(notebook(["a()\r\n", "b\r\n", "c"]), "b", "x\ny")


def test_oddly_cut_lines_are_understood() -> None:
    """An array element need not be a line."""
    assert notebook(["a()\n", "x()"]) == changed(notebook(["a", "()\nb", "()"]), "b()", "x()")


def test_a_byte_order_mark_stays() -> None:
    """The JSON behind it is read all the same."""
    mark = b"\xef\xbb\xbf"

    assert mark + notebook("b") == changed(mark + notebook("a"), "a", "b")


def test_a_notebook_that_changed_meanwhile_is_refused() -> None:
    """The fix was made for other cells."""
    before = opened(notebook("a"))

    with pytest.raises(SourceError, match="changed meanwhile"):
        encode(before, dataclasses.replace(before, text="b"), notebook("c"))
