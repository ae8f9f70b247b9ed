"""Rule packs: found through their entry points, walked module by module, checked when they are loaded."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import re
import sys
from collections.abc import Iterator
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


def stamp() -> str:
    """What changes whenever a rule or the engine does: the version, and every module's size and time."""
    folders = {str(Path(__file__).parent)}
    for _, name in entry_points():
        spec = find_spec(name.partition(".")[0])
        folders.update(spec.submodule_search_locations or [] if spec else [])
    rows = [
        f"{file.path}:{file.stat().st_mtime_ns}:{file.stat().st_size}"
        for folder in sorted(folders)
        for file in _modules(folder)
    ]
    return blake2b("\n".join([__version__, sys.version, *rows]).encode(errors="replace"), digest_size=16).hexdigest()


def _modules(folder: str) -> Iterator[os.DirEntry[str]]:
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
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
    return isinstance(value, type) and issubclass(value, Rule) and not inspect.isabstract(value)


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
