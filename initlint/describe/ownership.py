"""Which classes are parts of others: named inside another class or function that builds them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from initlint.describe.classes import is_module
from initlint.describe.index import FileIndex
from initlint.describe.project import Project
from initlint.describe.values import ClassRef
from initlint.source import syntax
from initlint.source.words import words


def parts(project: Project, file: FileIndex) -> frozenset[str]:
    """The classes of the file that other code of the file names where it builds things."""
    if not file.classes:
        return frozenset()
    lines = _lines(file, file.classes)
    named: set[str] = set()
    for name, info in file.classes.items():
        named |= _names(info.node.body, lines) - {name}
    for function in file.functions.values():
        named |= _names(function.body, lines)
    return frozenset(named & file.classes.keys())


def is_part(project: Project, cls: ClassRef) -> bool:
    """Whether another module of the project builds this class, so that what stands around it is not seen here."""
    key = f"part {cls.file.path} {cls.name}"
    if key not in project.memo:
        project.memo[key] = any(_builds(project, path, cls) for path in project.mentioning(cls.name))
    return bool(project.memo[key])


def _builds(project: Project, path: str, cls: ClassRef) -> bool:
    file = project.file(path)
    if file is None or not (file is cls.file or cls.name in file.imports or file.stars):
        return False
    lines = _lines(file, [cls.name])
    bodies = ((info, info.node.body) for info in file.classes.values() if info is not cls.info)
    owners = (info for info, body in bodies if cls.name in _names(body, lines))
    return any(is_module(project, ClassRef(info, file)) for info in owners)


def _lines(file: FileIndex, names: Iterable[str]) -> list[int]:
    """Where one of the names stands, or may."""
    return file.source.lines_with(words(names))


def _names(body: list[ast.stmt], lines: Sequence[int]) -> set[str]:
    """The names read in these statements, annotations and type tests left out; those on the lines are not missed."""
    found: set[str] = set()
    queue: list[ast.AST] = list(body)
    while queue:
        node = queue.pop()
        if isinstance(node, ast.stmt) and not syntax.stands_on(node, lines):
            continue
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
        queue += syntax.children(node)
    return found
