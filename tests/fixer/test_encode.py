"""From a changed text back to bytes."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initlint.errors import SourceError
from initlint.fixer.encode import encode, merge, split_lines
from initlint.source.read import decode

ENDS = st.sampled_from(["\n", "\r\n", "\r"])
LINES = st.lists(st.tuples(st.sampled_from(["a = 1", "", "b = 2", "\x0cc = 3", "# é"]), ENDS), max_size=8)


def changed(data: bytes, old: str, new: str) -> bytes:
    """The bytes of a file in whose text `old` was replaced."""
    before = decode("net.py", data)
    assert old in before.text
    return encode(before, dataclasses.replace(before, text=before.text.replace(old, new)), data)


KEPT = [
    pytest.param(b"a\r\nb\r\nc\r\n", "b", "x\ny", b"a\r\nx\r\ny\r\nc\r\n", id="crlf"),
    pytest.param(b"a\rb\rc\r", "b", "x\ny", b"a\rx\ry\rc\r", id="cr"),
    pytest.param(b"a\r\nb\nc\rd", "b", "x\ny", b"a\r\nx\ny\nc\rd", id="mixed"),
    pytest.param(b"a\nb\r\nc", "c", "x\ny", b"a\nb\r\nx\r\ny", id="no newline at the end"),
    pytest.param(b"a\nb\r\n", "b\n", "", b"a\n", id="last line deleted"),
    pytest.param(b"\xef\xbb\xbfa\r\nb", "b", "x", b"\xef\xbb\xbfa\r\nx", id="byte order mark"),
    pytest.param(
        b"# coding: latin-1\n'\xe9'\nb\n", "b", "'\u00ea'", b"# coding: latin-1\n'\xe9'\n'\xea'\n", id="cookie"
    ),
    pytest.param(b"a\x0c\n\x0cb\n", "b", "x", b"a\x0c\n\x0cx\n", id="form feeds"),
    pytest.param(b"", "", "x", b"x", id="empty file"),
]


@pytest.mark.parametrize(("data", "old", "new", "expected"), KEPT)
def test_untouched_lines_keep_their_bytes(data: bytes, old: str, new: str, expected: bytes) -> None:
    """New lines end as their neighbours do."""
    assert expected == changed(data, old, new)


@given(LINES, LINES, LINES)
def test_lines_around_a_change_keep_their_ends(
    head: list[tuple[str, str]], middle: list[tuple[str, str]], tail: list[tuple[str, str]]
) -> None:
    """Whatever the mixture."""
    raw = "".join(line + end for part in (head, middle, tail) for line, end in part) + "end"
    before = [line for line, _ in split_lines(raw)]
    start = len(split_lines("".join(line + end for line, end in head))) - 1
    after = [*before[:start], "new one", "new two", *before[len(before) - len(tail) - 1 :]]
    if (
        raw != "".join(line + end for line, end in split_lines(raw))
        or len(before) != len(head) + len(middle) + len(tail) + 1
    ):
        return  # a `\r` and a `\n` of two lines met
    result = merge(raw, before, after, "\n")
    opening = "".join(line + end for line, end in head)
    closing = "".join(line + end for line, end in tail) + "end"

    assert result.startswith(opening)
    assert result.endswith(closing)
    assert [line for line, _ in split_lines(result)] == after


@given(st.text(alphabet="ab\r\n\x0c\x85\u2028"))
def test_lines_are_split_as_python_counts_them(raw: str) -> None:
    """At line feeds and carriage returns, at nothing else, and nothing gets lost."""
    lines = split_lines(raw)

    assert raw == "".join(line + end for line, end in lines)
    assert [line for line, _ in lines] == raw.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def test_a_text_that_changed_meanwhile_is_refused() -> None:
    """The fix was made for another text."""
    before = decode("net.py", b"a\n")

    with pytest.raises(SourceError, match="changed meanwhile"):
        encode(before, dataclasses.replace(before, text="b\n"), b"c\n")


def test_a_text_that_the_encoding_cannot_hold_is_refused() -> None:
    """The message names the sign and the encoding."""
    with pytest.raises(SourceError, match=r"'√'.*iso-8859-1"):
        changed(b"# coding: latin-1\nb\n", "b", "# √")


def test_a_fix_may_not_move_the_encoding_cookie_away() -> None:
    """Below line two it would be a comment like any other."""
    with pytest.raises(SourceError, match="how the file is decoded"):
        changed(b"#\n# coding: latin-1\n'\xe9'\n", "#\n# coding", "#\n#\n# coding")
