"""What one `initlint runtime` was asked to do: settings, targets, limits."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from initlint.config import Settings, load
from initlint.config_keys import KEYS
from initlint.errors import ConfigError, UsageError
from initlint.runtime.protocol import Request, Target
from initlint.runtime.target import expand, parse
from initlint.selection import selectors

_CODES = ("select", "ignore", "extend_select", "extend_ignore")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_TARGET_KEYS = ("target", "args", "kwargs", "input", "input-shape")
_TABLE_KEYS = ("targets", "seed", "seeds", "time-limit", "memory-limit", "alpha", "deferred")
_LEAST_MEMORY = 2 << 30


@dataclass(frozen=True, slots=True)
class Order:
    """The request to the child, and how to tell what comes back."""

    request: Request
    settings: Settings
    output_format: str = "text"
    output_file: str | None = None
    exit_zero: bool = False
    statistics: bool = False
    color: str = "auto"
    quiet: bool = False
    verbose: bool = False

    @classmethod
    def of(cls, targets: tuple[str, ...], options: Mapping[str, Any]) -> Order:
        """The order that the command line gives, over the configuration."""
        settings = _settings(options)
        table = settings.runtime
        _check_keys(table, _TABLE_KEYS, settings, "runtime")
        listed = _named(targets, options) if targets else configured(settings)
        request = Request(
            targets=tuple(one for target in listed for one in expand(target)),
            seed=int(_given(options["seed"], table.get("seed"), 0)),
            seeds=int(_given(options["seeds"], table.get("seeds"), 3)),
            time_limit=float(_given(options["time_limit"], table.get("time-limit"), 300.0)),
            memory_limit=_size(_given(options["memory_limit"], table.get("memory-limit"), "")),
            alpha=float(_given(options["alpha"], table.get("alpha"), 1e-6)),
            deferred=options["deferred"] or bool(table.get("deferred", False)),
            propagate=not options["no_forward"],
            statistics=not options["no_statistics"],
        )
        own = {name: options[name] for name in ("output_file", "exit_zero", "statistics", "color", "quiet", "verbose")}
        return cls(request, settings, options["output_format"] or settings.output_format, **own)


def of_settings(settings: Settings) -> Request:
    """The request that the configuration alone makes: for `initlint src/ --runtime`."""
    request = without_targets(settings)
    return replace(request, targets=tuple(one for target in configured(settings) for one in expand(target)))


def without_targets(settings: Settings) -> Request:
    """The seeds and limits that the configuration sets, for targets that are found otherwise."""
    _check_keys(settings.runtime, _TABLE_KEYS, settings, "runtime")
    table = settings.runtime
    return Request(
        targets=(),
        seed=int(table.get("seed", 0)),
        seeds=int(table.get("seeds", 3)),
        time_limit=float(table.get("time-limit", 300.0)),
        memory_limit=_size(table.get("memory-limit", "")),
        alpha=float(table.get("alpha", 1e-6)),
        deferred=bool(table.get("deferred", False)),
    )


def configured(settings: Settings) -> list[Target]:
    """The targets of [tool.initlint.runtime]."""
    entries = settings.runtime.get("targets", [])
    if not entries:
        raise UsageError(
            "no target: name one, as in `initlint runtime net.py:Net`, or list them in the configuration, "
            'as in [[tool.initlint.runtime.targets]] with target = "net.py:Net"'
        )
    return [_entry(entry, settings) for entry in entries]


def _entry(entry: Mapping[str, Any], settings: Settings) -> Target:
    _check_keys(entry, _TARGET_KEYS, settings, f"runtime.targets ({entry['target']})")
    text = entry["target"]
    return parse(
        _from_root(text, settings.root),
        arguments=json.dumps(entry.get("args", [])),
        keywords=json.dumps(entry.get("kwargs", {})),
        inputs=str(entry.get("input", "")),
        input_shape=tuple(entry.get("input-shape", ())),
    )


def _from_root(text: str, root: str) -> str:
    prefix, rest = ("hf:", text[3:]) if text.startswith("hf:") else ("", text)
    if not prefix and "/" not in rest and ".py" not in rest:
        return text
    return prefix + os.path.relpath(os.path.join(root, rest))  # noqa: PTH118 - as the user wrote it


def _named(targets: tuple[str, ...], options: Mapping[str, Any]) -> list[Target]:
    given = {
        "arguments": options["arguments"],
        "keywords": options["keywords"],
        "inputs": options["inputs"],
        "input_shape": shape(options["input_shape"]),
    }
    return [parse(target, **given) for target in targets]


def shape(text: str) -> tuple[int, ...]:
    """`32,3,64,64` or `32x3x64x64`."""
    if not text:
        return ()
    parts = re.split(r"[,x\s]+", text.strip("()[] "))
    if not all(part.isdigit() and int(part) for part in parts):
        raise UsageError(f"--input-shape {text!r} is not a list of positive numbers, as in 32,3,64,64")
    return tuple(int(part) for part in parts)


def _settings(options: Mapping[str, Any]) -> Settings:
    settings = load(".", config=options["config"], isolated=options["isolated"])
    values = {name: selectors(options[name]) for name in _CODES if options[name]}
    for name in ("extend_select", "extend_ignore"):
        if name in values and "select" not in values:
            values[name] = getattr(settings, name) + values[name]
    changed: dict[str, Any] = dict(values)
    if options["min_severity"]:
        changed["min_severity"] = KEYS["min-severity"].convert(options["min_severity"])
    return settings.overridden("command line", **changed)


def _check_keys(table: Mapping[str, Any], allowed: tuple[str, ...], settings: Settings, where: str) -> None:
    for key in table:
        if key not in allowed:
            origin = settings.origins.get("runtime", "configuration")
            raise ConfigError(f"{origin}: {where}: unknown key '{key}'; allowed are {', '.join(allowed)}")


def _given(*values: Any) -> Any:
    return next(value for value in values if value is not None)


def _size(text: str | int) -> int:
    if not text:
        return max(_LEAST_MEMORY, physical_memory() // 2)
    match = _SIZE.fullmatch(str(text).strip())
    if match is None:
        raise UsageError(f"--memory-limit {text!r} is no size; write 4G or 500M")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def physical_memory() -> int:
    """Bytes of memory in this machine; a modest guess where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 8 << 30
