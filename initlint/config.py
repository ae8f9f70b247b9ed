"""Settings: one frozen object, read from the nearest configuration file and checked key by key."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from initlint.config_keys import KEYS, Key
from initlint.errors import ConfigError
from initlint.finding import Severity
from initlint.source.discover import DEFAULT_EXCLUDE, Filters

FILE_NAMES = (".initlint.toml", "initlint.toml", "pyproject.toml")  # the first that is there wins


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run depends on. `origins` says where each value that is not the default comes from."""

    select: tuple[str, ...] = ("ALL",)
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    extend_ignore: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    respect_gitignore: bool = True
    min_severity: Severity = Severity.WARNING
    fix: bool = False
    unsafe_fixes: bool = False
    output_format: str = "text"
    jobs: int | None = None
    cache: bool = True
    cache_dir: str | None = None
    baseline: str | None = None
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    runtime: Mapping[str, Any] = field(default_factory=dict)
    root: str = "."  # the folder of the configuration file: its paths and globs count from here
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def filters(self) -> Filters:
        """What discovery leaves out."""
        return Filters(
            self.exclude + self.extend_exclude,
            root=self.root,
            gitignore=self.respect_gitignore,
            force=self.force_exclude,
        )

    def overridden(self, origin: str, **values: Any) -> Settings:
        """These settings with some values replaced; `origin` says by whom.

        A new `select` starts the choice of rules afresh, as in ruff: what a file ignored no longer counts.
        """
        fresh: dict[str, Any] = {}
        if "select" in values:
            fresh = {"ignore": (), "extend_select": (), "extend_ignore": ()}
        origins = dict(self.origins) | dict.fromkeys(values, origin)
        return replace(self, **{**fresh, **values, "origins": origins})


def load(start: str, *, config: tuple[str, ...] = (), isolated: bool = False) -> Settings:
    """The settings for files under `start`. `config` holds files, or `KEY = VALUE` lines that overrule them."""
    files = [one for one in config if not _is_assignment(one)]
    if len(files) > 1:
        raise ConfigError(f"--config: only one file can be given, not {len(files)}: {', '.join(files)}")
    here = Settings(root=os.getcwd())  # noqa: PTH109
    if files:
        settings = _from_file(Path(files[0]), named=True) or here
    elif isolated:
        settings = here
    else:
        settings = next(filter(None, map(_from_file, _candidates(start))), here)
    for line in config:
        if _is_assignment(line):
            settings = settings.overridden("--config", **_checked(_parse(line, "--config"), "--config"))
    return settings


def _is_assignment(text: str) -> bool:
    return "=" in text and not Path(text).exists()


def _candidates(start: str) -> list[Path]:
    folder = Path(start).absolute()
    if not folder.is_dir():
        folder = folder.parent
    return [one / name for one in (folder, *folder.parents) for name in FILE_NAMES]


def _from_file(path: Path, *, named: bool = False) -> Settings | None:
    """The settings of one file; None where it is not there, or a pyproject.toml that does not speak of initlint."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if named:
            raise ConfigError(f"{path}: no such configuration file") from None
        return None
    except (OSError, UnicodeDecodeError) as error:
        if not named and isinstance(error, NotADirectoryError | IsADirectoryError | PermissionError):
            return None
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    if path.name == "pyproject.toml" and not named and "initlint" not in text:
        return None  # spares parsing every pyproject.toml on the way up
    table: Any = _parse(text, str(path))
    if path.name == "pyproject.toml":
        table = table.get("tool", {}).get("initlint")
        if table is None:
            return Settings(root=str(path.parent.absolute())) if named else None
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: tool.initlint must be a table")
    values = _checked(table, str(path))
    return Settings(root=str(path.parent.absolute())).overridden(str(path), **values)


def _parse(text: str, origin: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib  # only where there is something to parse
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{origin}: not valid TOML: {error}") from None


def _checked(table: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """The table's values as Settings wants them. Raises ConfigError for the first unknown or of a wrong type."""
    values: dict[str, Any] = {}
    for name, value in table.items():
        key = KEYS.get(name)
        if key is None:
            raise ConfigError(f"{origin}: unknown key '{name}'{_suggestion(name)}")
        values[name.replace("-", "_")] = _value(key, value, origin)
    return values


def _value(key: Key, value: object, origin: str) -> Any:
    converted = key.convert(value)
    if converted is None:
        raise ConfigError(f"{origin}: '{key.name}' must be {key.expected}, not {value!r}")
    return converted


def _suggestion(name: str) -> str:
    from difflib import get_close_matches  # only on the way to an error

    close = get_close_matches(name.replace("_", "-"), KEYS, 1)
    return f"; did you mean '{close[0]}'?" if close else f"; allowed are {', '.join(KEYS)}"
