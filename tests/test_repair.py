"""Fixes over a whole run, to a fixed point."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.config import Settings
from initlint.engine import make
from initlint.repair import Repaired, fixable, repair
from initlint.source.discover import discover
from initlint.source.files import scan
from tests.line_rules import LineRule, lint, put

pytestmark = pytest.mark.usefixtures("line_rules")


def repaired(*, unsafe: bool) -> Repaired:
    engine = make(Settings(cache=False))
    return repair(engine, engine.run(scan(discover(["."], engine.settings.filters))), unsafe=unsafe)


def after(result: Repaired) -> dict[str, str]:
    return {path: change[1].text for path, change in result.changes.items()}


def test_safe_fixes_leave_unsafe_ones(here: Path) -> None:
    """And files without findings."""
    put(here, a="import torch\nbad = worse\n", b="import torch\n", c="import torch\nbad\n")
    result = repaired(unsafe=False)

    assert {"a.py": "import torch\ngood = worse\n", "c.py": "import torch\ngood\n"} == after(result)
    assert (2, ["INI902"]) == (result.fixed, [one.code for one in result.outcome.findings])


def test_what_a_fix_lays_bare_is_fixed_too(here: Path) -> None:
    """`worse` becomes `bad`, `bad` becomes `good`; an ignore that is no longer used goes."""
    put(here, a="import torch\nx = worse  # initlint: ignore[INI901]\n")
    result = repaired(unsafe=True)

    assert {"a.py": "import torch\nx = bad  # initlint: ignore[INI901]\n"} == after(result)
    put(here, a="import torch\nx = worse\ny = 1  # noqa: INI901\n")
    assert {"a.py": "import torch\nx = good\ny = 1\n"} == after(repaired(unsafe=True))


def test_fixes_that_undo_each_other_end(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After ten rounds, whatever is then the state."""
    monkeypatch.setattr(LineRule, "cure", "worse")
    put(here, a="import torch\nbad\n")
    result = repaired(unsafe=True)

    assert 10 == result.fixed


def test_a_fix_that_does_not_help_is_not_made(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the rule says the same of the text that its fix leaves; the other fixes stand."""
    monkeypatch.setattr(LineRule, "cure", "bad ")
    put(here, a="import torch\nbad\nworse\n")
    result = repaired(unsafe=True)

    assert ({"a.py": "import torch\nbad\nbad\n"}, 1) == (after(result), result.fixed)


def test_nothing_is_written(here: Path) -> None:
    """That is for whoever asked."""
    put(here, a="import torch\nbad\n")
    repaired(unsafe=True)

    assert "import torch\nbad\n" == (here / "a.py").read_text(encoding="utf-8")


def test_silenced_findings_are_not_fixed(here: Path) -> None:
    """An ignore keeps the code as it is."""
    put(here, a="import torch\nbad  # noqa: INI901\n")

    assert {} == after(repaired(unsafe=True))


def test_what_may_be_fixed_is_counted(here: Path) -> None:
    """By the kind of fix."""
    put(here, a="import torch\nbad = worse = hint\n")
    findings = lint().findings

    assert 1 == len(fixable(findings, unsafe=False))
    assert 2 == len(fixable(findings, unsafe=True))
