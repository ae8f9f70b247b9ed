"""Comments that want to be a directive and are none: what was expected, and what to write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# What has an effect. Words behind a bare `ignore` are its reason, unless they are codes: then only those were meant.
IGNORE = re.compile(
    r"#\s*initlint:\s*ignore"
    r"(?:\s*\[(?P<codes>[^\]\w]*\w[^\]]*)\](?![\w-])|(?![\w-]|\s*[\[:=]|[^\w#]*INI[0-9]))",
    re.IGNORECASE,
)
SKIP_FILE = re.compile(r"#\s*initlint:\s*skip-file(?![\w-]|\s*[\[=]|[^\w#]*INI[0-9])", re.IGNORECASE)
NOQA = re.compile(
    r"#\s*noqa(?:\s*:\s*(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)|(?!\s*:|[^\w#]*INI[0-9]))(?![\w:-])",
    re.IGNORECASE,
)
# What was meant to have one. Without the colon only where nothing but a directive can follow: the rest is prose.
_OURS = re.compile(
    r"#\s*initlint(?:\s*:|[\s=-]\s*(?=(?:ignore|disable|noqa)\s*(?:[\[(=:]|\W*INI[0-9]|$)|skip-file\s*$))[^#]*",
    re.IGNORECASE,
)
_ANY_NOQA = re.compile(r"#\s*noqa[^#]*", re.IGNORECASE)
_OUR_CODE_NEXT = re.compile(r"(?:[^\w#]|\b(?:[A-Z]+[0-9]+|and|or)\b)*?\bINI[0-9]", re.IGNORECASE)
_OUR_CODE = re.compile(r"\bINI[0-9]+\b", re.IGNORECASE)
_SELECTOR = re.compile(r"\b(?:INI[0-9]+\b|[a-z0-9]+(?:-[a-z0-9]+)+)", re.IGNORECASE)
_OTHER_CODE = re.compile(r"\b[A-Z]+[0-9]\w*", re.IGNORECASE)
_CODE = re.compile(r"[A-Z]+[0-9]+", re.IGNORECASE)
_WORD = re.compile(r"#\s*initlint\W*(?P<word>[\w-]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_OF_A_FILE = re.compile(r"(?=.*file)(?:skip|ignore|disable|noqa|exclude)|skip-?all", re.IGNORECASE)
_OF_A_LINE = re.compile(r"ignore|disable|noqa|silence|suppress|off$|allow$|nolint", re.IGNORECASE)
_OPPOSITE = re.compile(r"enable|on$|end", re.IGNORECASE)
_DIRECTIVES = "`ignore`, `ignore[CODE, ...]` or `skip-file`"
_LONGEST = 60  # characters of a comment that are quoted


@dataclass(frozen=True, slots=True)
class Misread:
    """One of them: where it stands in its comment, and the sentence that tells it."""

    start: int
    end: int
    message: str


def misread(comment: str) -> Iterator[Misread]:
    """The directives in a comment that have no effect, or not all of the one they name."""
    for match in _OURS.finditer(comment):
        text = match[0].rstrip()
        if not IGNORE.match(text) and not SKIP_FILE.match(text):
            yield _told(match.start(), text, f"expected {_DIRECTIVES}", _ours(text))
    for match in _ANY_NOQA.finditer(comment):
        text = match[0].rstrip()
        read = NOQA.match(text)
        if _OUR_CODE_NEXT.match(text, read.end() if read else text.lower().index("noqa") + len("noqa")):
            yield _told(match.start(), text, "expected a colon, and codes with commas between them", _noqa(text))


def _told(start: int, text: str, expected: str, instead: str | None) -> Misread:
    quoted = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    cure = f"; write `{instead}`" if instead else ""
    return Misread(start, start + len(text), f"invalid directive `{quoted}`: {expected}{cure}")


def _ours(text: str) -> str | None:
    """The directive that was meant, where that can be seen."""
    match = _WORD.match(text)
    word, rest = (match["word"], match["rest"]) if match else ("", "")
    of_a_line = _OF_A_LINE.match(word) is not None
    codes = dict.fromkeys((_SELECTOR if of_a_line else _OUR_CODE).findall(f" {rest}" if of_a_line else text))
    if _OF_A_FILE.match(word):
        return None if codes else "# initlint: skip-file"  # there is none for some rules in a file
    if codes and not _OPPOSITE.match(word):
        return f"# initlint: ignore[{', '.join(codes)}]"
    return "# initlint: ignore" if of_a_line and "[" not in rest else None


def _noqa(text: str) -> str | None:
    """All its codes in one list; None where one of them is misspelt."""
    codes = dict.fromkeys(_OTHER_CODE.findall(text))
    return f"# noqa: {', '.join(codes)}" if all(map(_CODE.fullmatch, codes)) else None
