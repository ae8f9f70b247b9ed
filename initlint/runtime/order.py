"""What one `initlint runtime` was asked to do: settings, targets, limits."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from initlint.config import Settings, load
from initlint.config_keys import KEYS
from initlint.errors import UsageError
from initlint.runtime.order_table import configured, limits
from initlint.runtime.protocol import Request, Target
from initlint.runtime.target import expand, parse
from initlint.selection import selectors

_CODES = ("select", "ignore", "extend_select", "extend_ignore")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
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
        table = limits(settings)
        listed = _named(targets, options) if targets else configured(settings)
        request = Request(
            targets=tuple(one for target in listed for one in expand(target)),
            seed=_given(options["seed"], table.seed),
            seeds=_given(options["seeds"], table.seeds),
            time_limit=float(_given(options["time_limit"], table.time_limit)),
            memory_limit=_size(_given(options["memory_limit"], table.memory_limit)),
            alpha=float(_given(options["alpha"], table.alpha)),
            deferred=options["deferred"] or table.deferred,
            root=settings.root,
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
    table = limits(settings)
    return Request(
        targets=(),
        seed=table.seed,
        seeds=table.seeds,
        time_limit=float(table.time_limit),
        memory_limit=_size(table.memory_limit),
        alpha=float(table.alpha),
        deferred=table.deferred,
        root=settings.root,
    )


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
