"""What a terminal would obey becomes visible."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from initlint.report.harmless import visible, visible_path, whole_characters


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain \u00e9 \u65e5", "plain \u00e9 \u65e5"),
        ("\x1b[31m", r"\x1b[31m"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\u202eevil", r"\u202eevil"),
        ("\udcff", r"\udcff"),
        ("\x9b", r"\x9b"),
    ],
)
def test_controls_are_spelled_out(text: str, seen: str) -> None:
    """Escapes, line ends, marks that turn the direction, bytes that were no text."""
    assert seen == visible(text)


@given(some.text(some.characters(codec=None)))
def test_any_text_is_one_line_that_can_be_written(text: str) -> None:
    """Whatever a file system or a file may hold."""
    assert len(visible(text).splitlines()) <= 1
    assert visible(text) == visible(text).encode().decode()
    assert len(text) == len(whole_characters(text).encode().decode())


@pytest.mark.parametrize("path", ["::error::x.py", "##[error]x.py", "::add-mask::y"])
def test_a_name_is_no_command(path: str) -> None:
    """A build log obeys lines that begin so."""
    assert f"./{path}" == visible_path(path)
