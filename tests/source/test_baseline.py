"""Baselines hold when lines move."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.config import Settings
from initlint.errors import ConfigError
from initlint.source.baseline import read, write
from tests.line_rules import lint, put, told

pytestmark = pytest.mark.usefixtures("line_rules")
TEXT = "import torch\nx = bad\ny = 1\nx = bad\n"


def accept(here: Path) -> Settings:
    """Write a baseline of today's findings; settings that use it."""
    outcome = lint()
    write(here / "base.json", outcome.settler.fingerprints(outcome.findings), str(here))
    return Settings(cache=False, baseline="base.json", root=str(here))


def lint_with(settings: Settings) -> list[str]:
    from initlint.engine import make
    from initlint.source.discover import discover
    from initlint.source.files import scan

    return told(make(settings).run(scan(discover(["."], settings.filters))))


def test_accepted_findings_are_not_told(here: Path) -> None:
    """However many are alike."""
    put(here, net=TEXT)

    assert [] == lint_with(accept(here))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("# new\n\n" + TEXT, []),
        (TEXT.replace("x = bad\ny", "if 1:\n    x  =  bad\ny"), []),
        (TEXT.replace("x = bad\ny", "z = bad\ny"), ["net.py:2: INI901"]),
        (TEXT + "x = bad\n", ["net.py:5: INI901"]),
        (TEXT + "x = worse\n", ["net.py:5: INI902"]),
    ],
    ids=["moved", "indented", "changed", "one more alike", "another rule"],
)
def test_moved_findings_stay_accepted_and_new_ones_are_told(here: Path, text: str, left: list[str]) -> None:
    """Lines, indentation and spaces play no part; content does."""
    put(here, net=TEXT)
    settings = accept(here)
    put(here, net=text)

    assert left == lint_with(settings)


def test_a_baseline_holds_from_wherever_it_is_used(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths count from the configuration's folder."""
    (here / "src").mkdir()
    put(here / "src", net=TEXT)
    settings = accept(here)
    monkeypatch.chdir(here / "src")

    assert [] == lint_with(settings)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"findings": 1}', '{"findings": [{}]}'])
def test_what_is_no_baseline_is_an_error(here: Path, text: str) -> None:
    """It names the file."""
    (here / "base.json").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=r"base\.json: not a baseline"):
        read(here / "base.json")


def test_a_missing_baseline_says_how_to_make_one(here: Path) -> None:
    """The option is named."""
    with pytest.raises(ConfigError, match="--write-baseline"):
        read(here / "base.json")


def test_a_baseline_that_cannot_be_written_is_an_error(here: Path) -> None:
    """A folder stands in its place."""
    with pytest.raises(ConfigError, match="cannot write the baseline"):
        write(here, {}, ".")
