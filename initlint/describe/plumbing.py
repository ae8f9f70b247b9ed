"""Functions that handle names, files and settings: a reading follows them for a while, and no further.

What such a function gives back may be a width or a flag, so it is not left out from the start. But a library's own
inspection of signatures, or its search for a module's files, is longer than all its models together.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator

from initlint.describe import classes
from initlint.describe.index import FileIndex
from initlint.describe.project import Project
from initlint.describe.run import Run
from initlint.describe.values import (
    Choice,
    ClassRef,
    External,
    Function,
    Instance,
    Mapping,
    Method,
    ModuleObject,
    Partial,
    Sequence,
    Tensor,
    Value,
)
from initlint.source import syntax

LINES = 1500  # of such functions that one reading follows
_SHORT = 15  # lines: `make_divisible(width, 8)` is worked out however much has been read
_IN_THE_DARK = 5  # times as dear, where nothing is known of what the function is given
# What makes, holds or writes to layers: in the name of anything that is called.
_OF_MODELS = re.compile(
    r"_$|init|reset|load|weight|param|pretrain|layer|block|modul|model|net|make|build|create|head|encoder|decoder"
    r"|apply|embed|conv|linear|norm|activ|attention|tensor",
    re.IGNORECASE,
)
_LIBRARIES = ("torch.", "timm.", "torchvision.", "transformers.", "mmcv.", "mmengine.", "diffusers.", "unread.")
_ITEMS = 20  # of a list that are looked at


def is_too_long(run: Run, function: Function, args: Iterable[Value], kwargs: dict[str, Value]) -> bool:
    """Whether a call is left unread: it handles no modules, and much of its kind has been read before."""
    if isinstance(function.node, ast.Lambda) or not _handles_no_models(run.project, function):
        return False
    given = [function.bound, *args, *kwargs.values()]
    if any(map(_is_of_models, given)):
        return False
    lines, known = (function.node.end_lineno or 0) - function.node.lineno, any(map(_is_known, given))
    run.plumbed += lines if known else _IN_THE_DARK * lines
    return run.plumbed > LINES and not (known and lines <= _SHORT)


def _is_of_models(value: Value) -> bool:
    """Whether a value is, holds or can make a module or tensor."""
    match value:
        case ModuleObject() | Tensor() | ClassRef() | Function() | Partial() | Method():
            return True
        case Sequence():
            return any(map(_is_of_models, value.items[:_ITEMS]))
        case Mapping():
            return any(map(_is_of_models, list(value.items.values())[:_ITEMS]))
        case Instance():
            return any(isinstance(inner, (ModuleObject, Tensor)) for inner in value.slots.values())
        case Choice():
            return any(_is_of_models(option) for _, option in value.options)
        case External():
            return value.dotted.startswith(_LIBRARIES)
    return False


def _is_known(value: Value) -> bool:
    """Whether it is a number or word, or a list of them: from the unknown, little that is known can follow."""
    return isinstance(value, (int, float, str)) or (isinstance(value, Sequence) and any(map(_is_known, value.items)))


def _handles_no_models(project: Project, function: Function) -> bool:
    key = ("handles no models", function.file.path, function.node.lineno)
    if key not in project.memo:
        project.memo[key] = True  # a function that calls itself
        project.memo[key] = all(_is_harmless(project, function, call) for call in _calls(function.node))
    return bool(project.memo[key])


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (one for one in syntax.walk(node) if isinstance(one, ast.Call))


def _is_harmless(project: Project, function: Function, call: ast.Call) -> bool:
    """Whether nothing that the call leads to makes a module or writes to one."""
    match call.func:
        case ast.Name(id=name):
            return _is_harmless_name(project, function, name)
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name) if function.owner is not None:
            method = classes.find(project, function.owner, name)
            return _handles_no_models(project, method) if method is not None else not _OF_MODELS.search(name)
        case ast.Attribute(value=value, attr=name):
            dotted = _imported(function.file, value)
            if dotted is None:
                return not _OF_MODELS.search(name) and not name[:1].isupper()
            return _is_harmless_member(project, function, f"{dotted}.{name}")
    return False


def _is_harmless_member(project: Project, function: Function, dotted: str) -> bool:
    found = project.resolve(dotted, function.file)
    if isinstance(found, Function):
        return _handles_no_models(project, found)
    return isinstance(found, External) and not found.dotted.startswith(_LIBRARIES)


def _is_harmless_name(project: Project, function: Function, name: str) -> bool:
    found = project.member(function.file, name)
    if isinstance(found, Function):
        return _handles_no_models(project, found)
    if isinstance(found, External):
        return not found.dotted.startswith(_LIBRARIES) and not _OF_MODELS.search(name)
    if hasattr(builtins, name):
        return True
    return found is None and not _OF_MODELS.search(name) and not name[:1].isupper()


def _imported(file: FileIndex, value: ast.expr) -> str | None:
    """The dotted name of an imported module, or of a part of one."""
    match value:
        case ast.Name(id=name):
            return file.imports.get(name)
        case ast.Attribute(value=inner, attr=name):
            base = _imported(file, inner)
            return f"{base}.{name}" if base is not None else None
    return None
