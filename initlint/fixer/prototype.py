"""A layer that is built only to be copied: each copy is built anew, and what is of no use any more goes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from initlint.finding import Edit
from initlint.fixer.fragment import CannotRewrite, expression_text
from initlint.fixer.imports import drop_import
from initlint.fixer.layout import block, row
from initlint.fixer.rewrite import replace_expression
from initlint.fixer.statements import delete_statement
from initlint.source import syntax
from initlint.source.text import SourceText

_TAKES_AS_IT_IS = frozenset({"ModuleList", "Sequential", "ModuleDict", "deepcopy"})


def build_each(source: SourceText, copy: ast.Call, build: ast.Call, scope: ast.AST) -> tuple[Edit, ...]:
    """`copy.deepcopy(layer)` becomes the call `build` that `layer` was bound to once in `scope`, a function's body.

    The binding goes where nothing else uses it, and the import of `deepcopy` likewise.
    """
    statement = source.statement(build)
    match copy, statement:
        case ast.Call(args=[ast.Name(id=name)]), ast.Assign(targets=[ast.Name(id=bound)], value=value):
            pass
        case _:
            raise CannotRewrite("the layer is not bound to a name, or not copied by it")
    uses = [node for node in syntax.walk(scope) if isinstance(node, ast.Name) and node.id == name]
    loads = [node for node in uses if isinstance(node.ctx, ast.Load)]
    if bound != name or value is not build or len(uses) - len(loads) != 1:
        raise CannotRewrite("the name is not bound once, by this call")
    between = range(statement.lineno, _outermost(source, copy, scope) + 1)
    if any(node.lineno in between and _may_change(source, node) for node in loads):
        raise CannotRewrite("the layer is changed before it is copied")
    if _names(build, ast.Load) & {name for node in _behind(statement, scope, between) for name in _names(node, None)}:
        raise CannotRewrite("what it is built from is bound again before it is copied")
    edits = replace_expression(source, copy, expression_text(source, build))
    if len(loads) == 1 and _stands_alone(source, statement):
        edits += delete_statement(source, statement)
    return edits + _without_import(source, copy.func)


def _outermost(source: SourceText, node: ast.AST, scope: ast.AST) -> int:
    """The last line of the statement of the function's own body that `node` stands in: loops run again."""
    while source.parents[node] is not scope:
        node = source.parents[node]
    return node.end_lineno  # type: ignore[attr-defined,no-any-return] # a statement has one


def _may_change(source: SourceText, name: ast.Name) -> bool:
    """Whether the layer is asked for a method or an attribute here, or handed to a function that may initialise it."""
    match source.parents[name]:
        case ast.Attribute():
            return True
        case ast.Call(func=function):
            return syntax.last_name(function) not in _TAKES_AS_IT_IS
    return False


def _behind(statement: ast.stmt, scope: ast.AST, between: range) -> Iterator[ast.AST]:
    """What is bound in the lines from behind `statement` on."""
    for node in syntax.walk(scope):
        stored = isinstance(getattr(node, "ctx", None), ast.Store)
        if stored and node.lineno in between and node.lineno > (statement.end_lineno or 0):  # type: ignore[attr-defined]
            yield node


def _names(node: ast.AST, context: type[ast.expr_context] | None) -> set[str]:
    """The names and attributes in an expression, as text."""
    return {
        ast.unparse(one)
        for one in syntax.walk(node)
        if isinstance(one, (ast.Name, ast.Attribute)) and (context is None or isinstance(one.ctx, context))
    }


def _stands_alone(source: SourceText, statement: ast.stmt) -> bool:
    """Whether it can go without a trace: others stay in its block, and no comment on its line is lost."""
    here = row(source, statement)
    commented = source.segment(here.span).rstrip() != source.segment(source.span(statement))
    return here.alone and not commented and len(block(source, statement)) > 1


def _without_import(source: SourceText, function: ast.expr) -> tuple[Edit, ...]:
    base = function.value if isinstance(function, ast.Attribute) else function
    return drop_import(source, base) if isinstance(base, ast.Name) else ()
