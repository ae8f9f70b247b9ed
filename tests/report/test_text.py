"""Code frames where they are hard."""

from __future__ import annotations

from initlint.finding import Finding, Severity, Span
from initlint.report.model import Report
from initlint.report.text import render
from initlint.source.text import Cell, SourceText


def frame(text: str, span: Span) -> list[str]:
    """The lines of the frame around a finding."""
    finding = Finding("INI101", "x", Severity.ERROR, "a.py", span, "m")
    rendered = render(Report((finding,), lambda path: SourceText(path, text), lambda some: {}))
    return rendered.split("\n")[2:-3]


def test_long_findings_are_shortened() -> None:
    """The first lines and the last."""
    text = "\n".join(f"line {number}" for number in range(1, 31))
    lines = frame(text, Span(5, 1, 25, 3))

    assert "   ..." in lines
    assert " 5 | line 5" in lines
    assert "25 | line 25" in lines
    assert len(lines) < 30


def test_magics_are_shown_as_they_were_written() -> None:
    """How they are hidden from the parser is nobody's concern."""
    lines = ["bad", "pass  # initlint-magic: net?", "x = None  # initlint-magic: !ls"]
    source = SourceText("n.ipynb", "\n".join(lines), cells=(Cell(1, 1),))
    finding = Finding("INI101", "x", Severity.ERROR, "n.ipynb", Span(1, 1, 1, 4), "m", cell=1)
    rendered = render(Report((finding,), lambda path: source, lambda some: {}))

    assert "1 | bad\n  | ^^^\n2 | net?\n3 | x = !ls\n" in rendered


def test_long_lines_are_cut() -> None:
    """A megabyte on one line is not shown whole."""
    assert max(map(len, frame("x" * 1_000_000, Span(1, 1, 1, 900_000)))) < 250


def test_wide_and_combining_characters_are_underlined() -> None:
    """By the places they take on a terminal."""
    assert ["1 | \u65e5\u672c = e\u0301 + x", f"  | {' ' * 11}^"] == frame(
        "\u65e5\u672c = e\u0301 + x", Span(1, 11, 1, 12)
    )[1:3]


def test_a_place_beyond_the_text_is_no_error() -> None:
    """A file may have changed since."""
    assert frame("x\n", Span(9, 5, 12, 7))
    assert frame("", Span(1, 1, 1, 1))


def test_blank_edges_are_left_out() -> None:
    """The frame begins and ends with text."""
    assert ["  |", "3 | x", "  | ^", "  |"] == frame("\n\nx\n\n\n", Span(3, 1, 3, 2))
