"""Where the project uses the names of its init functions: who calls them, by which spelling, from which class."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from initlint.describe.classes import order
from initlint.describe.pretrained import is_loaded
from initlint.describe.uncalled import Definition, definitions
from initlint.describe.values import ClassRef
from initlint.source import syntax
from initlint.source.text import SourceText
from initlint.source.words import word

if TYPE_CHECKING:
    from initlint.describe.deferred import Missed
    from initlint.describe.nodes import Model
    from initlint.describe.project import Project

# Only such names are ever asked for; keeping no others keeps the index of a large project small.
KEPT = re.compile(r"init|reset|weight|param|xavier|kaiming|orthogonal|to_empty|fill|zero")


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of a name. `owner` is the class around it, `functions` are the functions around it.

    `through` tells how it is reached: self (also cls and super()), attribute, name, text (a string), import.
    """

    path: str
    line: int
    name: str
    through: str
    owner: str | None
    functions: tuple[str, ...]


@dataclass(eq=False)
class References:
    """Uses of names over all files of a project. A file is looked at only when its text holds the name."""

    project: Project
    files: dict[str, dict[str, list[Reference]]] = field(default_factory=dict)

    def of(self, name: str, first: Iterable[str] = ()) -> Iterator[Reference]:
        """Every use of `name` in the project, those in the files `first` before the others; definitions are no uses."""
        used = re.compile(word(name, after="def "))
        near = dict.fromkeys(first)
        for path in near:
            yield from self.file(path).get(name, ())
        for path in self.project.mentioning(name):
            if path not in near and used.search(self.project.sources[path].text):
                yield from self.file(path).get(name, ())

    def definitions(self, path: str) -> Iterator[Definition]:
        """Every function and method that the file defines."""
        return definitions(self, path)

    def missed(self, path: str) -> Iterator[Missed]:
        """What deferred inits of the file's models leave out."""
        from initlint.describe.deferred import missed  # it reads models, and few projects defer

        return missed(self, path)

    def is_loaded(self, model: Model) -> bool:
        """Whether the weights of this model always come from a file, so that its init is no matter."""
        cls = model.root.cls if model.root is not None else None
        return cls is not None and is_loaded(self.project, cls)

    def heirs(self, cls: ClassRef) -> list[ClassRef]:
        """The classes of the project that derive from `cls`."""
        found = []
        name = re.escape(cls.name)
        derives = re.compile(rf"class\s+\w+\s*\([^)]*\b{name}\b|{name} as\b|= *{name}$", re.MULTILINE)
        for path in self.project.mentioning(cls.name):
            if not derives.search(self.project.sources[path].text):
                continue  # most files that speak of a class do not derive from it: they need no tree
            file = self.project.file(path)
            heirs = [ClassRef(info, file) for info in file.classes.values()] if file is not None else []
            found += [heir for heir in heirs if heir != cls and cls in order(self.project, heir)]
        return found

    @property
    def alone(self) -> bool:
        """Whether the project is a single file, so that others which call it may exist."""
        return len(self.project.sources) + len(self.project.unread) == 1

    def file(self, path: str) -> dict[str, list[Reference]]:
        """The uses in one file, by name."""
        self.project.trail.touch(path)
        if path not in self.files:
            self.files[path] = _collect(self.project.sources[path])
        return self.files[path]


def of_project(project: Project) -> References:
    """The project's one index of uses."""
    return project.memo.setdefault("references", References(project))  # type: ignore[return-value]


def _collect(source: SourceText) -> dict[str, list[Reference]]:
    parsed = "tree" in vars(source)
    try:
        tree = source.tree
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, list[Reference]] = {}
    lines = source.lines_with(KEPT, lower=True)
    queue: list[tuple[ast.AST, str | None, tuple[str, ...]]] = [(tree, None, ())]
    while queue:
        node, owner, functions = queue.pop()
        if isinstance(node, ast.stmt) and not syntax.stands_on(node, lines):
            continue
        match node:
            case ast.ClassDef(name=name):
                owner = name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                functions = (*functions, name)
            case ast.Expr(value=ast.Attribute() | ast.Name()):  # `self.init_weights` without brackets does nothing
                continue
        for name, through in _names(node):
            if KEPT.search(name.lower()):
                line = getattr(node, "lineno", 0)
                found.setdefault(name, []).append(Reference(source.path, line, name, through, owner, functions))
        queue += [(child, owner, functions) for child in syntax.children(node)]
    if not parsed:
        source.forget()
    return found


def _names(node: ast.AST) -> list[tuple[str, str]]:
    match node:
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Load()):
            return [(name, "self")]
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name):
            return [(name, "self")]
        case ast.Attribute(attr=name, ctx=ast.Load()):
            return [(name, "attribute")]
        case ast.Name(id=name, ctx=ast.Load()):
            return [(name, "name")]
        case ast.Constant(value=str() as text) if text.isidentifier():
            return [(text, "text")]
        case ast.ImportFrom(names=names):
            return [(alias.name, "import") for alias in names]
    return []
