"""Where exceptions of foreign code end."""

from __future__ import annotations

import ast

import pytest

from initlint.crash import Crash, attempt
from initlint.finding import Span


def test_a_value_comes_through() -> None:
    """Nothing is added to it."""
    assert 3 == attempt(lambda: 3)


def test_a_crash_tells_what_and_where() -> None:
    """The place is the innermost node or finding that was in hand."""
    tree = ast.parse("x = 1\ny = 2\n")

    def look(statement: ast.stmt) -> None:
        raise ValueError("two\nlines")

    def walk() -> None:
        for statement in tree.body[1:]:
            look(statement)

    crash = attempt(walk)

    assert isinstance(crash, Crash)
    assert ("ValueError: two", Span(2, 1, 2, 6)) == (crash.error, crash.span)
    assert "in walk" in crash.trace


def test_recursion_is_told_apart() -> None:
    """A file may be nested too deeply: that is no bug."""

    def sink() -> None:
        sink()

    crash = attempt(sink)

    assert isinstance(crash, Crash)
    assert crash.recursion


def test_an_interrupt_goes_through() -> None:
    """Ctrl-C is not a crash."""

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt(stop)
