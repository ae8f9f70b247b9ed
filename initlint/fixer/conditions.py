"""A call made to depend on a test, wherever it stands: in a statement, a lambda, a comprehension."""

from __future__ import annotations

import ast

from initlint.finding import Edit, Span
from initlint.fixer.fragment import CannotRewrite, expression_text, insert, parsed
from initlint.fixer.rewrite import replace_expression
from initlint.fixer.wrap import guard
from initlint.source.text import SourceText

_COMPREHENSION = ast.ListComp | ast.SetComp | ast.GeneratorExp


def own_statement(source: SourceText, node: ast.AST) -> ast.Expr:
    """The statement that is the call `node` and nothing else, so that lines behind it may speak of the same names.

    Methods of the result may follow. What a lambda, a comprehension or `test and call` runs has no such statement.
    """
    match source.parents[_with_methods(source, node)]:
        case ast.Expr() as statement:
            return statement
    raise CannotRewrite("a part of a longer expression")


def run_only_if(source: SourceText, node: ast.AST, test: str) -> tuple[Edit, ...]:
    """Run `node` only where `test` holds, which may speak of all the names that `node` speaks of."""
    if isinstance(node, ast.stmt):
        return _guarded(source, node, test)
    whole = _with_methods(source, node)
    match source.parents[whole]:
        case ast.Expr() as statement:
            return guard(source, [statement], test)
        case parent if isinstance(whole, ast.expr):
            return _within(source, whole, parent, test)
    raise CannotRewrite("not an expression")


def _guarded(source: SourceText, statement: ast.stmt, test: str) -> tuple[Edit, ...]:
    match statement:
        case ast.Assign(targets=targets) if not any(isinstance(one, (ast.Attribute, ast.Subscript)) for one in targets):
            raise CannotRewrite("a name that would have no value")
    return guard(source, [statement], test)


def _within(source: SourceText, node: ast.expr, parent: ast.AST, test: str) -> tuple[Edit, ...]:
    """The same for a part of a longer expression, where the rest of it does not need its value."""
    match parent:
        case ast.BoolOp(op=ast.And(), values=[*_, last]) if last is node:
            start = source.span(node)  # what stands before it may have to hold first
            return insert(source, start.line, start.column, f"{test} and ")
        case ast.IfExp(body=body, test=known, orelse=ast.Constant()) if body is node:
            return _also(source, known, test)
        case ast.Lambda() | ast.Tuple() | ast.List():
            return replace_expression(source, node, f"{expression_text(source, node)} if {test} else None")
        case ast.ListComp(elt=item) | ast.SetComp(elt=item) | ast.GeneratorExp(elt=item) as whole if item is node:
            return _filtered(source, whole, test)
    raise CannotRewrite("a part of a longer expression")


def _with_methods(source: SourceText, node: ast.AST) -> ast.AST:
    """`node` with the methods that are called on its result: `zero_(w).requires_grad_(False)`."""
    while True:
        match source.parents[node]:
            case ast.Attribute() as above:
                node = above
            case ast.Call(func=called) as above if called is node:
                node = above
            case _:
                return node


def _also(source: SourceText, known: ast.expr, test: str) -> tuple[Edit, ...]:
    """Ask `test` where the condition `known` holds."""
    expression_text(source, known)  # its position can be relied on
    span, more = source.span(known), f" and {test}"
    open_ = isinstance(known, (ast.IfExp, ast.Lambda, ast.NamedExpr)) or (
        isinstance(known, ast.BoolOp) and isinstance(known.op, ast.Or)
    )
    if not open_:
        return insert(source, span.end_line, span.end_column, more)
    before = source.lines[span.line - 1][: span.column - 1].rstrip()
    behind = source.lines[span.end_line - 1][span.end_column - 1 :]
    if before.endswith("(") and behind.startswith(")"):  # an `if` stands before it, so the brackets are its own
        return insert(source, span.end_line, span.end_column + 1, more)
    opening = insert(source, span.line, span.column, "(")
    return (*opening, *insert(source, span.end_line, span.end_column, f"){more}"))


def _filtered(source: SourceText, whole: _COMPREHENSION, test: str) -> tuple[Edit, ...]:
    last = whole.generators[-1]
    if last.ifs:
        return _also(source, last.ifs[-1], test)
    end, outer = source.span(last.iter), source.span(whole)
    head = source.segment(Span(outer.line, outer.column, end.end_line, end.end_column))
    tail = source.segment(Span(end.end_line, end.end_column, outer.end_line, outer.end_column))
    match parsed(f"{head} if {test}{tail}"):
        case ast.ListComp(generators=found) | ast.SetComp(generators=found) | ast.GeneratorExp(generators=found):
            if found and ast.dump(found[-1].iter) == ast.dump(last.iter) and found[-1].ifs:
                return insert(source, end.end_line, end.end_column, f" if {test}")
    raise CannotRewrite("brackets around what the comprehension goes through")
