"""Small texts, the nodes in them, and what edits make of them."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from initlint.finding import Edit
from initlint.source.text import SourceText

Node = TypeVar("Node", bound=ast.AST)


def source(text: str, **options: object) -> SourceText:
    """A file with this text."""
    return SourceText("net.py", text, **options)  # type: ignore[arg-type]


def find(source: SourceText, kind: type[Node], code: str) -> Node:
    """The node of a kind whose text is, or begins with, `code`."""
    nodes = [node for node in ast.walk(source.tree) if isinstance(node, kind)]
    exact = [node for node in nodes if source.segment(source.span(node)) == code]
    return (exact or [node for node in nodes if source.segment(source.span(node)).startswith(code)])[0]


def statement(source: SourceText, code: str) -> ast.stmt:
    """The statement whose text is, or begins with, `code`."""
    return find(source, ast.stmt, code)


def call(source: SourceText, code: str) -> ast.Call:
    """The call whose text is, or begins with, `code`."""
    return find(source, ast.Call, code)


def edited(source: SourceText, edits: Sequence[Edit]) -> str:
    """The text with the edits made; they must not overlap."""
    starts = [0]
    for line in source.lines:
        starts.append(starts[-1] + len(line) + 1)
    spans = [source.absolute(edit.cell, edit.span) for edit in edits]
    places = sorted(
        (starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1, edit.replacement)
        for span, edit in zip(spans, edits, strict=True)
    )
    text, place = "", 0
    for start, end, replacement in places:
        assert place <= start <= end
        text += source.text[place:start] + replacement
        place = end
    return text + source.text[place:]


def rewritten(text: str, operation: Callable[[SourceText], Sequence[Edit]]) -> str:
    """The text after an operation; it must parse."""
    before = source(text)
    after = edited(before, operation(before))
    ast.parse(after)
    return after


def comments(text: str) -> Counter[str]:
    """The comments of a text."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)
