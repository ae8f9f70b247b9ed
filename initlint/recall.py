"""Results of earlier runs: which still stand, and what to keep of this one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from initlint.analyse import FileResult
from initlint.config import Settings
from initlint.source.cache import FOLDER, Cache, Stored
from initlint.source.files import Files


def cache_folder(settings: Settings) -> Path:
    """Where the database lies: beside the configuration, unless told otherwise."""
    return Path(settings.root, settings.cache_dir or FOLDER)


def open_cache(settings: Settings, codes: Iterable[str], stamp: str) -> Cache:
    """The results of runs like this one: the same rules and settings of them, the same code, the same folder."""
    key = json.dumps([sorted(codes), settings.rules, os.getcwd(), stamp], sort_keys=True, default=str)  # noqa: PTH109
    return Cache(cache_folder(settings), blake2b(key.encode(), digest_size=16).hexdigest())


def recall(cache: Cache, files: Files) -> dict[str, FileResult]:
    """The results that still stand: file, dependencies and what else of the project they rest on are unchanged."""
    stored = cache.load()
    if not stored:
        return {}
    project = _project_key(files)
    return {
        path: FileResult(path, one.findings, frozenset(one.dependencies), one.project)
        for path, entry in files.entries.items()
        if (one := stored.get(path)) is not None
        and one.digest == entry.digest
        and one.project in ("", project)
        and all(path in files.entries and files.entries[path].digest == was for path, was in one.dependencies.items())
    }


def remember(cache: Cache, files: Files, results: Iterable[FileResult]) -> None:
    """Keep the results of this run. A crash is not kept: the next run shall show it again."""
    project = _project_key(files)
    cache.store(
        Stored(
            result.path,
            files.entries[result.path].digest,
            project if result.project_key is None else result.project_key,
            {path: files.entries[path].digest for path in result.dependencies if path in files.entries},
            result.findings,
        )
        for result in results
        if not result.traces and files.entries[result.path].digest
    )


def _project_key(files: Files) -> str:
    """A digest over every file that can matter, by name and content."""
    rows = sorted(f"{entry.path}\0{entry.digest}" for entry in files.relevant())
    return blake2b("\n".join(rows).encode(errors="surrogatepass"), digest_size=16).hexdigest()
