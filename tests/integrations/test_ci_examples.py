"""The examples for GitHub and GitLab call commands that exist, with options that exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from initlint.cli import initlint

EXAMPLES = sorted((Path(__file__).parents[2] / "docs" / "ci").glob("*.yml"))
yaml = pytest.importorskip("yaml")


def commands(path: Path) -> Iterator[list[str]]:
    """Each call of initlint in a file, in words."""
    for match in re.finditer(r"(?:run: |- )(initlint .*)", path.read_text(encoding="utf-8")):
        yield shlex.split(match[1])[1:]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_command_is_understood(path: Path) -> None:
    """Parsed as the command line parses it, without being run."""
    found = list(commands(path))

    assert 2 <= len(found)
    for name, *args in found:
        command = initlint.get_command(click.Context(initlint), name)
        assert command is not None, name
        assert command.make_context(name, args)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_files_are_yaml(path: Path) -> None:
    """With at least one job."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    jobs = content.get("jobs", content)

    assert "initlint" in jobs
