"""The cache's file: an sqlite database that is never a reason for a run to fail."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

FILE = "findings.sqlite"
_OURS = 0x14171171  # the application's id in the header: any other file is foreign
_BUSY_SECONDS = 5.0
_SCHEMA = f"""
    PRAGMA journal_mode = WAL;
    PRAGMA application_id = {_OURS};
    CREATE TABLE IF NOT EXISTS results (
        settings TEXT, path TEXT, digest TEXT, project TEXT, dependencies TEXT, sources TEXT, asked TEXT, findings TEXT,
        PRIMARY KEY (settings, path)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS known (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""


def transact(folder: Path, work: Callable[[sqlite3.Connection], T], *, create: bool = False) -> T | None:
    """What `work` gives, in one transaction; None where the database is absent, busy for long, or cannot be used.

    A file that is corrupt or not ours is removed, and made again when `create` asks for it.
    """
    import sqlite3  # a run without a cache does not need it

    for _ in range(2):  # the second time in the place of a file that was thrown away
        if not (folder / FILE).exists() and not (create and _make(folder)):
            return None
        try:
            with closing(sqlite3.connect(folder / FILE, timeout=_BUSY_SECONDS)) as database, database:
                if create:
                    _ensure(database)
                if database.execute("PRAGMA application_id").fetchone() == (_OURS,):
                    return work(database)
        except sqlite3.OperationalError as error:  # busy, read-only, no space; but a missing table is not our file
            if "no such" not in str(error) and "has no column" not in str(error):
                return None
        except sqlite3.DatabaseError:
            pass
        destroy(folder)
    return None


def destroy(folder: Path) -> None:
    """Remove the database; the folder too, where nothing else is in it."""
    with suppress(OSError):
        for file in folder.glob(f"{FILE}*"):
            file.unlink()
    with suppress(OSError):
        if {one.name for one in folder.iterdir()} <= {".gitignore"}:
            (folder / ".gitignore").unlink(missing_ok=True)
            folder.rmdir()


def _ensure(database: sqlite3.Connection) -> None:
    """Give a new file its tables. A foreign one is left as it is, to be told by its id."""
    if database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
        database.executescript(_SCHEMA)


def _make(folder: Path) -> bool:
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
        return True
    return False
