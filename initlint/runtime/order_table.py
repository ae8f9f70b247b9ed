"""[tool.initlint.runtime]: the limits and targets of the configuration, each value checked. (parent)"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from initlint.config import Settings
from initlint.errors import ConfigError, UsageError
from initlint.runtime.protocol import Target
from initlint.runtime.target import parse

Check = tuple[str, Callable[[Any], bool]]


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_LIMITS: Mapping[str, Check] = {
    "targets": ("a list of names or tables", lambda value: isinstance(value, list)),
    "seed": ("a whole number from 0", lambda value: _whole(value, 0)),
    "seeds": ("a whole number from 1", lambda value: _whole(value, 1)),
    "time-limit": ("a number of seconds above 0", lambda value: _number(value) and value > 0),
    "memory-limit": ("a size such as '4G'", lambda value: isinstance(value, str) or _whole(value, 1)),
    "alpha": ("a number between 0 and 1", lambda value: _number(value) and 0 < value < 1),
    "deferred": ("true or false", lambda value: isinstance(value, bool)),
}
_TARGET: Mapping[str, Check] = {
    "target": ("text", lambda value: isinstance(value, str)),
    "args": ("a list", lambda value: isinstance(value, list)),
    "kwargs": ("a table", lambda value: isinstance(value, dict)),
    "input": ("text such as 'module:function'", lambda value: isinstance(value, str)),
    "input-shape": (
        "a list of whole numbers from 1",
        lambda value: isinstance(value, list) and all(_whole(one, 1) for one in value),
    ),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the configuration says of every run."""

    seed: int = 0
    seeds: int = 3
    time_limit: float = 300.0
    memory_limit: str | int = ""
    alpha: float = 1e-6
    deferred: bool = False


def limits(settings: Settings) -> Limits:
    """The limits of the configuration. Raises ConfigError with the file, the key and what is allowed."""
    _check(settings.runtime, _LIMITS, settings, "runtime")
    return Limits(**{key.replace("-", "_"): value for key, value in settings.runtime.items() if key != "targets"})


def configured(settings: Settings) -> list[Target]:
    """The targets of the configuration."""
    entries = settings.runtime.get("targets", [])
    if not entries:
        raise UsageError(
            "no target: name one, as in `initlint runtime net.py:Net`, or list them in the configuration, "
            'as in [[tool.initlint.runtime.targets]] with target = "net.py:Net"'
        )
    return [_entry({"target": entry} if isinstance(entry, str) else entry, settings) for entry in entries]


def _entry(entry: Mapping[str, Any], settings: Settings) -> Target:
    _check(entry, _TARGET, settings, f"runtime.targets ({entry['target']})")
    return parse(
        _from_root(entry["target"], settings.root),
        arguments=json.dumps(entry.get("args", [])),
        keywords=json.dumps(entry.get("kwargs", {})),
        inputs=_from_root(entry.get("input", ""), settings.root),
        input_shape=tuple(entry.get("input-shape", ())),
    )


def _from_root(text: str, root: str) -> str:
    prefix, rest = ("hf:", text[3:]) if text.startswith("hf:") else ("", text)
    if not prefix and "/" not in rest and ".py" not in rest:
        return text
    return prefix + os.path.relpath(os.path.join(root, rest))  # noqa: PTH118 - as the user wrote it


def _check(table: Mapping[str, Any], allowed: Mapping[str, Check], settings: Settings, where: str) -> None:
    origin = settings.origins.get("runtime", "configuration")
    for key, value in table.items():
        if key not in allowed:
            raise ConfigError(f"{origin}: {where}: unknown key '{key}'; allowed are {', '.join(allowed)}")
        wanted, fits = allowed[key]
        if not fits(value):
            raise ConfigError(f"{origin}: {where}: '{key}' must be {wanted}, not {value!r}")
