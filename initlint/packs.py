"""Rule packs: found through their entry points, walked module by module, checked when they are loaded."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TypeGuard

from initlint import __version__
from initlint.crash import Crash, attempt
from initlint.errors import PackError
from initlint.finding import Confidence, Severity
from initlint.rule import Rule

GROUP = "initlint.rules"
BUILTIN = "builtin"
HEADINGS = ("What it does", "Why is this bad?")

_CODE = re.compile(r"[A-Z]{2,6}[0-9]{3}")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def load() -> dict[str, Rule]:
    """Every rule of every installed pack, by its code. Raises PackError, which names the pack and the module."""
    rules: dict[str, Rule] = {}
    for pack, module_name in entry_points():
        for rule in _rules_of(pack, _imported(pack, module_name)):
            taken = rules.get(rule.code)
            if taken is not None:
                raise PackError(
                    f"rule pack '{pack}': {type(rule).__module__}.{type(rule).__name__} claims the code {rule.code}, "
                    f"which {type(taken).__module__} already has"
                )
            rules[rule.code] = rule
    if not rules:
        raise PackError("no rules found: is initlint installed? (`pip install -e .` in a checkout)")
    return dict(sorted(rules.items()))


def entry_points() -> list[tuple[str, str]]:
    """(pack, module) of each installed pack; the built-in first, so that a clash is blamed on the other."""
    from importlib import metadata  # not for `--help`

    found = {(point.name, point.value) for point in metadata.entry_points(group=GROUP)}
    return sorted(found, key=lambda one: (one[0] != BUILTIN, one))


def environment() -> str:
    """What changes whenever a pack is installed or removed: the folders that Python imports from, with their times."""
    rows = [__version__, sys.version]
    for folder in sys.path:
        try:
            rows.append(f"{folder}:{os.stat(folder or '.').st_mtime_ns}")  # noqa: PTH116 - on the way of every run
        except OSError:
            rows.append(folder)
    return _digest(rows)


def folders() -> list[str]:
    """Where the modules of the engine and of every pack lie."""
    found = {str(Path(__file__).parent)}
    for _, name in entry_points():
        spec = find_spec(name.partition(".")[0])
        found.update(spec.submodule_search_locations or [] if spec else [])
    return sorted(found)


def stamp(folders: Iterable[str]) -> str:
    """What changes whenever a rule or the engine does: every module's size and time."""
    files = (file for folder in folders for file in _modules(folder))
    rows = [f"{file.path}:{file.stat().st_mtime_ns}:{file.stat().st_size}" for file in files]
    return _digest([__version__, sys.version, *rows])


def _digest(rows: Iterable[str]) -> str:
    return blake2b("\n".join(rows).encode(errors="replace"), digest_size=16).hexdigest()


def _modules(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda one: one.name)
    except OSError:  # a pack that has gone since
        return
    for entry in entries:
        if entry.name.endswith(".py"):
            yield entry
        elif entry.is_dir() and entry.name != "__pycache__":
            yield from _modules(entry.path)


def _imported(pack: str, name: str) -> ModuleType:
    module = attempt(partial(importlib.import_module, name))
    if isinstance(module, Crash):
        raise PackError(f"rule pack '{pack}': cannot import {name}: {module.error}")
    return module


def _rules_of(pack: str, package: ModuleType) -> Iterator[Rule]:
    names = [package.__name__]
    names += [info.name for info in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{package.__name__}.")]
    for name in names:
        module = _imported(pack, name)
        for value in list(vars(module).values()):
            if _is_rule(value) and value.__module__ == name:
                yield _instance(pack, value)


def _is_rule(value: object) -> TypeGuard[type[Rule]]:
    # Until Python 3.10 `list[int]` passes for a class, but for its own type.
    return issubclass(type(value), type) and issubclass(value, Rule) and not inspect.isabstract(value)  # type: ignore[arg-type]


def _instance(pack: str, cls: type[Rule]) -> Rule:
    fault = _fault(cls)
    if fault is not None:
        raise PackError(f"rule pack '{pack}': {cls.__module__}.{cls.__name__}: {fault}")
    rule = attempt(cls)
    if isinstance(rule, Crash):
        raise PackError(f"rule pack '{pack}': {cls.__module__}.{cls.__name__} cannot be made: {rule.error}")
    return rule


def _fault(cls: type[Rule]) -> str | None:
    """What a rule's author has to mend, if anything."""
    code, name = getattr(cls, "code", None), getattr(cls, "name", None)
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return f"`code` must be letters and three digits, as INI201, not {code!r}"
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return f"`name` must be in kebab-case, as xavier-before-rectifier, not {name!r}"
    stem = cls.__module__.rpartition(".")[2]
    if stem != (expected := f"{code}_{name}".lower().replace("-", "_")):
        return f"its module must be called {expected}.py"
    if not isinstance(getattr(cls, "severity", None), Severity):
        return "`severity` must be one of Severity's members"
    if not isinstance(cls.confidence, Confidence):
        return "`confidence` must be one of Confidence's members"
    missing = [heading for heading in HEADINGS if f"## {heading}" not in (cls.__doc__ or "")]
    if missing:
        return f"its docstring has no heading '## {missing[0]}'"
    return None
