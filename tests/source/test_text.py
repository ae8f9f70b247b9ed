"""Places in a text."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from initlint.source.text import SourceText


def test_the_whole_lines_of_a_node() -> None:
    """What stands before and behind it on them, its own inner lines, and nothing else."""
    source = SourceText("net.py", "a = 1\nif b: c(\n    2,\n)  # d\ne = 3\n")
    call = next(node for node in ast.walk(source.tree) if isinstance(node, ast.Call))

    assert "if b: c(\n    2,\n)  # d" == source.whole_lines(call)
    assert "c(\n    2,\n)" == source.segment(source.span(call))


@given(st.text(max_size=80))
def test_a_packed_text_reads_as_before(text: str) -> None:
    """Whatever its characters; what has been made of it is left behind by `anew`, and the text stays packed."""
    source = SourceText("net.py", text)
    source.pack()
    again = source.anew()

    assert source.text == again.text == text
    assert vars(again)["text"] is vars(source)["text"] != text
