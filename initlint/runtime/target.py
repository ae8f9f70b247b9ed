"""What the user typed, read: `pkg.mod:Name`, `path/file.py:Name`, `hf:config.json`, `folder/`."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from initlint.errors import TargetError, UsageError
from initlint.runtime.protocol import Target

_FORMS = "pkg.mod:Name, path/file.py:Name, hf:path/config.json or path/folder/"
_SKIPPED_FOLDERS = {".git", ".venv", "venv", "node_modules", "__pycache__", "build", "dist", "site-packages"}


def parse(text: str, *, arguments: str = "", keywords: str = "", **more: Any) -> Target:
    """The target that `text` names. Nothing is imported; what can be told from the file system is told here."""
    given = {
        "arguments": tuple(_json(arguments, "--args", list)),
        "keywords": _json(keywords, "--kwargs", dict),
        **more,
    }
    if text.startswith("hf:"):
        return Target(text, "hf", _file(text, text[3:]), **given)
    location, colon, name = text.rpartition(":")
    if colon and not (len(location) == 1 and name.startswith(("\\", "/"))):
        if not name or not all(part.isidentifier() for part in name.split(".")):
            raise TargetError(f"{text}: {name!r} is no name of a class or function; a target is {_FORMS}")
        if location.endswith(".py") or "/" in location:
            return Target(text, "file", _file(text, location), name, **given)
        if all(part.isidentifier() for part in location.split(".")):
            return Target(text, "module", location, name, **given)
        raise TargetError(f"{text}: {location!r} is neither a module nor a .py file; a target is {_FORMS}")
    path = Path(text)
    if path.is_dir() or path.suffix == ".py":
        if not path.exists():
            raise TargetError(f"{text}: no such file; a target is {_FORMS}")
        return Target(text, "folder", text, **given)
    hint = "no such folder" if text.endswith("/") else "it names no class or function"
    raise TargetError(f"{text}: {hint}; a target is {_FORMS}")


def expand(target: Target) -> list[Target]:
    """A folder (or a file without a name) as one target for each class that may be a module."""
    if target.kind != "folder":
        return [target]
    root = Path(target.location)
    files = [root] if root.is_file() else sorted(path for path in root.rglob("*.py") if not _skipped(path, root))
    found = [
        replace(target, text=f"{path}:{name}", kind="file", location=str(path), name=name, optional=True)
        for path in files
        for name in candidate_classes(path)
    ]
    if not found:
        raise TargetError(f"{target.text}: no class derived from a torch module is defined here")
    return found


def candidate_classes(path: Path) -> Iterator[str]:
    """Top-level classes with a base, in files that mention torch. Which of them are modules, the child will see."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        if "torch" not in text and "Module" not in text:
            return
        tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError):
        return
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.bases and not node.name.startswith("_"):
            yield node.name


def _skipped(path: Path, root: Path) -> bool:
    parts = path.relative_to(root).parts
    return any(part in _SKIPPED_FOLDERS or part.startswith(".") for part in parts[:-1])


def _file(text: str, location: str) -> str:
    path = Path(location)
    if path.is_dir() and (path / "config.json").is_file():
        path = path / "config.json"
    if path.is_dir():
        raise TargetError(f"{text}: the folder {location} holds no config.json")
    if not path.is_file():
        raise TargetError(f"{text}: there is no file {location}")
    return str(path)


def _json(text: str, option: str, kind: type) -> Any:
    if not text:
        return kind()
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{option} {text!r} is not JSON: {error.msg} at column {error.colno}") from None
    if not isinstance(value, kind):
        wanted = {"list": "a JSON array, as in '[64, 10]'", "dict": "a JSON object, as in '{\"hidden\": 64}'"}
        raise UsageError(f"{option} takes {wanted[kind.__name__]}, not {text!r}")
    return value
