"""What is known of the rules without loading them."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint import packs
from initlint.config import Settings
from initlint.finding import Severity
from initlint.rulebook import Entry, Rulebook

pytestmark = pytest.mark.usefixtures("line_rules")


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was loaded or looked up, each time."""
    noted: list[str] = []
    load, entry_points = packs.load, packs.entry_points
    monkeypatch.setattr(packs, "load", lambda: (noted.append("rules"), load())[1])
    monkeypatch.setattr(packs, "entry_points", lambda: (noted.append("packs"), entry_points())[1])
    return noted


def test_entries_and_stamp_are_retained(here: Path, loads: list[str]) -> None:
    """The second time nothing is loaded, and the answers are the same."""
    first = Rulebook(Settings(), here / "cache")
    told = (first.stamp, dict(first.entries))
    assert {"rules", "packs"} == set(loads)
    loads.clear()
    second = Rulebook(Settings(), here / "cache")

    assert told == (second.stamp, dict(second.entries))
    assert [] == loads
    assert Entry("INI902", "worse-word", Severity.ERROR) == second.entries["INI902"]


def test_an_edited_rule_is_noticed(here: Path, loads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Another stamp, and the rules are loaded again."""
    before = Rulebook(Settings(), here / "cache")
    assert before.entries
    loads.clear()
    monkeypatch.setattr(packs, "stamp", lambda folders: "another")

    assert before.stamp != Rulebook(Settings(), here / "cache").stamp
    assert Rulebook(Settings(), here / "cache").entries
    assert ["rules"] == loads


def test_without_a_cache_everything_is_loaded(loads: list[str]) -> None:
    """Every time, and nothing is written."""
    for _ in range(2):
        assert "INI901" in Rulebook(Settings(), None).entries

    assert ["rules", "rules"] == loads


def test_a_rulebook_is_its_rules() -> None:
    """A mapping like any other, loaded when it is asked."""
    book = Rulebook(Settings(), None)

    assert list(packs.load()) == list(book)
    assert (len(packs.load()), "bad-word") == (len(book), book["INI901"].name)
    assert book.get("INI999") is None
