"""Where a number in the source comes from: the expression that a name stands for, and what is in it."""

from __future__ import annotations

import ast

from initlint.describe.nodes import Site

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
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
        pending += [child for child in ast.iter_child_nodes(inner) if isinstance(child, ast.expr)]
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
    scope: ast.AST | None = site.node
    while scope is not None:
        scope = site.source.parents.get(scope)
        if scope is None or isinstance(scope, (*_FUNCTIONS, ast.Module)):
            found = _last(scope, name) if scope is not None else None
            if found is not None:
                return found
    return None


def _last(scope: ast.AST, name: ast.Name) -> ast.expr | None:
    best: ast.expr | None = None
    for node in ast.walk(scope):
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None or node.lineno >= name.lineno:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, ast.Name) and target.id == name.id for target in targets):
            best = node.value if best is None or node.value.lineno > best.lineno else best
    return best
