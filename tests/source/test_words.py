"""Patterns of whole words."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from initlint.source.text import SourceText
from initlint.source.words import word, words

_NAMES = st.lists(st.sampled_from(["a", "ab", "b_", "aé", "x1"]), min_size=1, unique=True)
_TEXTS = st.text(alphabet="ab_éx1 .\n", max_size=30)


@given(_NAMES, _TEXTS)
def test_words_begin_where_whole_words_stand(names: list[str], text: str) -> None:
    """The same places as the plain pattern finds."""
    plain = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b")
    assert [match.span() for match in words(names).finditer(text)] == [match.span() for match in plain.finditer(text)]


def test_a_word_is_told_from_its_definition() -> None:
    """`def init(` defines the name, it does not use it."""
    used = re.compile(word("init", after="def "))
    assert used.search("net.init()")
    assert not used.search("def init(self): ...")


@given(st.text(alphabet="SsİıK\n e", max_size=30))
def test_lower_case_keeps_places(text: str) -> None:
    """Also where a letter's lower case is longer than the letter."""
    source = SourceText("a.py", text)
    expected = [number for number, line in enumerate(text.split("\n"), start=1) if "s" in line or "S" in line]
    assert source.lines_with(re.compile("s"), lower=True) == expected
