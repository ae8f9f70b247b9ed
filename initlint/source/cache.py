"""What was found before, by content, in one embedded database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from initlint.finding import Finding
from initlint.source.database import FILE, destroy, transact
from initlint.source.record import decode, encode

FOLDER = ".initlint_cache"
_LOAD = "SELECT path, digest, project, dependencies, sources, asked, findings FROM results WHERE settings = ?"
_STORE = "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Stored:
    """A file's raw findings, and what must still hold for them to stand.

    `dependencies` are the digests of the files that were consulted, `sources` those of them that its models are made
    of, `asked` the names that were looked for in all
    files of the project as it was then, which `project` is the key of; it is empty where nothing else was read.
    """

    path: str
    digest: str
    project: str
    dependencies: Mapping[str, str]
    sources: frozenset[str]
    asked: frozenset[str]
    findings: tuple[Finding, ...]


class Cache:
    """The database of one project. Everything here is best effort: a cache that cannot be used is an empty one."""

    def __init__(self, folder: Path, settings: str) -> None:
        self._folder = folder
        self._settings = settings

    def load(self) -> dict[str, Stored]:
        """Every stored result under the run's settings."""
        rows = transact(self._folder, lambda database: database.execute(_LOAD, (self._settings,)).fetchall())
        try:
            return {row[0]: _stored(row) for row in rows or ()}
        except (ValueError, TypeError, KeyError):  # our database, but not our rows
            destroy(self._folder)
            return {}

    def store(self, results: Iterable[Stored]) -> None:
        """Keep the results, in the place of older ones."""
        rows = [
            (
                self._settings,
                one.path,
                one.digest,
                one.project,
                json.dumps(dict(one.dependencies)) if one.dependencies else "",
                json.dumps(sorted(one.sources)) if one.sources else "",
                " ".join(sorted(one.asked)),
                json.dumps([encode(finding) for finding in one.findings]) if one.findings else "",
            )
            for one in results
            if one.path.isprintable()  # a name that is no text cannot be kept as text
        ]
        if rows:
            transact(self._folder, lambda database: database.executemany(_STORE, rows), create=True)

    def snapshot(self) -> tuple[str, dict[str, str]]:
        """The key and the files, with their digests, of the project as the last run left it."""
        text = recollect(self._folder, f"project {self._settings}")
        try:
            key, rows = json.loads(text) if text else ("", {})
        except ValueError:
            return "", {}
        return key, rows

    def keep_snapshot(self, key: str, rows: Mapping[str, str]) -> None:
        """Keep what `snapshot` gives, in the place of an older one."""
        retain(self._folder, f"project {self._settings}", json.dumps([key, dict(rows)]))


def recollect(folder: Path, key: str) -> str | None:
    """What was retained under the key."""
    query = "SELECT value FROM known WHERE key = ?"
    rows = transact(folder, lambda database: database.execute(query, (key,)).fetchall())
    return str(rows[0][0]) if rows else None


def retain(folder: Path, key: str, value: str) -> None:
    """Keep a text under a key: what is slow to find out and easy to tell when it changes."""
    query = "INSERT OR REPLACE INTO known VALUES (?, ?)"
    transact(folder, lambda database: database.execute(query, (key, value)), create=True)


def statistics(folder: Path) -> tuple[int, int]:
    """(results kept, bytes on the disk)."""
    rows = transact(folder, lambda database: database.execute("SELECT count(*) FROM results").fetchall())
    return (rows[0][0] if rows else 0), sum(file.stat().st_size for file in folder.glob(f"{FILE}*"))


def _stored(row: tuple[str, str, str, str, str, str, str]) -> Stored:
    path, digest, project, dependencies, sources, asked, findings = row
    return Stored(
        path,
        digest,
        project,
        json.loads(dependencies) if dependencies else {},
        frozenset(json.loads(sources)) if sources else frozenset(),
        frozenset(asked.split()),
        tuple(map(decode, json.loads(findings))) if findings else (),
    )
