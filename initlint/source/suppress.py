"""Suppression comments: where they stand, what they silence, and which of them silence nothing."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from initlint.finding import Finding, Span
from initlint.source.misread import IGNORE, NOQA, SKIP_FILE, misread
from initlint.source.text import SourceText

_OURS_BYTES = re.compile(rb"#\s*initlint\b|#\s*noqa[^\n]*\bINI[0-9]", re.IGNORECASE)
_ANY_BYTES = re.compile(rb"#\s*(?:initlint\b|noqa)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ignore:
    """One directive. `codes` holds codes, prefixes or rule names; None is all of them."""

    codes: tuple[str, ...] | None
    span: Span  # of the directive, in the whole text
    first_line: int  # of the logical line it stands on
    last_line: int
    noqa: bool

    def reaches(self, line: int) -> bool:
        """Whether it speaks of a finding on `line`: its own, or the statement whose first or last line it ends."""
        if line == self.span.line:
            return True
        at_an_end = self.span.line in (self.first_line, self.last_line)
        return at_an_end and self.first_line <= line <= self.last_line

    def covers(self, finding: Finding) -> bool:
        """Whether it names the finding's rule."""
        return self.codes is None or any(names(code, finding.code, finding.name) for code in self.codes)


@dataclass(frozen=True, slots=True)
class Suppressions:
    """All directives of one file."""

    ignores: tuple[Ignore, ...] = ()
    skip_file: bool = False
    misread: tuple[tuple[Span, str], ...] = ()  # what is none, though it wants to be: where it stands, what is wrong

    def silencing(self, finding: Finding, line: int) -> tuple[Ignore, ...]:
        """The directives that silence a finding on `line` of the whole text."""
        return tuple(one for one in self.ignores if one.reaches(line) and one.covers(finding))


def names(selector: str, code: str, name: str) -> bool:
    """Whether a code, a prefix of one, or a rule's name means this rule."""
    return code.startswith(selector.upper()) or selector.lower() == name


def speaks_to_us(data: bytes) -> bool:
    """Whether the file may hold a directive that has to be used, or is reported."""
    return _OURS_BYTES.search(data) is not None


def may_silence(data: bytes) -> bool:
    """Whether the file may hold any directive: only such files, if they have findings, are read for comments."""
    return _ANY_BYTES.search(data) is not None


def find(source: SourceText) -> Suppressions:
    """Read the directives from real comments; text in strings does not count."""
    ignores: list[Ignore] = []
    misreadings: list[tuple[Span, str]] = []
    skip = False
    for comment, first_line, last_line in _comments(source.text):
        skip = skip or SKIP_FILE.search(comment.string) is not None
        for match in IGNORE.finditer(comment.string):
            codes = None if match["codes"] is None else _split(match["codes"])
            ignores.append(Ignore(codes, _span(comment, match.start(), match.end()), first_line, last_line, noqa=False))
        for match in NOQA.finditer(comment.string):
            codes = _split(match["codes"]) if match["codes"] else None
            ignores.append(Ignore(codes, _span(comment, match.start(), match.end()), first_line, last_line, noqa=True))
        misreadings += [(_span(comment, one.start, one.end), one.message) for one in misread(comment.string)]
    return Suppressions(tuple(ignores), skip, tuple(misreadings))


def end_of_statement(text: str, line: int) -> int:
    """The last line of the logical line that `line` belongs to."""
    ends = (token.start[0] for token in _tokens(text) if token.type == tokenize.NEWLINE)
    return next((end for end in ends if end >= line), line)


def _split(codes: str) -> tuple[str, ...]:
    return tuple(code for code in re.split(r"[,\s]+", codes) if code)


def _span(comment: tokenize.TokenInfo, start: int, end: int) -> Span:
    (line, column) = comment.start
    return Span(line, column + start + 1, line, column + end + 1)


def _comments(text: str) -> Iterator[tuple[tokenize.TokenInfo, int, int]]:
    """Each comment with the first and last line of the logical line it stands on."""
    pending: list[tokenize.TokenInfo] = []
    first: int | None = None
    for token in _tokens(text):
        match token.type:
            case tokenize.COMMENT:
                pending.append(token)
            case tokenize.NEWLINE:
                yield from ((one, first or token.start[0], token.start[0]) for one in pending)
                pending, first = [], None
            case tokenize.NL if first is None:  # a line with nothing but a comment
                yield from ((one, one.start[0], one.start[0]) for one in pending)
                pending = []
            case tokenize.NL | tokenize.INDENT | tokenize.DEDENT | tokenize.ENCODING:
                pass
            case _ if first is None:
                first = token.start[0]
    yield from ((one, one.start[0], one.start[0]) for one in pending)


def _tokens(text: str) -> Iterable[tokenize.TokenInfo]:
    """The tokens up to the first that cannot be read: a broken file keeps the comments before the break."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError):
        return
