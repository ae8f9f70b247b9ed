"""How statements lie on lines: rows, semicolons, one-line suites, indentation."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from initlint.finding import Span
from initlint.fixer.fragment import CannotRewrite, tokens
from initlint.source.text import SourceText

_SEMICOLON = re.compile(r"[ \t\f]*(?:\\\n[ \t\f]*)*;[ \t\f]*(?:\\\n[ \t\f]*)*")
_ROW_END = re.compile(r"[ \t\f]*(?:\\\n[ \t\f]*)*;?[ \t\f]*(?:#.*)?")
_BLOCKS = ("body", "orelse", "finalbody")


@dataclass(frozen=True, slots=True)
class Row:
    """The statements of one logical line, from the first one's first character to the end of the line.

    `suite`: they stand behind a colon, as in `if x: a; b`. `indent`: of the row, or of the lines a suite would fill.
    """

    statements: tuple[ast.stmt, ...]
    span: Span
    indent: str
    unit: str  # one step of indentation, as this part of the file has it
    suite: bool = False

    @property
    def alone(self) -> bool:
        """One statement on lines of its own."""
        return len(self.statements) == 1 and not self.suite


def block(source: SourceText, statement: ast.stmt) -> list[ast.stmt]:
    """The list of statements that `statement` stands in."""
    parent = source.parents[statement]
    if isinstance(statement, ast.If) and source.segment(source.span(statement)).startswith("elif"):
        raise CannotRewrite("an elif is a part of another statement")
    for name in _BLOCKS:
        statements = getattr(parent, name, None)
        if isinstance(statements, list) and statement in statements:
            return statements
    raise CannotRewrite("a statement outside any block")


def row(source: SourceText, statement: ast.stmt) -> Row:
    """The row that `statement` stands on."""
    siblings = block(source, statement)
    first = last = siblings.index(statement)
    while first and _share_a_line(source, siblings[first - 1], siblings[first]):
        first -= 1
    while last + 1 < len(siblings) and _share_a_line(source, siblings[last], siblings[last + 1]):
        last += 1
    line, column = start(source, siblings[first])
    end = source.span(siblings[last])
    if not _ROW_END.fullmatch(source.lines[end.end_line - 1][end.end_column - 1 :]) and not compound(siblings[last]):
        raise CannotRewrite("a line that goes on behind its last statement")
    end_line = _last_comment(source, siblings[last]) if compound(siblings[last]) else end.end_line
    span = Span(line, column, end_line, len(source.lines[end_line - 1]) + 1)
    statements = tuple(siblings[first : last + 1])
    if _behind_a_colon(source, line, column):
        return _suite(source, statements, span)
    return Row(statements, span, indentation(source.lines[line - 1]), unit(source, statement))


def compound(statement: ast.stmt) -> bool:
    """Whether other statements stand inside it."""
    return any(isinstance(child, (ast.stmt, ast.match_case)) for child in ast.iter_child_nodes(statement))


def start(source: SourceText, statement: ast.stmt) -> tuple[int, int]:
    """Where `statement` begins, its decorators included."""
    span = source.span(statement)
    decorators = getattr(statement, "decorator_list", [])
    if not decorators:
        return span.line, span.column
    line = min(node.lineno for node in decorators)
    text = source.lines[line - 1]
    return line, text.index("@") + 1


def unit(source: SourceText, statement: ast.stmt) -> str:
    """One step of indentation near `statement`."""
    here: ast.AST | None = statement
    while isinstance(here, ast.AST) and not isinstance(here, ast.Module):
        step = _step(source, here)
        if step:
            return step
        here = source.parents.get(here)
    return next((step for node in ast.walk(source.tree) if (step := _step(source, node))), "    ")


def cell_bounds(source: SourceText, line: int) -> tuple[int, int]:
    """The first and last line of the notebook cell that `line` is in; of the whole text in a plain file."""
    starts = [cell.first_line for cell in source.cells]
    first = max((number for number in starts if number <= line), default=1)
    last = min((number - 1 for number in starts if number > line), default=len(source.lines))
    return first, last


def comments_above(source: SourceText, line: int) -> int:
    """The first line of the comments that stand directly above `line`, as far indented; `line` where there are none."""
    first, _ = cell_bounds(source, line)
    indent = indentation(source.lines[line - 1])
    while line > first:
        above = source.lines[line - 2]
        if not above.strip().startswith("#") or indentation(above) != indent:
            break
        line -= 1
    return line


def _last_comment(source: SourceText, statement: ast.stmt) -> int:
    """The last line of a compound statement, with the comments below that are indented deeper than its header."""
    span = source.span(statement)
    end, (_, last) = span.end_line, cell_bounds(source, span.line)
    outer = len(indentation(source.lines[span.line - 1]))
    for line in range(span.end_line + 1, last + 1):
        text = source.lines[line - 1].strip()
        if text and (not text.startswith("#") or len(indentation(source.lines[line - 1])) <= outer):
            break
        end = line if text else end
    return end


def _share_a_line(source: SourceText, left: ast.stmt, right: ast.stmt) -> bool:
    end, begin = source.span(left), start(source, right)
    return _SEMICOLON.fullmatch(source.segment(Span(end.end_line, end.end_column, *begin))) is not None


def _behind_a_colon(source: SourceText, line: int, column: int) -> bool:
    if source.lines[line - 1][: column - 1].strip():
        return True
    return line > 1 and source.lines[line - 2].endswith("\\") and tokens(source.lines[line - 2])[-1] == "\\"


def _suite(source: SourceText, statements: tuple[ast.stmt, ...], span: Span) -> Row:
    owner = source.parents[statements[0]]
    header = owner.pattern if isinstance(owner, ast.match_case) else owner  # a case has no position of its own
    line: int = header.lineno  # type: ignore[attr-defined]
    if isinstance(owner, ast.match_case) and not source.lines[line - 1].lstrip().startswith("case"):
        raise CannotRewrite("a case over several lines")
    step = unit(source, statements[0])
    return Row(statements, span, indentation(source.lines[line - 1]) + step, step, suite=True)


def _step(source: SourceText, node: ast.AST) -> str:
    """How much deeper the body of `node` is indented than its header; empty where that cannot be seen."""
    body = getattr(node, "body", None)
    if not isinstance(node, ast.stmt) or not isinstance(body, list):
        return ""
    line, column = start(source, body[0])
    inner, outer = source.lines[line - 1][: column - 1], indentation(source.lines[node.lineno - 1])
    if inner.strip() or line == node.lineno:
        return ""
    inner = indentation(inner)
    return inner[len(outer) :] if inner.startswith(outer) else ""


def indentation(line: str) -> str:
    """The indentation of a line; a form feed sets Python's count back to zero."""
    indent = line[: len(line) - len(line.lstrip(" \t\f"))]
    return indent.rpartition("\f")[2]
