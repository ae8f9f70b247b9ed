"""What git ignores: every .gitignore from the repository's root down to a folder, the nearest deciding first."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec.pattern import RegexPattern

_NAMES = (".git/info/exclude", ".gitignore", ".ignore")  # the later overrule the earlier
MARKS = frozenset({".git", ".gitignore", ".ignore"})  # a folder without any of these adds nothing
_FOLDER_MARK = "ps_d"  # pathspec's group for the slash after a folder that a pattern names


@dataclass(frozen=True, slots=True)
class IgnoreLevel:
    """The patterns of one folder, and those of the folders above it."""

    folder: str
    patterns: tuple[RegexPattern, ...]  # the last first: it decides
    above: IgnoreLevel | None = None

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Whether the nearest folder that says anything about the absolute `path` says to ignore it."""
        relative = path[len(self.folder.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
        for pattern in self.patterns:
            if _names(pattern, relative, is_folder=is_folder):
                return bool(pattern.include)
        return self.above is not None and self.above.ignores(path, is_folder=is_folder)


def _names(pattern: RegexPattern, relative: str, *, is_folder: bool) -> bool:
    """Whether a pattern means this very file or folder, as git asks on its way down.

    pathspec asks about files alone: there a folder's pattern means all below it too, and yields to those for files,
    so that `!*/` after `*` opens no folder.
    """
    found = pattern.match_file(relative)
    if found is not None and _FOLDER_MARK not in _marks(found.match):
        return True
    if not is_folder or pattern.regex is None:
        return False
    matches = pattern.regex.finditer(f"{relative}/")  # without a mark it is `a/**`: what lies in a, not a itself
    return any(_marks(one).get(_FOLDER_MARK) == len(relative) for one in matches)


def _marks(match: re.Match[str]) -> dict[str, int]:
    return {name: match.start(name) for name, text in match.groupdict().items() if text is not None}


def levels_above(folder: str) -> IgnoreLevel | None:
    """The patterns that hold in `folder` (absolute), by the folders above it up to the root of its repository.

    A folder that is itself ignored but was named all the same is read as if nothing above ignored anything.
    """
    chain = _up_to_repository(Path(folder))
    level: IgnoreLevel | None = None
    for one in chain:
        if one == Path(folder):
            break
        level = level_of(str(one), level)
    if level is not None and level.ignores(folder, is_folder=True):
        return None
    return level


def level_of(folder: str, above: IgnoreLevel | None) -> IgnoreLevel | None:
    """`above` with the patterns that stand in `folder` itself."""
    lines = [line for name in _NAMES for line in _read(Path(folder, name))]
    if not any(line.strip() and not line.startswith("#") for line in lines):
        return above
    from pathspec import GitIgnoreSpec  # costs as much as click: only where there is a file to read

    patterns = [one for one in GitIgnoreSpec.from_lines(lines).patterns if one.include is not None]
    return IgnoreLevel(folder, tuple(reversed(patterns)), above)


def _up_to_repository(folder: Path) -> list[Path]:
    """The folders from the repository's root to `folder`; `folder` alone outside of any."""
    chain = [folder, *folder.parents]
    for depth, one in enumerate(chain):
        if (one / ".git").exists():
            return chain[: depth + 1][::-1]
    return [folder]


def _read(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
