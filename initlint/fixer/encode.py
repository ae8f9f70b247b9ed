"""From a changed text back to bytes: what was not changed keeps its bytes, line ends and JSON included."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import takewhile

from initlint.errors import SourceError
from initlint.source.read import decode
from initlint.source.text import SourceText

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")

Origins = list[int | None]


def encode(before: SourceText, after: SourceText, data: bytes) -> bytes:
    """The bytes of `after`, where `data` are those of `before`. Raises SourceError where it cannot be written so."""
    if before.path.endswith(".ipynb"):
        from initlint.fixer.notebook import encode_notebook  # json is only for notebooks

        return encode_notebook(before, after, data)
    if decode(before.path, data).text != before.text:
        raise SourceError(f"{before.path} has changed meanwhile: nothing was written, run initlint again")
    mark = codecs.BOM_UTF8 if before.bom else b""
    text = merge(data[len(mark) :].decode(before.encoding), before.lines, after.lines, before.newline)
    try:
        new = mark + text.encode(before.encoding)
    except UnicodeEncodeError as error:
        sign = error.object[error.start]
        raise SourceError(
            f"{before.path}: the fix needs {sign!r}, which the file's encoding {before.encoding} does not have: "
            "nothing was written; save the file as UTF-8 first"
        ) from None
    if not _reads_as(new, after, before):
        raise SourceError(f"{before.path}: the fix would change how the file is decoded: nothing was written")
    return new


def _reads_as(data: bytes, after: SourceText, before: SourceText) -> bool:
    try:
        again = decode(before.path, data)
    except SourceError:
        return False
    return (again.text, again.encoding, again.bom) == (after.text, before.encoding, before.bom)


def merge(
    raw: str,
    before: Sequence[str],
    after: Sequence[str],
    newline: str,
    restore: Callable[[str], str] = str,
) -> str:
    """The lines `after` with the line ends of `raw`, whose lines are `before`; new lines end as their neighbours do.

    A line that stays is the one of `raw`, whatever it looks like there; one that is new goes through `restore`.
    """
    old = split_lines(raw)
    lines: list[tuple[str, str]] = []
    end = old[0][1] or newline
    for line, origin in zip(after, origins(before, after), strict=True):
        text = restore(line)
        if origin is not None:
            end = old[origin][1] or end
            text = old[origin][0] if line == before[origin] else text
        if not text and end == "\n" and lines and lines[-1][1] == "\r":
            lines[-1] = (lines[-1][0], "\n")  # together the two ends would be one
        lines.append((text, end))
    return "".join(text + end for text, end in lines).removesuffix(lines[-1][1] if lines else "")


def split_lines(raw: str) -> list[tuple[str, str]]:
    """The lines with their ends, as Python counts lines: the last one has none."""
    found = [(match[1], match[2]) for match in _LINE.finditer(raw)]
    while len(found) > 1 and found[-1] == ("", "") and not found[-2][1]:
        found.pop()  # the pattern also matches behind a last line
    return found


def origins(before: Sequence[str], after: Sequence[str]) -> Origins:
    """For each line of `after` the line of `before` that it is, or that it takes the place of; None for a new one."""
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    left, right = before[head:], after[head:]
    tail = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left[::-1], right[::-1], strict=False)))
    middle = _middle(left[: len(left) - tail], right[: len(right) - tail])
    rest = range(len(before) - tail, len(before))
    return [*range(head), *(None if line is None else line + head for line in middle), *rest]


def _middle(before: Sequence[str], after: Sequence[str]) -> Iterator[int | None]:
    for tag, low, high, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        for offset in range(last - first):
            yield low + offset if tag != "insert" and low + offset < high else None
