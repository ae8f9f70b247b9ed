"""Which classes are parts of others: named inside another class or function that builds them."""

from __future__ import annotations

import ast

from initlint.describe.index import FileIndex
from initlint.describe.project import Project


def parts(project: Project, file: FileIndex) -> frozenset[str]:
    """The classes of the file that other code of the file names where it builds things."""
    named: set[str] = set()
    for name, info in file.classes.items():
        named |= _names(info.node.body) - {name}
    for function in file.functions.values():
        named |= _names(function.body)
    return frozenset(named & file.classes.keys())


def _names(body: list[ast.stmt]) -> set[str]:
    """The names read in these statements, annotations and type tests left out."""
    found: set[str] = set()
    queue: list[ast.AST] = list(body)
    while queue:
        node = queue.pop()
        match node:
            case ast.Name(id=name):
                found.add(name)
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass" | "super")):
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                queue += [*node.body, *node.args.defaults, *(default for default in node.args.kw_defaults if default)]
                continue
            case ast.AnnAssign():
                queue += [node.value] if node.value else []
                continue
        queue += ast.iter_child_nodes(node)
    return found
