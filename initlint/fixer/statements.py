"""Statements put in, taken out and moved, so that every block stays valid and keeps its comments."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from types import EllipsisType

import libcst as cst

from initlint.finding import Edit, Span
from initlint.fixer.fragment import CannotRewrite, insert, replace, typed
from initlint.fixer.layout import Row, block, cell_bounds, comments_above, indentation, row
from initlint.fixer.piece import Piece, Statement, from_code, from_lines, joined, line_of, rebuild
from initlint.source.text import SourceText

_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def delete_statement(source: SourceText, statement: ast.stmt) -> tuple[Edit, ...]:
    """Take a statement out, with the comment at the end of its line; `pass` takes its place in an empty block."""
    here = row(source, statement)
    if len(block(source, statement)) == 1 and not isinstance(source.parents[statement], ast.Module):
        if not here.alone:
            return replace(source, source.span(statement), "pass")
        return replace(source, here.span, "pass")
    if here.alone:
        return _delete_lines(source, here.span.line, here.span.end_line + _parts_nothing(source, here.span))
    line, before, _, after = split(source, here, [statement])
    return rebuild(source, here, Piece((line_of(_kept(before, after), line, last=True),), here.unit))


def insert_after(source: SourceText, statement: ast.stmt, code: str) -> tuple[Edit, ...]:
    """Put `code` (lines from column 0 on) behind a statement, indented like it."""
    here = row(source, statement)
    return _put_after(source, here, statement, from_code(code, here))


def insert_before(source: SourceText, statement: ast.stmt, code: str) -> tuple[Edit, ...]:
    """Put `code` before a statement and the comments directly above it, indented like it."""
    here = row(source, statement)
    return _put_before(source, here, statement, from_code(code, here))


def append_to_function(source: SourceText, function: _FUNCTION, code: str) -> tuple[Edit, ...]:
    """Put `code` at the end of a function, before a `return` that ends it; the body `pass` gives way to it."""
    last = function.body[-1]
    here = row(source, last)
    piece = from_code(code, here)
    match last:
        case ast.Return():
            return _put_before(source, here, last, piece)
        case ast.Pass() | ast.Expr(value=ast.Constant(value=EllipsisType())) if len(function.body) == 1:
            return _instead(source, here, piece)
    if not here.suite and here.statements[-1] is last:
        return _put_below(source, _comments_below(source, here), here.indent, piece)
    return _put_after(source, here, last, piece)


def move_after(source: SourceText, statement: ast.stmt, anchor: ast.stmt) -> tuple[Edit, ...]:
    """Move a statement, with its comments, behind another; nothing to do where it stands there already."""
    return _move(source, statement, anchor, after=True)


def move_before(source: SourceText, statement: ast.stmt, anchor: ast.stmt) -> tuple[Edit, ...]:
    """Move a statement, with its comments, before another; nothing to do where it stands there already."""
    return _move(source, statement, anchor, after=False)


def split(
    source: SourceText, here: Row, targets: Sequence[ast.stmt]
) -> tuple[
    cst.SimpleStatementLine, list[cst.BaseSmallStatement], list[cst.BaseSmallStatement], list[cst.BaseSmallStatement]
]:
    """The line of a row, and its parts before, among and behind `targets`."""
    line = typed(from_lines(source, here.span, here.indent).nodes[0], cst.SimpleStatementLine)
    first, last = here.statements.index(targets[0]), here.statements.index(targets[-1]) + 1
    if len(line.body) != len(here.statements):
        raise CannotRewrite("LibCST divides this line differently")
    body = list(line.body)
    return line, body[:first], body[first:last], body[last:]


def _parts_nothing(source: SourceText, span: Span) -> bool:
    """Whether the blank line below parts nothing any more once these lines are gone.

    There is another one above, or a comment, which then speaks of what follows.
    """
    top, bottom = cell_bounds(source, span.line)
    if span.line == top or span.end_line == bottom or source.lines[span.end_line].strip():
        return False
    above = source.lines[span.line - 2].strip()
    return not above or above.startswith("#")


def _kept(before: list[cst.BaseSmallStatement], after: list[cst.BaseSmallStatement]) -> list[cst.BaseSmallStatement]:
    if after:
        return before + after
    return [*before[:-1], before[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)]


def _put_after(source: SourceText, here: Row, statement: ast.stmt, piece: Piece) -> tuple[Edit, ...]:
    if not here.suite and here.statements[-1] is statement:
        return _put_below(source, here.span.end_line, here.indent, piece)
    line, before, target, after = split(source, here, [statement])
    return _put_between(source, here, line, [*before, *target], piece, after)


def _put_before(source: SourceText, here: Row, statement: ast.stmt, piece: Piece) -> tuple[Edit, ...]:
    if not here.suite and here.statements[0] is statement:
        line = comments_above(source, here.span.line)
        text = source.lines[line - 1]
        return insert(source, line, len(text) - len(text.lstrip()) + 1, f"{piece.code(here.indent)}\n{here.indent}")
    line_node, before, target, after = split(source, here, [statement])
    return _put_between(source, here, line_node, before, piece, [*target, *after])


def _put_between(
    source: SourceText,
    here: Row,
    line: cst.SimpleStatementLine,
    before: list[cst.BaseSmallStatement],
    piece: Piece,
    after: list[cst.BaseSmallStatement],
) -> tuple[Edit, ...]:
    """Put `piece` between two parts of a row: on the same line where it can stand there, else on lines of its own."""
    if piece.small:
        small = joined(before, piece.small, after)
        return rebuild(source, here, Piece((line_of(small, line, last=True),), here.unit))
    nodes: list[Statement] = list(piece.nodes)
    if before:
        nodes.insert(0, line_of(before, line, last=not after))
    if after:
        nodes.append(line_of(after, line, last=True))
    return rebuild(source, here, Piece(tuple(nodes), piece.step))


def _instead(source: SourceText, here: Row, piece: Piece) -> tuple[Edit, ...]:
    line = typed(from_lines(source, here.span, here.indent).nodes[0], cst.SimpleStatementLine)
    if here.suite and (line.trailing_whitespace.comment or not piece.small):
        return _put_between(source, here, line, list(line.body), piece, [])
    if line.trailing_whitespace.comment:
        return _put_below(source, here.span.end_line, here.indent, piece)
    return rebuild(source, here, piece)


def _put_below(source: SourceText, line: int, indent: str, piece: Piece) -> tuple[Edit, ...]:
    return insert(source, line, len(source.lines[line - 1]) + 1, f"\n{indent}{piece.code(indent)}")


def _comments_below(source: SourceText, here: Row) -> int:
    line, (_, last) = here.span.end_line, cell_bounds(source, here.span.line)
    while line < last:
        text = source.lines[line]
        if not text.strip().startswith("#") or len(indentation(text)) < len(here.indent):
            break
        line += 1
    return line


def _move(source: SourceText, statement: ast.stmt, anchor: ast.stmt, *, after: bool) -> tuple[Edit, ...]:
    here, there = row(source, statement), row(source, anchor)
    siblings = block(source, statement)
    place = siblings.index(statement) + (-1 if after else 1)
    if 0 <= place < len(siblings) and siblings[place] is anchor:
        return ()
    if here == there or anchor in ast.walk(statement):
        raise CannotRewrite("a statement moved within its own line")
    if cell_bounds(source, here.span.line) != cell_bounds(source, there.span.line):
        raise CannotRewrite("a statement moved from one notebook cell to another")
    put = _put_after if after else _put_before
    if not here.alone:
        line, _, target, _ = split(source, here, [statement])
        piece = Piece((line_of(target, line, last=False),), here.unit)
        return _in_order(delete_statement(source, statement), put(source, there, anchor, piece))
    top = comments_above(source, here.span.line)
    if top == 1:  # what a file begins with is the file's own
        top = here.span.line
    column = here.span.column if top == here.span.line else len(here.indent) + 1
    span = Span(top, column, here.span.end_line, here.span.end_column)
    piece = from_lines(source, span, here.indent)
    if len(siblings) == 1 and not isinstance(source.parents[statement], ast.Module):
        return _in_order(replace(source, span, "pass"), put(source, there, anchor, piece))
    return _in_order(_delete_lines(source, top, here.span.end_line), put(source, there, anchor, piece))


def _in_order(left: tuple[Edit, ...], right: tuple[Edit, ...]) -> tuple[Edit, ...]:
    return tuple(sorted(left + right, key=lambda edit: (edit.cell or 0, edit.span)))


def _delete_lines(source: SourceText, first: int, last: int) -> tuple[Edit, ...]:
    """Take whole lines out, from the end of the line before, so that code put behind them touches nothing."""
    top, bottom = cell_bounds(source, first)
    end = len(source.lines[last - 1]) + 1
    if first > top:
        return replace(source, Span(first - 1, len(source.lines[first - 2]) + 1, last, end), "")
    if last < bottom:
        return replace(source, Span(first, 1, last + 1, 1), "")
    return replace(source, Span(first, 1, last, end), "")
