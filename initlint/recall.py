"""Results of earlier runs: which still stand, and what to keep of this one."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from initlint.analyse import FileResult
from initlint.config import Settings
from initlint.source.cache import FOLDER, Cache, Stored
from initlint.source.files import Files

_WORD = re.compile(r"\w+")


def cache_folder(settings: Settings) -> Path:
    """Where the database lies: beside the configuration, unless told otherwise."""
    return Path(settings.root, settings.cache_dir or FOLDER)


def open_cache(settings: Settings, codes: Iterable[str], stamp: str) -> Cache:
    """The results of runs like this one: the same rules and settings of them, the same code, the same folder."""
    key = json.dumps([sorted(codes), settings.rules, os.getcwd(), stamp], sort_keys=True, default=str)  # noqa: PTH109
    return Cache(cache_folder(settings), blake2b(key.encode(), digest_size=16).hexdigest())


def recall(cache: Cache, files: Files) -> dict[str, FileResult]:
    """The results that still stand: their files are unchanged, and no changed file speaks of what they asked for."""
    stored = cache.load()
    if not stored:
        return {}
    since = _Since(*cache.snapshot(), files)
    return {
        path: FileResult(
            path, one.findings, frozenset(one.dependencies), one.sources, one.asked if one.project else None
        )
        for path, entry in files.entries.items()
        if (one := stored.get(path)) is not None
        and one.digest == entry.digest
        and since.leaves(one)
        and all(path in files.entries and files.entries[path].digest == was for path, was in one.dependencies.items())
    }


def remember(cache: Cache, files: Files, results: Iterable[FileResult], known: Iterable[FileResult] = ()) -> None:
    """Keep the results of this run, and that the `known` ones stand. A crash is not kept: it shall show again."""
    rows = _digests(files)
    project = _key(rows)
    fresh = [_stored(one, files, project) for one in results if not one.traces and files.entries[one.path].digest]
    if not fresh:
        return
    moved = cache.snapshot()[0] != project
    standing = [_stored(one, files, project) for one in known if one.asked is not None] if moved else []
    cache.store([*fresh, *standing])
    if moved:
        cache.keep_snapshot(project, rows)


@dataclass(frozen=True)
class _Since:
    """What has become of the project since the results were found."""

    key: str
    before: Mapping[str, str]
    files: Files

    def leaves(self, one: Stored) -> bool:
        """Whether the answers that the result asked of the whole project are still the same."""
        if not one.project or one.project == self._now:
            return True
        return one.project == self.key and self._same_files and one.asked.isdisjoint(self._changed_words)

    @cached_property
    def _rows(self) -> dict[str, str]:
        return _digests(self.files)

    @cached_property
    def _now(self) -> str:
        return _key(self._rows)

    @cached_property
    def _same_files(self) -> bool:
        """Whether none came or went: then every import still means the same file."""
        return self.before.keys() == self._rows.keys()

    @cached_property
    def _changed_words(self) -> frozenset[str]:
        """What the changed files speak of. Those that have stopped to speak of a name were read for the answer."""
        changed = [path for path, digest in self._rows.items() if self.before.get(path) != digest]
        sources = [self.files.open(path).source for path in changed]
        return frozenset(word for source in sources if source is not None for word in _WORD.findall(source.text))


def _stored(result: FileResult, files: Files, project: str) -> Stored:
    return Stored(
        result.path,
        files.entries[result.path].digest,
        project if result.asked is not None else "",
        {path: files.entries[path].digest for path in result.dependencies if path in files.entries},
        result.sources,
        result.asked or frozenset(),
        result.findings,
    )


def _digests(files: Files) -> dict[str, str]:
    """Every file that can matter, with the digest of its content."""
    return {entry.path: entry.digest for entry in files.relevant()}


def _key(rows: Mapping[str, str]) -> str:
    """A digest over these files, by name and content."""
    text = "\n".join(sorted(f"{path}\0{digest}" for path, digest in rows.items()))
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
