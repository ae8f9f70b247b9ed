"""A piece of a file as text, and the smallest edit that changes it."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initlint.finding import Span
from initlint.fixer.fragment import CannotRewrite, expression_text, replace, tokens
from initlint.source.text import Cell
from tests.fixer.edited import edited, source

TEXTS = st.text(alphabet="ab1. \n\t'\"#\\(),=é", max_size=30)


@given(TEXTS)
def test_tokens_joined_are_the_text(text: str) -> None:
    """Nothing is lost between them."""
    assert text == "".join(tokens(text))


@given(head=TEXTS, old=TEXTS, tail=TEXTS, new=TEXTS)
def test_an_edit_makes_the_text_it_was_asked_for(head: str, old: str, tail: str, new: str) -> None:
    """However much of the beginning and the end is left out of it."""
    text = source(head + old + tail)
    line, column = head.count("\n") + 1, len(head.rpartition("\n")[2]) + 1
    end_line = line + old.count("\n")
    end_column = len(old.rpartition("\n")[2]) + (1 if "\n" in old else column)
    edits = replace(text, Span(line, column, end_line, end_column), new)

    assert head + new + tail == edited(text, edits)
    assert len(edits) == (old != new)


@pytest.mark.parametrize(
    ("old", "new", "column", "end_column", "replacement"),
    [
        ("f(w, 0.02)", "f(w, std=0.02)", 6, 6, "std="),
        ("f(w, 0.02)", "f(w, 0.2)", 6, 10, "0.2"),
        ("nn.init.xavier_uniform_(w)", "nn.init.kaiming_uniform_(w)", 9, 24, "kaiming_uniform_"),
        ("f('relu')", "f('leaky_relu')", 3, 9, "'leaky_relu'"),
        ("f(é, ü)", "f(é, ö)", 6, 7, "ö"),
    ],
)
def test_edits_end_where_tokens_end(old: str, new: str, column: int, end_column: int, replacement: str) -> None:
    """Half a name or half a number is no change that a person would make."""
    (edit,) = replace(source(old), Span(1, 1, 1, len(old) + 1), new)

    assert (edit.span, edit.replacement) == (Span(1, column, 1, end_column), replacement)


def test_edits_in_a_notebook_count_inside_their_cell() -> None:
    """As its editor does."""
    text = source("a\nb\nc\n", cells=(Cell(1, 1), Cell(4, 2)))
    (edit,) = replace(text, Span(3, 1, 3, 2), "d")

    assert (edit.cell, edit.span) == (4, Span(2, 1, 2, 2))


@pytest.mark.parametrize("code", ["f'{x}'", "f'a{x:>{y}}'", 'f"""\n{x}"""'])
def test_positions_inside_an_f_string_are_not_trusted(code: str) -> None:
    """Older Pythons get them wrong."""
    text = source(code)

    with pytest.raises(CannotRewrite):
        expression_text(text, next(one for one in ast.walk(text.tree) if isinstance(one, ast.Name)))
