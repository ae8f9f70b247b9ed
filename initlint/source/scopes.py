"""Which expressions a function binds its names to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from initlint.source import syntax

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Scope:
    """A function, or the module: the lines it spans, and for each name what plain assignments bind it to, in order."""

    first: int
    last: float
    bindings: dict[str, list[ast.expr]] = field(default_factory=dict)


def scopes(tree: ast.Module) -> Iterator[Scope]:
    """The module and every function in it, outer ones first."""
    pending: list[ast.AST] = [tree]
    while pending:
        owner = pending.pop(0)
        own = Scope(getattr(owner, "lineno", 0), getattr(owner, "end_lineno", float("inf")))
        yield own
        queue: list[ast.AST] = list(syntax.children(owner))
        while queue:
            node = queue.pop(0)
            if isinstance(node, _FUNCTIONS):
                pending.append(node)
                continue
            _bind(own, node)
            if isinstance(node, (ast.stmt, ast.excepthandler)):
                queue[:0] = [
                    child for child in syntax.children(node) if isinstance(child, (ast.stmt, ast.excepthandler))
                ]


def _bind(scope: Scope, node: ast.AST) -> None:
    if isinstance(node, ast.Assign):
        targets, value = node.targets, node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets, value = [node.target], node.value
    else:
        return
    for target in targets:
        if isinstance(target, ast.Name):
            scope.bindings.setdefault(target.id, []).append(value)
