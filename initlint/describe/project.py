"""The files that are linted together, and the way from a name in one to its definition in another."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from initlint.describe.index import FileIndex, index, is_configuration, outline
from initlint.describe.mentions import Mentions
from initlint.describe.names import canonical
from initlint.describe.trail import ASKED, Memo, Trail
from initlint.describe.values import ClassRef, External, Function, ModuleRef
from initlint.source.text import SourceText

if TYPE_CHECKING:
    from initlint.describe.templates import Template

_FOLLOW_LIMIT = 8  # re-exports of re-exports
_MOST_STARS = 40  # a package that hands on hundreds of modules whole is not searched for a name
# A project may well have a file `utils/torch.py`; an absolute import of the name never means that.
_ALWAYS_OUTSIDE = frozenset({"torch", "numpy", "math", "copy", "functools", "collections", "typing"})
_STANDARD = frozenset(sys.stdlib_module_names)
Reading = tuple[Literal["index", "references"], str]  # and the file's path


@dataclass(slots=True, eq=False)
class Project:
    """All files of a run, parsed at most once each."""

    sources: dict[str, SourceText]
    files: dict[str, FileIndex | None] = field(default_factory=dict)
    by_stem: dict[str, list[str]] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()  # files of the run in which nothing speaks of models
    read: Callable[[str], SourceText | None] = field(default=lambda path: None)  # one of those, for what it hands on
    trail: Trail = field(default_factory=Trail)
    memo: Memo = field(init=False)
    templates: dict[tuple[object, ...], Template] = field(default_factory=dict)  # of the file that is being described
    _paths: dict[tuple[str, str], str | None] = field(default_factory=dict)
    _mentions: Mentions = field(init=False)

    def __post_init__(self) -> None:
        self.memo = Memo(self.trail)
        self._mentions = Mentions(self.sources)

    @classmethod
    def index(
        cls,
        sources: Iterable[SourceText],
        unread: Iterable[str] = (),
        read: Callable[[str], SourceText | None] = lambda path: None,
    ) -> Project:
        """A project of these files and `unread` others, which `read` opens where an import leads to one.

        Nothing is parsed yet.
        """
        project = cls({source.path: source for source in sources}, unread=frozenset(unread), read=read)
        stems: dict[str, list[str]] = defaultdict(list)
        for path in (*project.sources, *sorted(project.unread)):
            stems[_parts(path)[-1] if _parts(path) else ""].append(path)
        project.by_stem = dict(stems)
        return project

    def prepare(self) -> None:
        """Make what every process that will be forked from this one would else make for itself."""
        from initlint.describe.deferred import scripts  # these ask this module
        from initlint.describe.references import of_project

        self._mentions.prepare()
        scripts(of_project(self))

    @property
    def readings(self) -> frozenset[Reading]:
        """What has been read of whole files."""
        from initlint.describe.references import of_project  # it asks this module

        uses = of_project(self).files
        return frozenset([*(("index", path) for path in self.files), *(("references", path) for path in uses)])

    def read_ahead(self, reading: Reading) -> None:
        """Read that of a file now."""
        from initlint.describe.references import of_project  # as above

        kind, path = reading
        if kind == "index":
            self.file(path)
        else:
            of_project(self).file(path)

    def forget(self) -> None:
        """Drop every tree and what was read from it, to be made again where it is needed. Texts held elsewhere stay."""
        for path, source in self.sources.items():
            if "tree" in vars(source):
                self.sources[path] = source.anew()
        self.files.clear()
        self.templates.clear()
        kept = [(key, value) for key, value in self.memo.items() if key == "references"]  # it holds no trees
        self.memo = Memo(self.trail, kept)

    def file(self, path: str) -> FileIndex | None:
        """The index of a file, or None when it does not parse."""
        self.trail.touch(path)
        if path not in self.files:
            unread = path in self.unread
            source = self.read(path) if unread else self.sources[path]
            try:
                self.files[path] = (outline if unread else index)(source) if source is not None else None
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self.files[path] = None
        return self.files[path]

    def mentioning(self, name: str) -> list[str]:
        """The paths of the files in whose text `name` is a word."""
        self.trail.touch(f"{ASKED}{name}")
        return self._mentions.of(name)

    def module(self, dotted: str, importer: FileIndex) -> FileIndex | None:
        """The project's file that `dotted` names, as seen from `importer`."""
        path = self._where(dotted, importer)
        return self.file(path) if path is not None else None

    def _where(self, dotted: str, importer: FileIndex) -> str | None:
        """As `_path`, remembered."""
        key = (dotted, importer.path)
        if key not in self._paths:
            self._paths[key] = self._path(dotted, importer)
        return self._paths[key]

    def _path(self, dotted: str, importer: FileIndex) -> str | None:
        """The nearest when several could be meant; none where two are equally near."""
        relative = dotted.startswith(".")
        wanted = tuple(dotted.lstrip(".").split("."))
        if not relative and wanted[0] in _ALWAYS_OUTSIDE:
            return None
        # `import ast` means a package `models/ast` nowhere; a script's own `token.py` is beside it
        beside = importer.parts[:-1] if not relative and wanted[0] in _STANDARD else None
        found: dict[tuple[int, int], list[str]] = defaultdict(list)
        for path in self.by_stem.get(wanted[-1], ()):
            parts = _parts(path)
            matches = dotless(parts) == wanted if relative else parts[-len(wanted) :] == wanted
            if beside is not None and parts[: -len(wanted)] != beside:
                continue
            if matches and path.endswith((".py", ".ipynb")):
                near = _common(parts, importer.parts)
                outside = len(parts) - len(wanted) - near  # folders above the package that the importer does not share
                if outside <= 1:
                    found[-near, outside].append(path)
        best = found[min(found)] if found else []
        return best[0] if len(best) == 1 else None

    def resolve(self, dotted: str, importer: FileIndex, depth: int = 0) -> object:
        """What a dotted name stands for: a class, function, constant or module of the project, else External."""
        if depth > _FOLLOW_LIMIT:
            return External(canonical(dotted.lstrip(".")))
        if (file := self.module(dotted, importer)) is not None:
            if file.parts[-2:] == ("transformers", "initialization"):
                return External("torch.nn.init")  # its wrappers, argument for argument
            return ModuleRef(file)
        head, _, last = dotted.rpartition(".")
        if head and head != "." and (file := self.module(head, importer)) is not None:
            found = self.member(file, last, depth + 1)
            if found is not None:
                return found
        if self._where(head, importer) in self.unread:
            return External(f"unread.{last}")  # whatever the package is called, it is no module of torch
        return External(canonical(dotted.lstrip(".")))

    def member(self, file: FileIndex, name: str, depth: int = 0) -> object | None:
        """What `name` means at the top level of `file`, or None. A constant comes as its (expression, file).

        A file in which nothing speaks of models may hand on what others define (a package's `__init__`), or define
        a model's configuration; what else it defines is not read.
        """
        defined = name in file.functions or (name in file.classes and not is_configuration(name))
        if file.path in self.unread and defined:
            return External(f"unread.{name}")
        if name in file.classes:
            return ClassRef(file.classes[name], file)
        if name in file.functions:
            return Function(file.functions[name], file)
        if name in file.constants:
            return Constant(file.constants[name], file)
        if name in file.imports:
            return self.resolve(file.imports[name], file, depth + 1)
        stars = file.stars if depth <= _FOLLOW_LIMIT and len(file.stars) <= _MOST_STARS else ()
        for star in reversed(stars):  # the last to bring a name binds it
            target = self.module(star, file)
            if target is not None and target is not file:
                found = self.member(target, name, depth + 1)
                if found is not None:
                    return found
        return None


@dataclass(slots=True, eq=False)
class Constant:
    """A module-level name and the expression it is bound to."""

    node: object
    file: FileIndex


def _parts(path: str) -> tuple[str, ...]:
    pieces = [piece for piece in path.replace("\\", "/").split("/") if piece not in ("", ".")]
    if pieces:
        pieces[-1] = pieces[-1].rpartition(".")[0] or pieces[-1]
        if pieces[-1] == "__init__" and len(pieces) > 1:
            pieces.pop()
    return tuple(pieces)


def dotless(parts: Iterable[str]) -> tuple[str, ...]:
    """Folder names as they stand inside a dotted name: a dot of their own (`python3.11`) must not divide them."""
    return tuple(part.replace(".", "\u2024") for part in parts)


def _common(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    shared = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        shared += 1
    return shared
