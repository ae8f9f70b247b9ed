"""A tensor filled where it is made: by a statement behind the one that makes it, or inside a longer expression."""

from __future__ import annotations

import ast
from typing import TypeGuard

from initlint.finding import Edit
from initlint.fixer.fragment import CannotRewrite, expression_text
from initlint.fixer.imports import init_prefix
from initlint.fixer.rewrite import replace_expression
from initlint.fixer.scheme import arguments
from initlint.fixer.statements import insert_after
from initlint.reference.recommend import Code
from initlint.source.text import SourceText


def fill_tensor(source: SourceText, made: ast.AST, code: Code) -> tuple[Edit, ...]:
    """Fill the tensor or Parameter that the call `made` makes, by the name it gets; where it gets none, at once."""
    whole = _parameter(source, made)
    try:
        statement, name = named(source, whole)
    except CannotRewrite:
        return _filled_at_once(source, made, code)
    return fill_after(source, statement, name, code)


def fill_after(source: SourceText, statement: ast.stmt, tensor: str, code: Code) -> tuple[Edit, ...]:
    """Put a call that fills `tensor` behind the statement that makes it."""
    there = init_prefix(source, statement)
    call = f"{there.name}.{code.function}({arguments(source, tensor, code)})"
    return (*there.edits, *insert_after(source, statement, call))


def named(source: SourceText, value: ast.AST) -> tuple[ast.stmt, str]:
    """The statement that gives `value` a name, and the name: `self.weight`."""
    statement = source.statement(value)
    match statement:
        case ast.Assign(targets=targets) if statement.value is value:
            attributes = [target for target in targets if isinstance(target, ast.Attribute)]
            return statement, _text(source, (attributes or targets)[0])
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if value in values:
            if len(targets) == len(values) and not any(isinstance(one, ast.Starred) for one in (*targets, *values)):
                return statement, _text(source, targets[values.index(value)])
        case ast.AnnAssign(target=target) if statement.value is value:
            return statement, _text(source, target)
        case ast.Expr(value=ast.Call(func=ast.Name(id="setattr"), args=[owner, ast.Constant(value=str(name)), last])):
            if last is value:
                return statement, _attribute(source, owner, name)
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(value=owner, attr="register_parameter"), args=[ast.Constant(value=str(name)), last]
            )
        ):
            if last is value:
                return statement, _attribute(source, owner, name)
    raise CannotRewrite("it gets no name here")


def _attribute(source: SourceText, owner: ast.expr, name: str) -> str:
    if not name.isidentifier():
        raise CannotRewrite("a name that only getattr can reach")
    return f"{_text(source, owner)}.{name}"


def _text(source: SourceText, target: ast.expr) -> str:
    if not isinstance(target, (ast.Attribute, ast.Name)):
        raise CannotRewrite("a target that is no name")
    return source.segment(source.span(target))


def _parameter(source: SourceText, made: ast.AST) -> ast.AST:
    """The call of Parameter that `made` is given to, if it is."""
    above = source.parents[made]
    if isinstance(above, ast.keyword):
        above = source.parents[above]
    return above if _makes_parameter(above) else made


def _makes_parameter(node: ast.AST) -> TypeGuard[ast.Call]:
    match node:
        case ast.Call(func=ast.Name(id="Parameter") | ast.Attribute(attr="Parameter")):
            return True
    return False


def _filled_at_once(source: SourceText, made: ast.AST, code: Code) -> tuple[Edit, ...]:
    """`Parameter(torch.empty(n, m))` becomes `Parameter(nn.init.xavier_normal_(torch.empty(n, m)))`."""
    tensor = made
    if _makes_parameter(made):
        given = [*made.args[:1], *(keyword.value for keyword in made.keywords if keyword.arg == "data")]
        tensor = given[0] if given else made
    if not isinstance(tensor, ast.Call) or _makes_parameter(tensor):
        raise CannotRewrite("not made by a call")
    there = init_prefix(source, tensor)
    inside = arguments(source, expression_text(source, tensor), code)
    return (*there.edits, *replace_expression(source, tensor, f"{there.name}.{code.function}({inside})"))
