"""From bytes to text: what is wrong with a file is one clear sentence."""

from __future__ import annotations

import sys

import pytest

from initlint.errors import SourceError
from initlint.finding import Span
from initlint.source.read import decode, open_source, parse_problem, read_bytes
from initlint.source.text import SourceText


@pytest.mark.parametrize(
    ("data", "text", "encoding", "bom", "newline"),
    [
        (b"x = 1\n", "x = 1\n", "utf-8", False, "\n"),
        (b"\xef\xbb\xbfx = 1\r\ny\r\n", "x = 1\ny\n", "utf-8", True, "\r\n"),
        (b"x\ry\r", "x\ny\n", "utf-8", False, "\r"),
        (b"# -*- coding: latin-1 -*-\n# \xe9\n", "# -*- coding: latin-1 -*-\n# \u00e9\n", "iso-8859-1", False, "\n"),
        (
            b"#!/x\n# vim: set fileencoding=cp1252 :\n#\x80",
            "#!/x\n# vim: set fileencoding=cp1252 :\n#\u20ac",
            "cp1252",
            False,
            "\n",
        ),
        (b"", "", "utf-8", False, "\n"),
    ],
)
def test_text_is_decoded_as_python_does(data: bytes, text: str, encoding: str, bom: bool, newline: str) -> None:
    """Byte order mark, cookie, line ends: kept to write the file back."""
    assert SourceText("a.py", text, encoding, bom, newline) == decode("a.py", data)


@pytest.mark.parametrize(
    ("data", "message", "line"),
    [
        (b"x = 1\n# \xe9\n", "not valid utf-8: byte 0xe9", 2),
        (b"\n\n\n\xff = 1\n", "not valid utf-8: byte 0xff", 4),
        (b"# coding: ascii\nx = 1\ny = '\xe9'\n", "not valid ascii: byte 0xe9", 3),
        (b"# coding: nonsense\n", "cannot decode the file: unknown encoding: nonsense", 1),
        (b"# coding: rot13\n", "cannot decode the file: 'rot13' is not a text encoding", 1),
        (b"# coding: undefined\n", "cannot decode the file: ", 1),
        (b"\xef\xbb\xbf# coding: latin-1\n", "cannot decode the file: encoding problem: utf-8", 1),
        (b"\xff\xfex\x00", "the file is UTF-16", 1),
        (b"x = 1\n\0\0", "contains NUL bytes: this is a binary file, not Python", 2),
    ],
)
def test_what_cannot_be_decoded_is_explained(data: bytes, message: str, line: int) -> None:
    """The encoding, the byte, the line, and what to do."""
    with pytest.raises(SourceError) as raised:
        decode("a.py", data)

    assert str(raised.value).startswith(message)
    assert line == raised.value.line


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("def f(:\n", "invalid syntax", (1, 7)),
        ('x = 1\nprint "a"\n', "(this looks like Python 2)", (2, 1)),
        ("try:\n    x\nexcept A, e:\n    y\n", "(this looks like Python 2)", (3, 8)),
        ("if x:\n", "expected an indented block", (1, 6)),
        ("x = '\u00e9\u00e9' $\n", "invalid syntax", (1, 10)),
    ],
)
def test_syntax_errors_have_a_place(text: str, message: str, place: tuple[int, int]) -> None:
    """In characters, counted from 1, inside the text."""
    problem = parse_problem(SourceText("a.py", text))

    assert problem is not None
    assert message in problem.message
    assert place == (problem.span.line, problem.span.column)


@pytest.mark.parametrize("text", ["-" * 200_000 + "1", "(" * 5_000 + ")" * 5_000])
def test_deep_nesting_is_a_problem_not_a_crash(text: str) -> None:
    """Whatever this Python's parser does about it."""
    problem = parse_problem(SourceText("a.py", text))

    assert problem is not None
    assert "too" in problem.message


def test_a_long_chain_is_parsed_or_told() -> None:
    """Python 3.10 takes it, later ones do not; none may crash."""
    problem = parse_problem(SourceText("a.py", "x" + ".a" * 100_000))

    assert (problem is None) == (sys.version_info < (3, 11))


def test_lone_surrogates_are_a_problem() -> None:
    """An escape codec can make text that no parser takes."""
    problem = parse_problem(SourceText("a.py", "x = '\ud800'"))

    assert problem is not None
    assert Span(1, 1, 1, 1) == problem.span


def test_warnings_of_the_parser_are_not_told() -> None:
    """An invalid escape sequence is the author's own business."""
    assert parse_problem(SourceText("a.py", "x = '\\d'\ny = 1 is 1\n")) is None


def test_a_file_that_cannot_be_read_gives_the_reason(tmp_path: object) -> None:
    """The system's words."""
    with pytest.raises(SourceError, match="cannot read the file: is a directory"):
        read_bytes(str(tmp_path))


def test_opening_never_raises() -> None:
    """What is wrong is told instead."""
    opened = open_source("a.py", b"\xff")

    assert opened.source is None
    assert "not valid utf-8: byte 0xff" in opened.problems[0].message
