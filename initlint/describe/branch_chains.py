"""`if <has a bias>: ... elif <has a weight>: ...`: the second branch never sees a layer that has both."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from initlint.describe.facts import BranchChain
from initlint.describe.run import Frame, Run
from initlint.source import syntax

_LOOKS = frozenset({"hasattr", "getattr", "isinstance", "cast", "type", "id", "print"})  # they do nothing to a module
_FACTS = frozenset({"device", "dtype", "shape", "size", "ndim", "dim", "is_cuda", "numel"})  # not a tensor's values


def note_chain(run: Run, node: ast.If, frame: Frame) -> None:
    """Remember the chain where its first branch takes all layers with a bias and leaves their weight alone."""
    owner = owner_of_bias(node.test)
    if owner is None or _norms_only(node.test, owner) or _uses(node.body, owner, "weight"):
        return
    if not _uses(node.body, owner, "bias") or handed_whole(node.body, owner) or _elsewhere(node, owner, frame):
        return
    for place, body, could_hold in _later(node, owner):
        if could_hold and _uses(body, owner, "weight", beyond=_FACTS):
            run.records.append(BranchChain(frame.site(place), ast.unparse(owner), ast.unparse(node.test)))
            return


def _later(node: ast.If, owner: ast.expr) -> Iterator[tuple[ast.AST, list[ast.stmt], bool]]:
    """The branches behind the first: where each stands, its body, whether it is meant for layers with a bias too."""
    first, last = node.test, node
    while len(last.orelse) == 1 and isinstance(last.orelse[0], ast.If):
        last = last.orelse[0]
        yield last.test, last.body, _could_hold(first, last.test, owner)
    if last is node:
        for statement in node.orelse:
            yield statement, [statement], not _types(first, owner)


def owner_of_bias(test: ast.expr) -> ast.expr | None:
    """`m` where the test, or one part of its `and`, asks for the presence of `m.bias`."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    return next((found for part in parts if (found := _asked_for(part, "bias")) is not None), None)


def _asked_for(test: ast.expr, name: str) -> ast.expr | None:
    match test:
        case ast.Call(func=ast.Name(id="hasattr"), args=[owner, ast.Constant(value=slot)]) if slot == name:
            return owner
        case ast.Compare(left=left, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return _asked_for(left, name)
        case ast.Attribute(value=owner, attr=slot) if slot == name:
            return owner
        case ast.Call(func=ast.Name(id="getattr"), args=[owner, ast.Constant(value=slot), *_]) if slot == name:
            return owner
    return None


def _same(left: ast.expr, right: ast.expr) -> bool:
    return ast.unparse(left) == ast.unparse(right)


def _uses(body: list[ast.stmt], owner: ast.expr, name: str, *, beyond: frozenset[str] = frozenset()) -> bool:
    """Whether the statements touch `owner.name`, for more than the attributes of it that are named in `beyond`."""
    asked: set[int] = set()
    for statement in body:
        for node in syntax.walk(statement):
            match node:
                case ast.Attribute(value=inner, attr=slot) if slot in beyond:
                    asked.add(id(inner))
                case ast.Attribute(value=base, attr=slot) if slot == name and id(node) not in asked:
                    if _same(base, owner):
                        return True
                case ast.Call(func=ast.Name(id="getattr"), args=[base, ast.Constant(value=slot), *_]):
                    if slot == name and _same(base, owner):
                        return True
    return False


def handed_whole(body: list[ast.stmt], owner: ast.expr) -> bool:
    """Whether a function gets the layer itself, or one of its methods is called: that may see to its weight."""
    for statement in body:
        for node in syntax.walk(statement):
            match node:
                case ast.Call(func=ast.Name(id=function)) if function in _LOOKS:
                    continue
                case ast.Call(func=ast.Attribute(value=base)) if _same(base, owner):
                    return True
                case ast.Call(args=args, keywords=keywords):
                    if any(_same(given, owner) for given in (*args, *(keyword.value for keyword in keywords))):
                        return True
    return False


def _elsewhere(node: ast.If, owner: ast.expr, frame: Frame) -> bool:
    """Whether a statement beside the chain touches the weight."""
    parent = frame.file.source.parents.get(node)
    if parent is None:
        return False
    body = next((block for _, block in ast.iter_fields(parent) if isinstance(block, list) and node in block), [])
    return _uses([statement for statement in body if statement is not node], owner, "weight")


def _types(test: ast.expr, owner: ast.expr) -> set[str]:
    found: set[str] = set()
    for node in syntax.walk(test):
        match node:
            case ast.Call(func=ast.Name(id="isinstance"), args=[subject, kinds]) if _same(subject, owner):
                members = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
                found.update(ast.unparse(member).rpartition(".")[2] for member in members)
    return found


def _norms_only(test: ast.expr, owner: ast.expr) -> bool:
    kinds = _types(test, owner)
    return bool(kinds) and all("Norm" in kind for kind in kinds)


def _could_hold(first: ast.expr, second: ast.expr, owner: ast.expr) -> bool:
    """Whether the second test could hold for a layer that the first one takes."""
    kinds, others = _types(first, owner), _types(second, owner)
    if kinds and others:
        return not kinds.isdisjoint(others)
    return bool(others) or any(isinstance(node, ast.expr) and _same(node, owner) for node in syntax.walk(second))
