"""The cache: by content, never in the way."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from initlint.config import Settings
from initlint.finding import Applicability, Confidence, Edit, Evidence, Finding, Fix, Severity, Span
from initlint.source.cache import FOLDER, Cache, Stored, statistics
from initlint.source.database import FILE, destroy
from initlint.source.record import decode, encode
from tests.line_rules import lint, put, told

CACHED = Settings(jobs=1)
FINDING = Finding(
    "INI901",
    "bad-word",
    Severity.ERROR,
    "a \u00e9\n.py",
    Span(1, 2, 3, 4),
    "message\x1b",
    "help",
    "Net.fc",
    Confidence.LOW,
    Evidence.BOTH,
    7,
    Fix(Applicability.UNSAFE, "mend", (Edit(Span(1, 1, 1, 1), "x", 2), Edit(Span(2, 1, 2, 1), "y"))),
)


def stored(path: str = "a.py", *findings: Finding) -> Stored:
    return Stored(path, "digest", "project", {"b.py": "other"}, frozenset({"b.py"}), frozenset({"init"}), findings)


def test_a_finding_comes_back_as_it_was() -> None:
    """Every field, with a fix and without."""
    bare = Finding("INI901", "bad-word", Severity.INFO, "a.py", Span(1, 1, 1, 1), "m")

    assert [FINDING, bare] == [decode(encode(FINDING)), decode(encode(bare))]


def test_results_are_kept_by_settings_and_path(tmp_path: Path) -> None:
    """A later result takes the place of an earlier; other settings see nothing."""
    Cache(tmp_path / "c", "one").store([stored(), stored("b.py")])
    Cache(tmp_path / "c", "one").store([stored("a.py", FINDING)])

    assert {"a.py": stored("a.py", FINDING), "b.py": stored("b.py")} == Cache(tmp_path / "c", "one").load()
    assert {} == Cache(tmp_path / "c", "two").load()
    assert 2 == statistics(tmp_path / "c")[0]


def test_the_folder_keeps_itself_out_of_git(tmp_path: Path) -> None:
    """And goes when the cache does."""
    Cache(tmp_path / "c", "one").store([stored()])

    assert "*\n" == (tmp_path / "c" / ".gitignore").read_text(encoding="utf-8")
    destroy(tmp_path / "c")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("data", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_corrupt_database_is_rebuilt(tmp_path: Path, data: bytes) -> None:
    """Without a word."""
    (tmp_path / FILE).write_bytes(data)
    cache = Cache(tmp_path, "one")

    assert {} == cache.load()
    cache.store([stored()])
    assert {"a.py": stored()} == cache.load()


@pytest.mark.parametrize("table", ["results (settings)", "other (x)"])
def test_a_foreign_database_is_rebuilt(tmp_path: Path, table: str) -> None:
    """Even if a table is called like ours."""
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute(f"CREATE TABLE {table}")
    database.close()
    cache = Cache(tmp_path, "one")
    cache.store([stored()])

    assert {"a.py": stored()} == cache.load()


def test_rows_that_make_no_sense_are_thrown_away(tmp_path: Path) -> None:
    """A database of ours with something else in it is an empty one."""
    cache = Cache(tmp_path, "one")
    cache.store([stored("a.py", FINDING)])
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("UPDATE results SET findings = '[[1]]'")
    database.close()

    assert {} == cache.load()


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    """A file stands in its place."""
    (tmp_path / "c").write_text("", encoding="utf-8")
    Cache(tmp_path / "c", "one").store([stored()])

    assert {} == Cache(tmp_path / "c", "one").load()


def test_a_read_only_folder_is_no_error(tmp_path: Path) -> None:
    """Nothing is kept; for the super-user, who may write everywhere, it is."""
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    Cache(tmp_path / "c", "one").store([stored()])
    tmp_path.chmod(stat.S_IRWXU)

    assert Cache(tmp_path / "c", "one").load() in ({}, {"a.py": stored()})


def test_a_busy_database_is_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run that holds the lock for long makes this one slower, not wrong."""
    monkeypatch.setattr("initlint.source.database._BUSY_SECONDS", 0.01)
    cache = Cache(tmp_path, "one")
    cache.store([stored()])
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    cache.store([stored("b.py")])
    other.execute("ROLLBACK")
    other.close()

    assert {"a.py": stored()} == cache.load()


def test_many_runs_at_once_keep_everything(tmp_path: Path) -> None:
    """Several processes write into one new database."""
    code = (
        "import sys; from pathlib import Path; from initlint.source.cache import Cache, Stored\n"
        "for n in range(20):\n"
        "    one = Stored(sys.argv[2] + str(n), 'd', '', {}, frozenset(), frozenset(), ())\n"
        "    Cache(Path(sys.argv[1]), 'one').store([one])\n"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "c"), name]) for name in "abcd"]

    assert [0] * 4 == [one.wait() for one in started]
    assert 80 == statistics(tmp_path / "c")[0]


@pytest.fixture
def checked(line_rules: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were really checked, in the last run."""
    paths: list[str] = []
    from initlint.analyse import Analyser, FileResult

    check = Analyser.check

    def noted(self: Analyser, path: str) -> FileResult:
        paths.append(path)
        return check(self, path)

    monkeypatch.setattr(Analyser, "check", noted)
    return paths


def again(checked: list[str], settings: Settings = CACHED) -> list[str]:
    """Lint the current folder; the files that were checked for it."""
    checked.clear()
    lint(settings)
    return sorted(checked)


def test_a_second_run_checks_nothing(here: Path, checked: list[str]) -> None:
    """The findings are the same, settled anew."""
    put(here, a="import torch\nbad = 1\n", b="x = 1\n", c="def f(:\n")
    first = told(lint(CACHED))

    assert [] == again(checked)
    assert first == told(lint(CACHED))


def test_a_changed_file_is_checked_again(here: Path, checked: list[str]) -> None:
    """By content: touching a file changes nothing."""
    put(here, a="import torch\nbad = 1\n", b="x = 1\n")
    lint(CACHED)
    (here / "a.py").touch()

    assert [] == again(checked)
    put(here, b="x = 2\n")
    assert ["b.py"] == again(checked)


def test_a_file_that_was_not_asked_for_does_not_count(here: Path, checked: list[str]) -> None:
    """Only the one that changed is checked again; what rests on others is told in test_recall.py."""
    put(here, a="import torch\n", b="import torch\n", c="x = 1\n")
    lint(CACHED)
    put(here, b="import torch.nn\n")

    assert ["b.py"] == again(checked)


def test_settings_count_only_where_they_change_findings(here: Path, checked: list[str]) -> None:
    """Severity, suppressions and formats are settled after the cache; the rules that ran are part of the key."""
    put(here, a="import torch\nbad = hint = 1\n")
    lint(CACHED)

    assert [] == again(checked, CACHED.overridden("test", per_file_ignores=(("a.py", ("INI901",)),)))
    assert ["a.py"] == again(checked, CACHED.overridden("test", ignore=("INI902",)))


def test_a_crash_is_not_kept(here: Path, checked: list[str]) -> None:
    """The next run shows it again, with its traceback."""
    put(here, a="import torch\nboom = 1\n")
    lint(CACHED)

    assert ["a.py"] == again(checked)


def test_the_cache_lies_beside_the_configuration(here: Path, line_rules: None) -> None:
    """Or where it is told to."""
    put(here, a="x = 1\n")
    lint(CACHED)
    lint(CACHED.overridden("test", cache_dir=str(here / "elsewhere")))

    assert {FOLDER, "elsewhere", "a.py"} == {one.name for one in here.iterdir()}
