"""Configuration files: found, read, and checked key by key."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.config import Settings, load
from initlint.errors import ConfigError
from initlint.finding import Severity


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_without_a_file_the_defaults_hold(here: Path) -> None:
    """And paths count from the current folder."""
    assert Settings(root=str(here)) == load(".")


def test_the_nearest_file_is_read(here: Path) -> None:
    """A pyproject.toml that does not speak of initlint is passed by; paths count from the file's folder."""
    write(here / "pyproject.toml", "[tool.initlint]\nignore = ['INI101']\n")
    write(here / "a" / "pyproject.toml", "[project]\nname = 'initlint-user'\n")
    write(here / "a" / "b" / "net.py", "")
    settings = load("a/b/net.py")

    assert (("INI101",), str(here)) == (settings.ignore, settings.root)
    assert str(here / "pyproject.toml") == settings.origins["ignore"]


def test_own_files_come_before_pyproject(here: Path) -> None:
    """`.initlint.toml`, `initlint.toml`, `pyproject.toml`: the first that is there."""
    for number, name in enumerate(["pyproject.toml", "initlint.toml", ".initlint.toml"], start=1):
        table = "[tool.initlint]\n" if name == "pyproject.toml" else ""
        write(here / name, f"{table}jobs = {number}\n")

        assert number == load(".").jobs


def test_every_key_is_read(here: Path) -> None:
    """With its type."""
    write(
        here / "initlint.toml",
        """
        select = ["INI1"]
        ignore = []
        extend-select = ["INI2"]
        extend-ignore = ["INI3"]
        exclude = ["gen"]
        extend-exclude = ["a*"]
        force-exclude = true
        respect-gitignore = false
        min-severity = "info"
        fix = true
        unsafe-fixes = true
        output-format = "json"
        jobs = 2
        cache = false
        cache-dir = "c"
        baseline = "b.json"
        [per-file-ignores]
        "tests/*" = ["INI1", "INI2"]
        [rules.INI305]
        ratio = 4.0
        [runtime]
        seeds = 3
        [[runtime.targets]]
        target = "net:Net"
        kwargs = { width = 4 }
        """,
    )
    settings = load(".")

    assert settings.min_severity is Severity.INFO
    assert (("tests/*", ("INI1", "INI2")),) == settings.per_file_ignores
    assert {"INI305": {"ratio": 4.0}} == settings.rules
    assert {"target": "net:Net", "kwargs": {"width": 4}} == settings.runtime["targets"][0]
    assert (True, False, "c", 2) == (settings.fix, settings.cache, settings.cache_dir, settings.jobs)
    assert ("gen", "a*") == settings.filters.exclude


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("selct = []", "unknown key 'selct'; did you mean 'select'?"),
        ("min_severity = 'info'", "unknown key 'min_severity'; did you mean 'min-severity'?"),
        ("zzz = 1", "unknown key 'zzz'; allowed are select, ignore"),
        ("select = 'INI1'", "'select' must be a list of rule codes, prefixes or names, not 'INI1'"),
        ("select = [1]", "'select' must be a list of rule codes"),
        ("min-severity = 'loud'", "'min-severity' must be one of 'error', 'warning', 'info', not 'loud'"),
        ("output-format = 'xml'", "'output-format' must be one of 'text', 'concise'"),
        ("jobs = 0", "'jobs' must be a whole number from 1, not 0"),
        ("jobs = true", "'jobs' must be a whole number"),
        ("fix = 1", "'fix' must be true or false, not 1"),
        ("cache-dir = 1", "'cache-dir' must be a path"),
        ("per-file-ignores = ['a']", "'per-file-ignores' must be a table from globs"),
        ("per-file-ignores = {a = 'INI1'}", "'per-file-ignores' must be a table from globs"),
        ("rules = {INI1 = 2}", "'rules' must be a table of tables"),
        ("runtime = 1", "'runtime' must be a table"),
        ("runtime = {targets = [3]}", "'runtime' must be a table whose `targets`"),
        ("select = [", "not valid TOML"),
        ("a = 1\na = 2", "not valid TOML"),
    ],
)
def test_a_mistake_names_file_key_and_what_is_allowed(here: Path, text: str, message: str) -> None:
    """In one sentence."""
    write(here / "initlint.toml", text)
    with pytest.raises(ConfigError) as raised:
        load(".")

    assert str(raised.value).startswith(f"{here / 'initlint.toml'}: {message}")


def test_a_table_that_is_none_is_an_error(here: Path) -> None:
    """In pyproject.toml."""
    write(here / "pyproject.toml", "tool.initlint = 1\n")

    with pytest.raises(ConfigError, match=r"tool\.initlint must be a table"):
        load(".")


def test_a_file_can_be_named(here: Path) -> None:
    """It is read in the place of what would be found, whatever it is called."""
    write(here / "initlint.toml", "jobs = 1")
    write(here / "ci" / "strict.toml", "jobs = 2")

    assert (2, str(here / "ci")) == ((one := load(".", config=("ci/strict.toml",))).jobs, one.root)
    with pytest.raises(ConfigError, match=r"gone\.toml: no such configuration file"):
        load(".", config=("gone.toml",))
    with pytest.raises(ConfigError, match="only one file"):
        load(".", config=("a.toml", "b.toml"))


def test_a_setting_can_be_given_in_a_line(here: Path) -> None:
    """It overrules the file, and is checked as the file is."""
    write(here / "initlint.toml", "jobs = 1\nignore = ['INI1']")
    settings = load(".", config=("jobs = 3", "runtime.seeds=5"))

    assert (3, ("INI1",), 5) == (settings.jobs, settings.ignore, settings.runtime["seeds"])
    with pytest.raises(ConfigError, match="--config: unknown key 'job'"):
        load(".", config=("job = 3",))


def test_isolation_reads_no_file(here: Path) -> None:
    """But the lines given."""
    write(here / "initlint.toml", "broken [")

    assert load(".", config=("jobs = 3",), isolated=True).jobs == 3


def test_a_new_selection_starts_afresh() -> None:
    """What the file ignored no longer counts; another key leaves it alone."""
    settings = Settings(ignore=("INI1",), extend_ignore=("INI2",), extend_select=("INI3",))

    assert ((), (), ()) == (
        (one := settings.overridden("test", select=("ALL",))).ignore,
        one.extend_ignore,
        one.extend_select,
    )
    assert ("INI1",) == settings.overridden("test", jobs=1).ignore


def test_a_file_that_cannot_be_decoded_is_an_error(here: Path) -> None:
    """It is named."""
    (here / "initlint.toml").write_bytes(b"# \xff")

    with pytest.raises(ConfigError, match=r"initlint\.toml: cannot be read"):
        load(".")
