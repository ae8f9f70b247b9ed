"""Statements put under a header of their own, and taken from under one."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

import libcst as cst

from initlint.finding import Edit, Span
from initlint.fixer.fragment import CannotRewrite, expression
from initlint.fixer.layout import Row, block, row
from initlint.fixer.piece import Piece, Statement, from_lines, line_of, rebuild
from initlint.fixer.statements import split
from initlint.source.text import SourceText

_Header = Callable[[cst.IndentedBlock], cst.BaseCompoundStatement]


def wrap_in_with(source: SourceText, statements: Sequence[ast.stmt], context: str) -> tuple[Edit, ...]:
    """Put neighbouring statements under `with context:`."""
    item = cst.WithItem(expression(context))
    return _wrap(source, statements, lambda body: cst.With([item], body))


def guard(source: SourceText, statements: Sequence[ast.stmt], test: str) -> tuple[Edit, ...]:
    """Put neighbouring statements under `if test:`."""
    condition = expression(test)
    return _wrap(source, statements, lambda body: cst.If(condition, body))


def unwrap(source: SourceText, statement: ast.With | ast.If) -> tuple[Edit, ...]:
    """Take the header of a `with` or of an `if` without `else` away, and leave its body in its place."""
    here = row(source, statement)
    if isinstance(statement, ast.If) and statement.orelse:
        raise CannotRewrite("an if with other branches")
    piece = from_lines(source, here.span, here.indent)
    node = piece.nodes[0]
    body = node.body
    if isinstance(body, cst.SimpleStatementSuite):
        line = cst.SimpleStatementLine(body.body, trailing_whitespace=body.trailing_whitespace)
        return rebuild(source, here, Piece((line,), piece.step))
    if not isinstance(body, cst.IndentedBlock):
        raise CannotRewrite("a header without a block")
    if body.header.comment or body.footer:
        raise CannotRewrite("a comment that would be lost")
    inner = Piece(tuple(body.body), piece.step)  # type: ignore[arg-type] # a block's are these two kinds
    first = inner.nodes[0]
    if any(line.comment for line in first.leading_lines):
        raise CannotRewrite("a comment between the header and the body")
    return rebuild(source, here, Piece((first.with_changes(leading_lines=()), *inner.nodes[1:]), piece.step))


def _wrap(source: SourceText, statements: Sequence[ast.stmt], header: _Header) -> tuple[Edit, ...]:
    siblings = block(source, statements[0])
    begin = siblings.index(statements[0])
    if siblings[begin : begin + len(statements)] != list(statements):
        raise CannotRewrite("statements that are not neighbours")
    first, last = row(source, statements[0]), row(source, statements[-1])
    if first == last:
        return _wrap_in_row(source, first, statements, header)
    if first.suite or first.statements[0] is not statements[0] or last.statements[-1] is not statements[-1]:
        raise CannotRewrite("half a line")
    span = Span(first.span.line, first.span.column, last.span.end_line, last.span.end_column)
    whole = Row(tuple(statements), span, first.indent, first.unit)
    piece = from_lines(source, span, first.indent)
    return rebuild(source, whole, Piece((_under(header, piece.nodes, first.unit),), piece.step))


def _wrap_in_row(source: SourceText, here: Row, statements: Sequence[ast.stmt], header: _Header) -> tuple[Edit, ...]:
    if not here.suite and len(here.statements) == len(statements):
        piece = from_lines(source, here.span, here.indent)
        return rebuild(source, here, Piece((_under(header, piece.nodes, here.unit),), piece.step))
    line, before, target, after = split(source, here, statements)
    nodes: list[Statement] = [_under(header, (line_of(target, line, last=not after),), here.unit)]
    if before:
        nodes.insert(0, line_of(before, line, last=False))
    if after:
        nodes.append(line_of(after, line, last=True))
    return rebuild(source, here, Piece(tuple(nodes), here.unit))


def _under(header: _Header, nodes: Sequence[Statement], unit: str) -> cst.BaseCompoundStatement:
    return header(cst.IndentedBlock(body=nodes, indent=unit))
