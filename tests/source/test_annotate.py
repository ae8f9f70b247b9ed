"""Ignore comments for findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.source.annotate import annotate
from tests.line_rules import lint, put

pytestmark = pytest.mark.usefixtures("line_rules")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = bad\n", "x = bad  # initlint: ignore[INI901]\n"),
        ("x = bad, worse   \n", "x = bad, worse  # initlint: ignore[INI901, INI902]\n"),
        ("x = bad  # why\n", "x = bad  # why  # initlint: ignore[INI901]\n"),
        ("x = bad, worse  # initlint: ignore[INI902] so\n", "x = bad, worse  # initlint: ignore[INI902, INI901] so\n"),
        ("x = f(\n    bad,\n)\n", "x = f(\n    bad,  # initlint: ignore[INI901]\n)\n"),
        ('x = bad, """\n"""\n', 'x = bad, """\n"""  # initlint: ignore[INI901]\n'),
        ("x = bad, \\\n    1\n", "x = bad, \\\n    1  # initlint: ignore[INI901]\n"),
    ],
)
def test_a_comment_silences_its_finding(here: Path, before: str, after: str) -> None:
    """It stands where Python takes it for a comment, and the next run is silent."""
    put(here, net=f"import torch\n{before}")
    outcome = lint()
    source = outcome.text("net.py")
    assert source is not None
    made, _ = annotate(source, outcome.findings)
    put(here, net=made.text)

    assert f"import torch\n{after}" == made.text
    assert () == lint().findings


def test_findings_of_the_linter_itself_get_none(here: Path) -> None:
    """An unused ignore is mended by deleting it."""
    put(here, net="import torch\nx = 1  # initlint: ignore[INI901]\n")
    outcome = lint()
    source = outcome.text("net.py")
    assert source is not None

    assert 0 == annotate(source, outcome.findings)[1]
