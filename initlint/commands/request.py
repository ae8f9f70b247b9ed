"""What one `initlint lint` was asked to do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from initlint.config import Settings, load
from initlint.config_keys import KEYS
from initlint.errors import UsageError
from initlint.selection import selectors

_CODES = ("select", "ignore", "extend_select", "extend_ignore")
_COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Request:
    """The settings in force, and what only the command line can ask for."""

    paths: tuple[str, ...]
    settings: Settings
    diff: bool = False
    verify: bool = False
    live: bool = False  # build the configured models as well
    output_file: str | None = None
    exit_zero: bool = False
    exit_non_zero_on_fix: bool = False
    statistics: bool = False
    show_files: bool = False
    stdin_filename: str | None = None
    write_baseline: str | None = None
    add_ignores: bool = False
    color: str = "auto"
    quiet: bool = False
    verbose: bool = False
    debug: bool = False

    @classmethod
    def of(cls, paths: tuple[str, ...], options: Mapping[str, Any], *, debug: bool) -> Request:
        """The request that the options of the command line make, over the configuration files."""
        paths = paths or (".",)
        if "-" in paths and len(paths) > 1:
            raise UsageError("`-` (standard input) cannot be linted together with other paths")
        start = start_of(paths, options["stdin_filename"])
        settings = load(start, config=options["config"], isolated=options["isolated"])
        own = {name: value for name, value in options.items() if name in cls.__slots__}
        settings = settings.overridden(_COMMAND_LINE, **_overrides(options, settings))
        if options["statistics"] and settings.output_format not in ("text", "concise"):
            raise UsageError(
                f"--statistics is a table for people: it needs --output-format text, not {settings.output_format}"
            )
        if options["verify"] and not (settings.fix or options["diff"]):
            raise UsageError("--verify proves fixes: it needs --fix or --diff")
        if options["live"] and (paths == ("-",) or options["diff"]):
            other = "--diff" if options["diff"] else "standard input"
            raise UsageError(f"--runtime builds the models as they are on the disk: it cannot be used with {other}")
        return cls(paths, settings, **own, debug=debug)

    @property
    def from_stdin(self) -> bool:
        """Whether the text comes from standard input."""
        return self.paths == ("-",)


def start_of(paths: tuple[str, ...], stdin_filename: str | None) -> str:
    """The folder from which configuration files are looked for, upwards: the innermost that holds all paths."""
    if paths == ("-",):
        paths = (stdin_filename or ".",)
    absolute = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - links are not followed
    try:
        return os.path.commonpath(absolute)
    except ValueError:  # on Windows: paths on different drives
        return absolute[0]


def _overrides(options: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    values = {
        name: value
        for name, value in options.items()
        if name.replace("_", "-") in KEYS and value is not None and value != ()
    }
    for name in _CODES:
        if name in values:
            values[name] = selectors(values[name])
    for name in ("extend_select", "extend_ignore"):
        if name in values and "select" not in values:
            values[name] = getattr(settings, name) + values[name]
    for name in ("exclude", "extend_exclude"):
        if name in values:
            globs = (glob.strip() for one in values[name] for glob in one.split(","))
            values[name] = tuple(_from_root(glob, settings.root) for glob in globs if glob)
    if "extend_exclude" in values:
        values["extend_exclude"] = settings.extend_exclude + values["extend_exclude"]
    if "per_file_ignores" in values:
        values["per_file_ignores"] = tuple(_glob_and_codes(one, settings.root) for one in values["per_file_ignores"])
    if "min_severity" in values:
        values["min_severity"] = KEYS["min-severity"].convert(values["min_severity"])
    for name in ("baseline", "cache_dir"):  # on the command line a path counts from the current folder
        if name in values:
            values[name] = os.path.abspath(values[name])  # noqa: PTH100
    if options["no_cache"]:
        values["cache"] = False
    return values


def _from_root(glob: str, root: str) -> str:
    """A glob as typed, which counts from the current folder, as the settings hold it: from theirs. Names stay."""
    if "/" not in glob.rstrip("/") or glob.startswith("*"):
        return glob
    return os.path.relpath(os.path.abspath(glob), root).replace(os.sep, "/")  # noqa: PTH100


def _glob_and_codes(text: str, root: str) -> tuple[str, tuple[str, ...]]:
    glob, colon, codes = text.rpartition(":")
    if not colon or not glob:
        raise UsageError(f"--per-file-ignores: expected GLOB:CODES, as 'tests/*:INI101,INI2', not {text!r}")
    return _from_root(glob, root), selectors([codes])
