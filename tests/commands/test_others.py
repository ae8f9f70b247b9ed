"""`initlint rule`, `config`, `cache`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from initlint import packs
from tests.commands.invoke import run, words


def test_all_rules_are_listed() -> None:
    """One line each, sorted, with what it is about."""
    lines = run("rule").out.splitlines()

    assert list(packs.load()) == words(lines)
    assert "INI001  unused-ignore" in lines[0]
    assert "A suppression comment silences nothing." in lines[0]


@pytest.mark.parametrize("asked", ["INI001", "ini001", "unused-ignore"])
def test_a_rule_has_its_page(asked: str) -> None:
    """By code or name."""
    done = run("rule", asked)

    assert 0 == done.status
    assert done.out.startswith("# unused-ignore (INI001)\n\n**warning**, confidence high, a fix is offered\n\n")
    assert "## Why is this bad?" in done.out


def test_on_a_terminal_rules_are_shown_in_style(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table; pages with their headings, set as text and not as Markdown."""
    monkeypatch.setenv("COLUMNS", "100")
    table, page = run("rule", terminal=True).out, run("rule", "INI001", terminal=True).out

    assert "severity" in table.splitlines()[0]
    assert len(packs.load()) < len(table.splitlines())
    assert "Why is this bad?" in page
    assert "## Why" not in page


def test_a_prefix_means_several_pages() -> None:
    """In order."""
    pages = [line for line in run("rule", "INI00").out.splitlines() if line.startswith("# ")]

    assert ["# unused-ignore (INI001)", "# syntax-error (INI002)", "# rule-crash (INI003)"] == pages


def test_an_unknown_rule_is_an_error() -> None:
    """With a suggestion."""
    done = run("rule", "INI00l")

    assert 2 == done.status
    assert "unknown rule 'INI00l'; did you mean 'INI00" in done.err


def test_rules_as_json_and_markdown() -> None:
    """For tools and for the documentation."""
    (row,) = json.loads(run("rule", "INI002", "--output-format", "json").out)

    assert ("INI002", "syntax-error", "error", False) == (row["code"], row["name"], row["severity"], row["fix"])
    assert "| code | name | severity | fix | what |" in run("rule", "--output-format", "markdown").out


def test_settings_are_shown_with_their_origin(here: Path) -> None:
    """Files and defaults."""
    (here / "initlint.toml").write_text(
        "ignore = ['INI101']\n[per-file-ignores]\n'a.py' = ['INI1']\n", encoding="utf-8"
    )
    lines = run("config").out.splitlines()

    assert f'ignore = ["INI101"]  # {here / "initlint.toml"}' in lines
    assert 'select = ["ALL"]  # default' in lines
    assert 'min-severity = "warning"  # default' in lines


def test_settings_as_json(here: Path) -> None:
    """For tools."""
    content = json.loads(run("config", "--config", "jobs=3", "--isolated", "--output-format", "json").out)

    assert {"value": 3, "origin": "--config"} == content["jobs"]


def test_the_cache_is_inspected_and_cleaned(here: Path) -> None:
    """Where it is, what is in it, and gone."""
    (here / "a.py").write_text("x = 1\n", encoding="utf-8")
    run(".")

    assert f"{here / '.initlint_cache'}\n" == run("cache", "dir").out
    assert f"{here / '.initlint_cache'}: 1 results, " in run("cache", "stats").out
    assert 0 == run("cache", "clean").status
    assert not (here / ".initlint_cache").exists()
    assert "0 results" in run("cache", "--cache-dir", "other", "stats").out
