"""Loops whose turns differ from one another: they are read turn by turn, as often as the default configuration says.

Alike turns are read once, and stand for any number. Where a turn changes what the next one reads, or a list grows by
several items, that would tell untruths.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from initlint.describe import expressions
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import number
from initlint.describe.values import ClassRef, Function
from initlint.source import syntax

_FEW = 8  # turns that build blocks
_MANY = 64  # turns that build single layers
_GROWING = frozenset({"append", "extend", "insert", "add_module", "register_parameter", "register_module"})


def turns(run: Run, node: ast.For | ast.AsyncFor, frame: Frame) -> list[int] | None:
    """The values of the loop's variable; None where one reading serves."""
    if run.forward or (known := counted(run, node.iter, frame)) is None:
        return None
    limit = _FEW if _builds_blocks(run, node.body, frame) else _MANY
    return list(known) if len(known) <= limit and _is_uneven(node, frame) else None


def spelt_out(run: Run, node: ast.ListComp | ast.GeneratorExp, depth: int, frame: Frame) -> list[int] | None:
    """The same for one `for` of a comprehension: where its items differ, are several, or cost nothing to read."""
    generator = node.generators[depth]
    if run.forward or (known := counted(run, generator.iter, frame)) is None:
        return None
    calls = any(isinstance(inner, ast.Call) for inner in syntax.walk(node.elt))
    uneven = (
        not calls
        or depth + 1 < len(node.generators)
        or _decides(node.elt, _names(generator.target))
        or _is_part(node, frame)
    )
    limit = _FEW if calls and _builds_blocks(run, [node.elt], frame) else _MANY
    return list(known) if uneven and len(known) <= limit else None


def _is_part(node: ast.expr, frame: Frame) -> bool:
    """Whether other items stand beside it: `[stem, *[... for ...], head]`, `[...] + [...]`."""
    holder = frame.file.source.parents[node]
    if isinstance(holder, ast.Starred):
        around = frame.file.source.parents[holder]
        return len(getattr(around, "args", getattr(around, "elts", ()))) > 1
    return isinstance(holder, ast.BinOp)


def counted(run: Run, iterable: ast.expr, frame: Frame) -> range | None:
    """`range(...)` over numbers that the default configuration knows."""
    match iterable:
        case ast.Call(func=ast.Name("range"), args=[_, *_] as args, keywords=[]) if len(args) < 4:
            numbers = [number(run.settle(expressions.evaluate(run, arg, frame))) for arg in args]
            sizes = [int(size) for size in numbers if size is not None and size == int(size)]
            return _range(sizes) if len(sizes) == len(numbers) else None
    return None


def _range(sizes: list[int]) -> range | None:
    match sizes:
        case [stop]:
            return range(stop)
        case [start, stop]:
            return range(start, stop)
        case [start, stop, step] if step:
            return range(start, stop, step)
    return None


def _builds_blocks(run: Run, body: list[ast.stmt] | list[ast.expr], frame: Frame) -> bool:
    """Whether a turn calls something of the project's own, which costs more to read than a layer."""
    for part in body:
        for node in syntax.walk(part):
            match node:
                case ast.Call(func=ast.Name(name)):
                    if isinstance(run.project.member(frame.file, name), (ClassRef, Function)) or name in frame.env:
                        return True
                case ast.Call(func=ast.Attribute(value=ast.Name("self"), attr=attr)) if attr not in _GROWING:
                    return True
    return False


def _is_uneven(node: ast.For | ast.AsyncFor, frame: Frame) -> bool:
    grown = _grown(node.body)
    return (
        any(count != 1 for count in grown.values())
        or any(_grows_elsewhere(name, node, frame) for name in grown)
        or _decides(node, _names(node.target))
        or _carries(node.body, grown)
    )


def _names(target: ast.expr) -> set[str]:
    return {inner.id for inner in syntax.walk(target) if isinstance(inner, ast.Name)}


def _decides(node: ast.AST, variables: set[str]) -> bool:
    """Whether the variable picks a branch, an item or a name."""
    for inner in syntax.walk(node):
        match inner:
            case ast.If(test=part) | ast.IfExp(test=part) | ast.Subscript(slice=part) | ast.FormattedValue(value=part):
                if _mentions(part, variables):
                    return True
            case ast.Call(
                func=ast.Name("setattr") | ast.Attribute(attr="add_module" | "register_module" | "__setattr__"),
                args=args,
            ):
                if any(_mentions(arg, variables) for arg in args):
                    return True
    return False


def _mentions(node: ast.AST, variables: set[str]) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id in variables for inner in syntax.walk(node))


def _grown(body: list[ast.stmt]) -> Counter[str]:
    """By how many items a turn makes each list longer."""
    found: Counter[str] = Counter()
    for statement in body:
        for node in syntax.walk(statement):
            for name, count in _growth(node):
                found[name] += count
    return found


def _growth(node: ast.AST) -> Iterator[tuple[str, int]]:
    match node:
        case ast.Call(func=ast.Attribute(value=holder, attr="append")):
            yield ast.dump(_read(holder)), 1
        case ast.Call(func=ast.Attribute(value=holder, attr="extend"), args=[more]):
            yield ast.dump(_read(holder)), _length(more)
        case ast.AugAssign(target=holder, op=ast.Add(), value=(ast.List() | ast.Tuple()) as more):
            yield ast.dump(_read(holder)), _length(more)
        case ast.AugAssign(target=holder, op=ast.Add(), value=ast.BinOp(op=ast.Mult()) as more):
            if any(isinstance(side, ast.List) for side in (more.left, more.right)):  # `norms += use_norm * [norm]`
                yield ast.dump(_read(holder)), _length(more)


def _length(node: ast.expr) -> int:
    known = isinstance(node, (ast.List, ast.Tuple)) and not any(isinstance(one, ast.Starred) for one in node.elts)
    return len(node.elts) if known else 2  # type: ignore[attr-defined]


def _read(node: ast.expr) -> ast.expr:
    """A target as it looks where it is read, so that both compare equal."""
    match node:
        case ast.Name(name):
            return ast.Name(name, ast.Load())
        case ast.Attribute(value=value, attr=attr):
            return ast.Attribute(value, attr, ast.Load())
    return node


def _grows_elsewhere(name: str, node: ast.stmt, frame: Frame) -> bool:
    """Whether the list also gets items outside of the loop: then what comes after it must be counted."""
    scope: ast.AST = node
    parents = frame.file.source.parents
    while not isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module)):
        scope = parents[scope]
    inside = set(syntax.walk(node))
    for other in syntax.walk(scope):
        if other in inside:
            continue
        match other:
            case (
                ast.Assign(targets=[target], value=ast.List(elts=[_, *_]))
                | ast.AnnAssign(target=target, value=ast.List(elts=[_, *_]))
            ):
                if ast.dump(_read(target)) == name:
                    return True
            case _ if any(grown == name for grown, _ in _growth(other)):
                return True
    return False


def _carries(body: list[ast.stmt], grown: Counter[str]) -> bool:
    """Whether a turn reads what an earlier one wrote."""
    every = {name for statement in body for name in _stored(statement)} - set(grown)
    done: set[str] = set()
    for statement in body:
        if (_loaded(statement) & every) - done:
            return True
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            done |= set(_stored(statement))
    return any(isinstance(node, ast.AugAssign) and ast.dump(_read(node.target)) in every for node in _all(body))


def _loaded(statement: ast.stmt) -> set[str]:
    found = (node for node in syntax.walk(statement) if isinstance(node, (ast.Name, ast.Attribute)))
    return {ast.dump(node) for node in found if isinstance(node.ctx, ast.Load)}


def _all(body: list[ast.stmt]) -> Iterator[ast.AST]:
    for statement in body:
        yield from syntax.walk(statement)


def _stored(statement: ast.stmt) -> Iterator[str]:
    for node in syntax.walk(statement):
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            yield ast.dump(_read(node))
