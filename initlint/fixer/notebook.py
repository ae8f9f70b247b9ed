"""Notebooks written back: the cells' sources in the JSON text, and nothing else of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from initlint.errors import SourceError
from initlint.fixer.encode import merge, split_lines
from initlint.source.notebook import open_notebook, restore
from initlint.source.text import SourceText

_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def encode_notebook(before: SourceText, after: SourceText, data: bytes) -> bytes:
    """The notebook's bytes with the code of `after`. Its own indentation, escapes and way to store lines stay."""
    if getattr(open_notebook(before.path, data).source, "text", None) != before.text:
        raise SourceError(f"{before.path} has changed meanwhile: nothing was written, run initlint again")
    encoding = json.detect_encoding(data)
    text = data.decode(encoding, "surrogatepass")
    old, new = _cells(before), _cells(after)
    pieces, place = [], 0
    for number, start, end in _sources(text):
        if number in new and new[number] != old[number]:
            pieces += [text[place:start], _source(text[start:end], old[number], new[number], ascii=text.isascii())]
            place = end
    return "".join([*pieces, text[place:]]).encode(encoding, "surrogatepass")


def _cells(source: SourceText) -> dict[int, list[str]]:
    """The lines of each cell, by its number."""
    starts = [cell.first_line - 1 for cell in source.cells]
    ends = [*starts[1:], len(source.lines)]
    return {cell.number: source.lines[start:end] for cell, start, end in zip(source.cells, starts, ends, strict=True)}


def _source(value: str, before: list[str], after: list[str], *, ascii: bool) -> str:  # noqa: A002 - json's own word
    """The JSON of a cell's source, written as `value` is, with other lines."""
    old, _ = _DECODER.raw_decode(value)
    new = merge(old if isinstance(old, str) else "".join(old), before, after, "\n", restore)
    if isinstance(old, str):
        return json.dumps(new, ensure_ascii=ascii)
    places = list(_elements(value, 0))
    written = {_DECODER.raw_decode(value, start)[0]: value[start:end] for start, end in places}
    lines = [line + end for line, end in split_lines(new) if line + end]
    opening, closing = value[: places[0][0]], value[places[-1][1] :]
    between = value[places[0][1] : places[1][0]] if len(places) > 1 else f",{opening[1:] or ' '}"
    return opening + between.join(written.get(line) or json.dumps(line, ensure_ascii=ascii) for line in lines) + closing


def _sources(text: str) -> Iterator[tuple[int, int, int]]:
    """The number of each cell, and where the value of its `source` begins and ends in the JSON text."""
    for key, start, _ in _members(text, _skip(text, 0)):
        if key == "cells":
            for number, (cell, _) in enumerate(_elements(text, start), start=1):
                for name, begin, end in _members(text, cell):
                    if name == "source":
                        yield number, begin, end


def _members(text: str, place: int) -> Iterator[tuple[str, int, int]]:
    """The members of the JSON object at `place`: key, and where the value begins and ends."""
    place = _skip(text, place + 1)
    while text[place] != "}":
        key, place = _DECODER.raw_decode(text, place)
        start = _skip(text, _skip(text, place) + 1)
        _, end = _DECODER.raw_decode(text, start)
        yield key, start, end
        place = _next(text, end)


def _elements(text: str, place: int) -> Iterator[tuple[int, int]]:
    """Where the elements of the JSON array at `place` begin and end."""
    place = _skip(text, place + 1)
    while text[place] != "]":
        _, end = _DECODER.raw_decode(text, place)
        yield place, end
        place = _next(text, end)


def _next(text: str, place: int) -> int:
    place = _skip(text, place)
    return _skip(text, place + 1) if text[place] == "," else place


def _skip(text: str, place: int) -> int:
    match = _BLANK.match(text, place)
    return match.end() if match else place
