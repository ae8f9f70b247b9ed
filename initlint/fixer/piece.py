"""Statements as LibCST nodes: read from rows of a file or from a rule's code, written at any indentation."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from initlint.finding import Edit, Span
from initlint.fixer.fragment import CannotRewrite, module, replace, typed
from initlint.fixer.layout import Row
from initlint.source.text import SourceText

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement
Small = Sequence[cst.BaseSmallStatement]


@dataclass(frozen=True)
class Piece:
    """Statements, and what one step of indentation inside them is where their blocks do not say."""

    nodes: tuple[Statement, ...]
    step: str

    def code(self, indent: str) -> str:
        """Their text at `indent`, without the first line's indentation and the last line's end."""
        if indent:
            block = cst.IndentedBlock(body=self.nodes, indent=indent)
            tree = cst.Module([cst.If(cst.Name("_"), block)], default_indent=self.step)
            return tree.code.removeprefix("if _:\n").removeprefix(indent).removesuffix("\n")
        return cst.Module(self.nodes, default_indent=self.step).code.removesuffix("\n")

    @property
    def small(self) -> Small | None:
        """The parts of one simple line without comments; None where it is anything more."""
        match self.nodes:
            case [cst.SimpleStatementLine(leading_lines=[], body=body, trailing_whitespace=end)] if not end.comment:
                return body
        return None


def from_code(code: str, row: Row) -> Piece:
    """A rule's own code, its blocks indented as the file does around `row`."""
    tree = module(textwrap.dedent(code).strip("\n") + "\n")
    return Piece(_nodes(tree, "the code"), row.unit)


def from_lines(source: SourceText, span: Span, indent: str) -> Piece:
    """The statements of whole rows; `span` begins where the first of them, or a comment above it, does."""
    text = source.segment(span) + "\n"
    tree = module(f"if 1:\n{indent}{text}" if indent else text)
    if not indent:
        return Piece(_nodes(tree, "the line"), tree.default_indent)
    body = typed(typed(tree.body[0], cst.If).body, cst.IndentedBlock)
    if len(tree.body) > 1 or body.footer or (body.indent or tree.default_indent) != indent:
        raise CannotRewrite("an indentation that LibCST reads differently")
    return Piece(tuple(body.body), tree.default_indent)  # type: ignore[arg-type] # a block's are these two kinds


def line_of(small: Small, like: cst.SimpleStatementLine, *, last: bool) -> cst.SimpleStatementLine:
    """A part of the line `like` as a line of its own; the `last` part keeps the comment at its end."""
    *head, end = small
    if not last or end is not like.body[-1]:
        end = end.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
    trailing = like.trailing_whitespace if last else cst.TrailingWhitespace()
    if trailing.comment and not trailing.whitespace.value and not isinstance(end.semicolon, cst.Semicolon):
        trailing = trailing.with_changes(whitespace=cst.SimpleWhitespace("  "))  # it was the last semicolon's
    return cst.SimpleStatementLine([*head, end], trailing_whitespace=trailing)


def joined(*parts: Small) -> Small:
    """The parts of several lines as the parts of one."""
    statements = [statement for part in parts for statement in part]
    semicolon = cst.Semicolon(whitespace_after=cst.SimpleWhitespace(" "))
    return [
        statement if isinstance(statement.semicolon, cst.Semicolon) else statement.with_changes(semicolon=semicolon)
        for statement in statements[:-1]
    ] + [statements[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)]


def rebuild(source: SourceText, row: Row, piece: Piece) -> tuple[Edit, ...]:
    """The edit that puts `piece` in the place of a row."""
    code, span = piece.code(row.indent), row.span
    simple = len(piece.nodes) == 1 and isinstance(piece.nodes[0], cst.SimpleStatementLine)
    if not row.suite or (simple and not piece.nodes[0].leading_lines):
        return replace(source, span, code)
    line, column = _colon(source, span)
    return replace(source, Span(line, column, span.end_line, span.end_column), f"\n{row.indent}{code}")


def _colon(source: SourceText, span: Span) -> tuple[int, int]:
    """Where the header of a one-line suite ends."""
    line, before = span.line, source.lines[span.line - 1][: span.column - 1].rstrip()
    while not before:
        line -= 1
        before = source.lines[line - 1].removesuffix("\\").rstrip()
    return line, len(before) + 1


def _nodes(tree: cst.Module, what: str) -> tuple[Statement, ...]:
    if not tree.body:
        raise CannotRewrite(f"no statement in {what}")
    first = tree.body[0]
    return (first.with_changes(leading_lines=[*tree.header, *first.leading_lines]), *tree.body[1:])
