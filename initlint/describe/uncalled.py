"""The functions and methods that a file defines, and whether anything in the project can be seen to call them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.describe import classes
from initlint.describe.values import ClassRef, External, Function

if TYPE_CHECKING:
    from initlint.describe.index import FileIndex
    from initlint.describe.references import Reference, References

# Bases outside the project that call no init method of their subclasses.
_SILENT_BASES = frozenset({
    "Module", "object", "ABC", "Generic", "Protocol", "LightningModule", "GenerationMixin", "PyTorchModelHubMixin",
})  # fmt: skip
_RUNNERS = ("mmcv", "mmengine")  # their modules call the init_weights of whatever they hold
_CALLED_BY_TORCH = frozenset({"reset_parameters", "_reset_parameters", "init_weights", "_init_weights"})


@dataclass(frozen=True, slots=True)
class Definition:
    """A function of a file's top level, or a method of one of its classes."""

    references: References
    file: FileIndex
    node: ast.FunctionDef | ast.AsyncFunctionDef
    cls: ClassRef | None = None

    @property
    def owner(self) -> str | None:
        """The class it is a method of."""
        return self.cls.name if self.cls is not None else None

    @property
    def exported(self) -> bool:
        """Whether code outside the project may well call it."""
        if self.cls is not None:
            return self.references.alone and not self.node.name.startswith("_") and not self.file.is_script
        return not self.node.name.startswith("_") and not self.file.is_script

    @property
    def certain(self) -> bool:
        """Whether no unknown base class, and no framework that the class is registered with, could call it."""
        if self.cls is None:
            return True
        registered = bool(self.cls.info.node.decorator_list) and not self.node.name.startswith("_")
        hooked = self.node.name == "init_weights" and any(map(self.references.project.mentioning, _RUNNERS))
        return not (registered or hooked) and _known(self.references, self.cls, self.node.name)

    @property
    def used(self) -> bool:
        """Whether its name is used, outside itself, where it can mean it. Most are used near: there we look first."""
        return any(self._is_use(use) for use in self.references.of(self.node.name, self._near()))

    def _near(self) -> list[str]:
        order = classes.order(self.references.project, self.cls) if self.cls is not None else []
        return [self.file.path, *(entry.file.path for entry in order if isinstance(entry, ClassRef))]

    def _is_use(self, use: Reference) -> bool:
        here = use.path == self.file.path
        if here and self.node.lineno <= use.line <= (self.node.end_lineno or 0):
            return False
        if self.cls is None:
            named = use.through == "name" and (here or self._is_brought_to(use.path))
            return named or use.through in (("text", "attribute") if here else ("import", "text", "attribute"))
        if use.through == "self":
            return self._related(use)
        return use.through in ("attribute", "text") or (here and use.through == "name" and use.owner == self.owner)

    def _is_brought_to(self, path: str) -> bool:
        """Whether the name means this function there: `from package import *` brings it without naming it."""
        project = self.references.project
        file = project.file(path)
        found = project.member(file, self.node.name) if file is not None else None
        return isinstance(found, Function) and found.node is self.node

    def _related(self, use: Reference) -> bool:
        """Whether `self` in that place can be an object of this method's class."""
        assert self.cls is not None
        project = self.references.project
        file = project.file(use.path)
        other = file.classes.get(use.owner or "") if file is not None else None
        if file is None or other is None:
            return True
        there = ClassRef(other, file)
        if there in classes.order(project, self.cls) or self.cls in classes.order(project, there):
            return True
        return any(there in classes.order(project, heir) for heir in self.references.heirs(self.cls))


def definitions(references: References, path: str) -> Iterator[Definition]:
    """Every top-level function and every method of the file's classes."""
    file = references.project.file(path)
    if file is None:
        return
    for node in file.functions.values():
        yield Definition(references, file, node)
    for info in file.classes.values():
        for node in info.methods.values():
            yield Definition(references, file, node, ClassRef(info, file))


def _known(references: References, cls: ClassRef, method: str) -> bool:
    for entry in classes.order(references.project, cls):
        if isinstance(entry, External):
            last = entry.dotted.rpartition(".")[2]
            from_torch = entry.dotted.startswith("torch.nn.") and method not in _CALLED_BY_TORCH
            if last not in _SILENT_BASES and not from_torch:
                return False
        elif len(entry.info.node.bases) > len(classes.direct(references.project, entry)):
            return False
    return True
