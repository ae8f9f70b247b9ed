"""Where a number in the source comes from: the expression that a name stands for, and what is in it."""

from __future__ import annotations

import ast

from initlint.describe.nodes import Site
from initlint.source import syntax

_HOPS = 4  # names of names of names


def origin(site: Site, node: ast.expr | None) -> ast.expr | None:
    """The expression behind `node`: for a plain name, what the same function last bound it to before that place."""
    for _ in range(_HOPS):
        if not isinstance(node, ast.Name):
            return node
        found = _bound(site, node)
        if found is None:
            return node
        node = found
    return node


def is_literal(node: ast.expr | None) -> bool:
    """Whether the expression is a number written out, with or without a sign."""
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant)


def parts(site: Site, node: ast.expr | None) -> list[ast.expr]:
    """Every expression inside `node`, names followed to what they stand for."""
    found: list[ast.expr] = []
    pending = [node]
    while pending and len(found) < 200:
        inner = origin(site, pending.pop())
        if inner is None:
            continue
        found.append(inner)
        pending += [child for child in syntax.children(inner) if isinstance(child, ast.expr)]
    return found


def divides(site: Site, node: ast.expr | None) -> bool:
    """Whether a quotient by something that is no plain number stands behind `node`."""
    for inner in parts(site, node):
        match inner:
            case ast.BinOp(op=ast.Div(), right=right) if not is_literal(right):
                return True
            case ast.BinOp(op=ast.Pow(), right=ast.UnaryOp(op=ast.USub())):
                return True
            case ast.Call(func=ast.Attribute(attr="rsqrt")):
                return True
    return False


def _bound(site: Site, name: ast.Name) -> ast.expr | None:
    line = getattr(site.node, "lineno", name.lineno)
    for scope in reversed(site.source.scopes):  # the innermost first
        if scope.first <= line <= scope.last:
            earlier = [value for value in scope.bindings.get(name.id, ()) if value.lineno < name.lineno]
            if earlier:
                return earlier[-1]
    return None
