"""Models whose weights always come from a file: wherever the project builds them, or member by member."""

from __future__ import annotations

import ast
import re

from initlint.describe.nodes import Site
from initlint.describe.project import Project
from initlint.describe.values import ClassRef
from initlint.source import syntax

_OWN = re.compile(r"pretrain|load_|_load|init_\w*(vgg|imagenet)|from_", re.IGNORECASE)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def is_loaded(project: Project, cls: ClassRef) -> bool:
    """Whether the class fetches its own weights, or a function that builds it loads them unconditionally."""
    if any(_OWN.search(name) for name in cls.info.methods):
        return True
    texts = ((path, project.sources[path].text) for path in project.mentioning(cls.name))
    return any(_loads(project, path, cls.name) for path, text in texts if f"{cls.name}(" in text and "load" in text)


def is_loaded_in_turn(site: Site) -> bool:
    """Whether a loop of the same function loads weights into each member of the list that is bound here."""
    match site.statement.node:
        case ast.Assign(targets=[ast.Name() | ast.Attribute() as held]):
            name = ast.unparse(held)
        case _:
            return False
    scope = site.source.function(site.node) or site.source.tree
    loops = (one for one in syntax.walk(scope) if isinstance(one, ast.For))
    return any(any(map(_is_load, loop.body)) and _speaks_of(loop, name) for loop in loops)


def _speaks_of(loop: ast.For, name: str) -> bool:
    parts = (one for one in syntax.walk(loop) if isinstance(one, (ast.Name, ast.Attribute)))
    return any(ast.unparse(one) == name for one in parts)


def _loads(project: Project, path: str, name: str) -> bool:
    file = project.file(path)
    if file is None:
        return False
    functions = [node for node in syntax.walk(file.source.tree) if isinstance(node, _FUNCTIONS)]
    return any(_builds(node, name) and any(map(_is_load, node.body)) for node in functions)


def _builds(function: ast.AST, name: str) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)) and _last(node.func) == name
        for node in syntax.walk(function)
    )


def _last(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _is_load(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="load_state_dict"))):
            return True
        case ast.Assign(value=ast.Call(func=ast.Attribute(attr="load_state_dict"))):
            return True
    return False
