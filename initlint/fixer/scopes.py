"""Which statements give a name its meaning at a place in a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from initlint.source.text import SourceText

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def binders(source: SourceText, name: str, at: ast.AST | None = None) -> list[ast.AST]:
    """What binds `name` in the innermost scope that binds it, seen from `at` (from the module where None).

    An import, an assignment's target, a parameter, a definition, ... Empty when nothing in the file does.
    """
    for scope in _scopes(source, at):
        found = [node for node in _own_nodes(scope) if name in _bound(node)]
        if found:
            return found
    return []


def _scopes(source: SourceText, at: ast.AST | None) -> Iterator[ast.AST]:
    node, direct = at, True
    while node is not None and not isinstance(node, ast.Module):
        if isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS)):
            yield node
            direct = False
        elif isinstance(node, ast.ClassDef):
            if direct:  # a class's names are not seen from its methods
                yield node
            direct = False
        node = source.parents.get(node)
    yield source.tree


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, those of the scopes inside it left out, but for their `global` statements."""
    pending = list(ast.iter_child_nodes(scope))
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            if isinstance(scope, ast.Module):
                yield from (inner for inner in ast.walk(node) if isinstance(inner, (ast.Global, ast.Nonlocal)))
        elif not isinstance(node, _COMPREHENSIONS):
            pending.extend(ast.iter_child_nodes(node))


def _bound(node: ast.AST) -> set[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            return {name}
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=aliases):
            return {alias.asname or alias.name.partition(".")[0] for alias in aliases}
        case ast.ImportFrom(names=aliases):
            return {alias.asname or alias.name for alias in aliases}
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return {name}
        case ast.MatchMapping(rest=str(name)):
            return {name}
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return set(names)
        case _:
            return set()
