"""Statements put under a header, and taken from under one."""

from __future__ import annotations

import ast

import pytest

from initlint.fixer.fragment import CannotRewrite
from initlint.fixer.wrap import guard, unwrap, wrap_in_with
from tests.fixer.edited import find, rewritten, source, statement

GUARDED = [
    pytest.param("zero(m.bias)  # c\n", "if m.bias is not None:\n    zero(m.bias)  # c\n", id="module level"),
    pytest.param(
        "def f(m):\n\t# of it\n\tzero(m.bias)\n",
        "def f(m):\n\t# of it\n\tif m.bias is not None:\n\t\tzero(m.bias)\n",
        id="tabs",
    ),
    pytest.param(
        'if x:\n  zero("""\n a\n""",\n       1)\n',
        'if x:\n  if m.bias is not None:\n    zero("""\n a\n""",\n         1)\n',
        id="strings over lines stay, continuation lines follow",
    ),
    pytest.param("a(); zero(1); b()\n", "a()\nif m.bias is not None:\n    zero(1)\nb()\n", id="semicolons"),
    pytest.param(
        "for m in x: zero(1)  # c\n",
        "for m in x:\n    if m.bias is not None:\n        zero(1)  # c\n",
        id="suite",
    ),
    pytest.param(
        "if x: pass\nelse: zero(1)\n", "if x: pass\nelse:\n    if m.bias is not None:\n        zero(1)\n", id="else"
    ),
    pytest.param(
        "try: zero(1)\nexcept E: pass\n",
        "try:\n    if m.bias is not None:\n        zero(1)\nexcept E: pass\n",
        id="try",
    ),
    pytest.param("if é: a('é'); zero(1)\n", "if é:\n    a('é')\n    if m.bias is not None:\n        zero(1)\n", id="é"),
]


@pytest.mark.parametrize(("before", "expected"), GUARDED)
def test_a_statement_is_guarded(before: str, expected: str) -> None:
    """Only the statement moves under the condition."""
    actual = rewritten(before, lambda text: guard(text, [statement(text, "zero(")], "m.bias is not None"))

    assert expected == actual


def test_neighbours_are_wrapped_together() -> None:
    """With the comments and blank lines between them."""
    actual = rewritten(
        "def f(m):\n    a()  # one\n\n    # two\n    b()\n    c()\n",
        lambda text: wrap_in_with(text, [statement(text, "a("), statement(text, "b(")], "torch.no_grad()"),
    )

    expected = "def f(m):\n    with torch.no_grad():\n        a()  # one\n\n        # two\n        b()\n    c()\n"

    assert expected == actual


def test_a_loop_is_wrapped_with_all_that_is_in_it() -> None:
    """Inner blocks keep their own indentation."""
    actual = rewritten(
        "for p in q:\n   if p:\n         a(p)\n   # end\nb()\n",
        lambda text: wrap_in_with(text, [statement(text, "for")], "torch.no_grad()"),
    )

    assert actual == "with torch.no_grad():\n   for p in q:\n      if p:\n            a(p)\n      # end\nb()\n"


def test_statements_apart_or_half_a_row_are_not_wrapped() -> None:
    """What lies between them, or behind them on the line, would come along."""
    apart = source("a()\nb()\nc()\n")
    half = source("a(); b()\nc()\n")

    with pytest.raises(CannotRewrite):
        guard(apart, [statement(apart, "a("), statement(apart, "c(")], "x")
    with pytest.raises(CannotRewrite):
        guard(half, [statement(half, "b("), statement(half, "c(")], "x")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (
            "def f():\n  with x:\n     a()  # one\n     # two\n     b()\n  c()\n",
            "def f():\n  a()  # one\n  # two\n  b()\n  c()\n",
        ),
        ("with x: a(); b()  # c\n", "a(); b()  # c\n"),
        ("with x:\n\n    a()\n", "a()\n"),
    ],
)
def test_a_header_is_taken_away(before: str, expected: str) -> None:
    """Its body takes its place."""
    actual = rewritten(before, lambda text: unwrap(text, find(text, ast.With, "with")))

    assert expected == actual


@pytest.mark.parametrize(
    "before", ["if x:  # why\n    a()\n", "if x:\n    # why\n    a()\n", "if x:\n    a()\nelse:\n    b()\n"]
)
def test_a_header_that_holds_more_than_its_body_stays(before: str) -> None:
    """A comment or another branch would be lost."""
    text = source(before)

    with pytest.raises(CannotRewrite):
        unwrap(text, find(text, ast.If, "if"))
