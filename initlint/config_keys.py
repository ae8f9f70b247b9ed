"""The keys of a configuration file: what each may hold. The only list of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from initlint.finding import Severity

FORMATS = ("text", "concise", "json", "sarif", "github", "gitlab", "junit")


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `convert` gives the value as Settings holds it, or None where it is not `expected`."""

    name: str
    expected: str
    convert: Callable[[object], Any]


def _strings(value: object) -> tuple[str, ...] | None:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    return None


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 1 else None


def _severity(value: object) -> Severity | None:
    return next((one for one in Severity if one.value == value), None)


def _format(value: object) -> str | None:
    return value if isinstance(value, str) and value in FORMATS else None


def _codes_by_glob(value: object) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    if not isinstance(value, dict):
        return None
    rows = [(glob, _strings(codes)) for glob, codes in value.items()]
    good = tuple((glob, codes) for glob, codes in rows if codes is not None)
    return good if len(good) == len(rows) else None


def _tables(value: object) -> Mapping[str, Mapping[str, Any]] | None:
    if isinstance(value, dict) and all(isinstance(one, dict) for one in value.values()):
        return value
    return None


def _runtime(value: object) -> Mapping[str, Any] | None:
    """Any table, but its `targets` are names, or tables that each have one as `target`."""
    if not isinstance(value, dict):
        return None
    targets = value.get("targets", [])
    good = isinstance(targets, list) and all(
        isinstance(one, str) or (isinstance(one, dict) and isinstance(one.get("target"), str)) for one in targets
    )
    return value if good else None


_CODES = "a list of rule codes, prefixes or names"
_PATTERNS = "a list of names or globs"

KEYS: Mapping[str, Key] = {
    key.name: key
    for key in (
        Key("select", _CODES, _strings),
        Key("ignore", _CODES, _strings),
        Key("extend-select", _CODES, _strings),
        Key("extend-ignore", _CODES, _strings),
        Key("per-file-ignores", "a table from globs to lists of rule codes", _codes_by_glob),
        Key("exclude", _PATTERNS, _strings),
        Key("extend-exclude", _PATTERNS, _strings),
        Key("force-exclude", "true or false", _boolean),
        Key("respect-gitignore", "true or false", _boolean),
        Key("min-severity", "one of 'error', 'warning', 'info'", _severity),
        Key("fix", "true or false", _boolean),
        Key("unsafe-fixes", "true or false", _boolean),
        Key("output-format", f"one of {', '.join(map(repr, FORMATS))}", _format),
        Key("jobs", "a whole number from 1", _count),
        Key("cache", "true or false", _boolean),
        Key("cache-dir", "a path", _string),
        Key("baseline", "a path", _string),
        Key("rules", "a table of tables, one for each rule: [tool.initlint.rules.INI305]", _tables),
        Key("runtime", "a table whose `targets` is a list of names, or of tables each with a `target`", _runtime),
    )
}
