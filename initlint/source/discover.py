"""From the paths a user names to the files to lint."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from initlint.errors import UsageError
from initlint.source.gitignore import MARKS, IgnoreLevel, level_of, levels_above

SUFFIXES = (".py", ".ipynb")
DEFAULT_EXCLUDE = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".initlint_cache",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pypackages__",
    "_build",
    "buck-out",
    "build",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)


@dataclass(frozen=True)
class Filters:
    """What is left out of a walk. Patterns are names, or globs on the path from `root`."""

    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    root: str = "."
    gitignore: bool = True
    force: bool = False  # excludes hold for files named on the command line too

    def excludes(self, name: str, path: str) -> bool:
        """Whether a file or folder called `name` at the absolute `path` is left out."""
        if name in self.exclude:
            return True
        if not self._globs:
            return False
        relative = os.path.relpath(path, self.root).replace(os.sep, "/")
        return any(fnmatchcase(relative, glob) or fnmatchcase(name, glob) for glob in self._globs)

    @cached_property
    def _globs(self) -> tuple[str, ...]:
        return tuple(
            pattern.removeprefix("./").rstrip("/") for pattern in self.exclude if any(c in pattern for c in "*?[/")
        )


def discover(paths: Sequence[str], filters: Filters) -> list[str]:
    """The files to lint, each once, sorted, as a user would type them. Raises UsageError for a path that is not there.

    A file that is named is linted whatever it is called and whatever is excluded, unless excludes are forced.
    Links to folders are not followed inside a walk, so no loop of links can trap it.
    """
    found: dict[str, str] = {}
    for path in paths:
        absolute = os.path.abspath(path)  # noqa: PTH100 - `resolve` would follow links
        if os.path.isdir(absolute):  # noqa: PTH112
            above = levels_above(absolute) if filters.gitignore else None
            files: Iterable[str] = _walk(absolute, above, filters)
        elif os.path.lexists(absolute):
            files = [] if is_force_excluded(absolute, filters) else [absolute]
        else:
            raise UsageError(f"no such file or folder: {path}")
        for file in files:
            found.setdefault(_identity(file), file)
    return sorted(map(shown, found.values()))


def shown(absolute: str) -> str:
    """The path relative to the current folder, where it lies inside; else the absolute path."""
    here = os.getcwd()  # noqa: PTH109
    inside = absolute.startswith(here.rstrip(os.sep) + os.sep)
    return os.path.relpath(absolute, here) if inside else absolute


def _walk(folder: str, above: IgnoreLevel | None, filters: Filters) -> Iterator[str]:
    pending = [(folder, above)]
    while pending:
        current, level = pending.pop()
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError:
            continue  # a folder that may not be read holds nothing for us, as for git
        if filters.gitignore and any(entry.name in MARKS for entry in entries):
            level = level_of(current, level)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if not _left_out(entry, level, filters, is_folder=True):
                    pending.append((entry.path, level))
            elif _is_source(entry) and not _left_out(entry, level, filters, is_folder=False):
                yield entry.path


def _is_source(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.name.endswith(SUFFIXES) and entry.is_file()
    except OSError:  # a loop of links
        return False


def _left_out(entry: os.DirEntry[str], level: IgnoreLevel | None, filters: Filters, *, is_folder: bool) -> bool:
    if filters.excludes(entry.name, entry.path):
        return True
    return level is not None and level.ignores(entry.path, is_folder=is_folder)


def is_force_excluded(absolute: str, filters: Filters) -> bool:
    """Whether excludes are forced, and the file, or a folder between it and the root, is excluded."""
    if not filters.force:
        return False
    root = Path(filters.root).absolute()
    path = Path(absolute).absolute()
    inside = [one for one in [path, *path.parents] if one.is_relative_to(root) and one != root]
    return any(filters.excludes(one.name, str(one)) for one in inside or [path])


def _identity(file: str) -> str:
    """Two links to one file are one file."""
    return os.path.realpath(file) if os.path.islink(file) else file  # noqa: PTH114
