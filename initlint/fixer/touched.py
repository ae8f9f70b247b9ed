"""What a fix touches: the classes that can show it, and the weights of a built model that it is about."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.finding import Finding, Span
from initlint.source.text import SourceText

if TYPE_CHECKING:
    from initlint.runtime.protocol import Model, Parameter

_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Class:
    """A class at the top of a file."""

    path: str
    name: str

    @property
    def target(self) -> str:
        """What the runtime calls it."""
        return f"{self.path}:{self.name}"


def classes(source: SourceText, finding: Finding, others: Iterable[SourceText]) -> list[Class]:
    """The classes that the finding is in, or that reach it by name, through others of these files too."""
    found: list[Class] = []
    names = _named(source, finding)
    for text in (source, *(other for other in others if other.path != source.path)):
        definitions = _definitions(text)
        names = _closed(definitions, names)
        found += [
            Class(text.path, node.name)
            for node in definitions
            if isinstance(node, ast.ClassDef) and node.bases and node.name in names
        ]
    return found


def _definitions(text: SourceText) -> list[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    try:
        return [node for node in text.tree.body if isinstance(node, _DEFINITIONS)]
    except (SyntaxError, ValueError, RecursionError):
        return []


def _named(source: SourceText, finding: Finding) -> frozenset[str]:
    """The definitions at the top of the file that hold the finding or one of its edits, and the layer's class."""
    spans = spans_of(source, finding)
    found = {finding.layer.partition(".")[0]} if finding.layer else set()
    for node in source.tree.body:
        if isinstance(node, _DEFINITIONS):
            first, last = node.lineno, node.end_lineno or node.lineno
            found |= {node.name for span in spans if first <= span.line <= last}
    return frozenset(found)


def _closed(definitions: Iterable[ast.stmt], names: frozenset[str]) -> frozenset[str]:
    """With every definition that speaks of one of the names, again and again."""
    spoken = {node.name: _words(node) for node in definitions if isinstance(node, _DEFINITIONS)}
    while True:
        more = {name for name, words in spoken.items() if name not in names and words & names}
        if not more:
            return names
        names |= more


def _words(node: ast.AST) -> frozenset[str]:
    return frozenset(_each_word(node))


def _each_word(node: ast.AST) -> Iterator[str]:
    for child in ast.walk(node):
        match child:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name


def spans_of(source: SourceText, finding: Finding) -> list[Span]:
    """Where the finding and its edits are, in lines of the whole text."""
    edits = finding.fix.edits if finding.fix else ()
    places = [(finding.cell, finding.span), *((edit.cell or finding.cell, edit.span) for edit in edits)]
    return [source.absolute(cell, span) for cell, span in places]


def rows(model: Model, source: SourceText, finding: Finding) -> frozenset[str]:
    """The model's parameters that the finding speaks of: written on its lines, else named in it."""
    lines = {line for span in spans_of(source, finding)[:1] for line in range(span.line, span.end_line + 1)}
    path = os.path.realpath(source.path)
    written = {row.name for row in model.parameters if _written_on(row, path, lines)}
    return frozenset(written or {row.name for row in model.parameters if _is_named(row, model.name, finding.layer)})


def _written_on(row: Parameter, path: str, lines: set[int]) -> bool:
    places = [place for event in row.history for place in (event.place, event.near) if place is not None]
    return any(place.line in lines and os.path.realpath(place.path) == path for place in places)


def _is_named(row: Parameter, model: str, layer: str | None) -> bool:
    owner, _, rest = (layer or "").partition(".")
    if not rest:
        return False
    pattern = re.escape(rest).replace(r"\*", r"[^.]+")
    names = (row.name, *row.aliases)
    if owner == model:
        return any(re.fullmatch(pattern, name) for name in names)
    return owner in row.owners and any(re.search(rf"(^|\.){pattern}$", name) for name in names)
