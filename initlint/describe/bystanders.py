"""Users that name a class and do nothing to its weights: a test, and code that only asks what is of this class."""

from __future__ import annotations

import ast
import re
from collections.abc import Set as AbstractSet
from pathlib import PurePath

from initlint.describe import bodies
from initlint.describe.index import FileIndex
from initlint.source import syntax

_TYPE_TESTS = frozenset({"isinstance", "issubclass"})
_FILLS = re.compile(
    r"\binit\.\w|xavier|kaiming|init_?weights|weights?_?init|init_?param|reset_parameters|\.apply\(|\.data\b"
    r"|(normal|uniform|copy|fill|zero)_\("
)


def stands_by(file: FileIndex, scope: str, names: AbstractSet[str], home: FileIndex) -> bool:
    """Whether a class or function that cannot be read leaves alone what `home` makes.

    A test draws what it compares, and what it draws says nothing of what others start from.
    """
    if _tests(file, home):
        return True
    info = file.classes.get(scope)
    node = info.node if info is not None else file.functions.get(scope)
    return node is not None and all(
        _only_asks(file, use)
        for use in syntax.walk(node)
        if (isinstance(use, ast.Name) and use.id in names) or (isinstance(use, ast.Attribute) and use.attr in names)
    )


def _tests(file: FileIndex, home: FileIndex) -> bool:
    """Whether the file is a test and `home` is none, by what their paths do not share."""
    here, there = (list(PurePath(one.path).with_suffix("").parts) for one in (file, home))
    shared = next((i for i, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), 0)
    return bodies.is_test(here[shared:]) and not bodies.is_test(there[shared:])


def _only_asks(file: FileIndex, use: ast.AST) -> bool:
    """`if isinstance(module, Name):` in a function that fills nothing, neither there nor later."""
    parents = file.source.parents
    inner: ast.AST | None = use
    node = parents.get(use)
    while isinstance(node, (ast.Tuple, ast.BinOp, ast.Attribute)):
        node, inner = parents.get(node), node
    match node:
        case ast.Call(func=ast.Name(id=name), args=[_, types]) if name in _TYPE_TESTS and types is inner:
            return _FILLS.search(ast.unparse(_function(file, node))) is None
    return False


def _function(file: FileIndex, node: ast.AST) -> ast.AST:
    while not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        node = file.source.parents[node]
    return node
