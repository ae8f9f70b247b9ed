"""A call made to depend on a test, wherever it stands: in a statement, a lambda, a comprehension."""

from __future__ import annotations

import ast

from initlint.finding import Edit, Span
from initlint.fixer.fragment import CannotRewrite, expression_text, insert, parsed
from initlint.fixer.rewrite import replace_expression
from initlint.fixer.wrap import guard
from initlint.source.text import SourceText

_COMPREHENSION = ast.ListComp | ast.SetComp | ast.GeneratorExp


def own_statement(source: SourceText, node: ast.AST) -> ast.stmt:
    """The statement that runs `node`; what a lambda or a comprehension runs knows names that no statement does."""
    if _runs(source, node) is not None:
        raise CannotRewrite("inside a lambda or a comprehension")
    return source.statement(node)


def run_only_if(source: SourceText, node: ast.AST, test: str) -> tuple[Edit, ...]:
    """Run `node` only where `test` holds, which may speak of all the names that `node` speaks of."""
    match _runs(source, node):
        case None:
            return guard(source, [source.statement(node)], test)
        case ast.Lambda(body=ast.IfExp(body=body, test=known, orelse=ast.Constant(value=None))) if body is node:
            return replace_expression(source, known, _both(source, known, test))
        case ast.Lambda(body=body) if body is node:
            return replace_expression(source, body, f"{expression_text(source, body)} if {test} else None")
        case ast.ListComp(elt=item) | ast.SetComp(elt=item) | ast.GeneratorExp(elt=item) as whole if item is node:
            return _filtered(source, whole, test)
    raise CannotRewrite("a part of a longer expression")


def _runs(source: SourceText, node: ast.AST) -> ast.Lambda | _COMPREHENSION | ast.DictComp | None:
    """The lambda or comprehension around `node`, the innermost one."""
    above: ast.AST | None = source.parents.get(node)
    while above is not None and not isinstance(above, ast.stmt):
        if isinstance(above, (ast.Lambda, ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            return above
        above = source.parents.get(above)
    return None


def _both(source: SourceText, known: ast.expr, test: str) -> str:
    text = expression_text(source, known)
    open_ = isinstance(known, (ast.IfExp, ast.Lambda, ast.NamedExpr)) or (
        isinstance(known, ast.BoolOp) and isinstance(known.op, ast.Or)
    )
    return f"({text}) and {test}" if open_ else f"{text} and {test}"


def _filtered(source: SourceText, whole: _COMPREHENSION, test: str) -> tuple[Edit, ...]:
    last = whole.generators[-1]
    if last.ifs:
        return replace_expression(source, last.ifs[-1], _both(source, last.ifs[-1], test))
    end, outer = source.span(last.iter), source.span(whole)
    head = source.segment(Span(outer.line, outer.column, end.end_line, end.end_column))
    tail = source.segment(Span(end.end_line, end.end_column, outer.end_line, outer.end_column))
    match parsed(f"{head} if {test}{tail}"):
        case ast.ListComp(generators=found) | ast.SetComp(generators=found) | ast.GeneratorExp(generators=found):
            if found and ast.dump(found[-1].iter) == ast.dump(last.iter) and found[-1].ifs:
                return insert(source, end.end_line, end.end_column, f" if {test}")
    raise CannotRewrite("brackets around what the comprehension goes through")
