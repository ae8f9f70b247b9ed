"""`--watch`: again whenever something changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.invoke import run
from tests.line_rules import put

pytestmark = pytest.mark.usefixtures("line_rules")


def watching(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], None]) -> str:
    """What is printed while the steps are made one after the other, then Ctrl-C."""
    pending = list(steps)

    def sleep(seconds: float) -> None:
        if not pending:
            raise KeyboardInterrupt
        pending.pop(0)()

    monkeypatch.setattr("time.sleep", sleep)
    done = run("--watch", "--output-format", "concise", "--quiet")
    assert done.status == 130
    return done.out + "".join(line + "\n" for line in done.err.splitlines() if line.startswith("error"))


def test_a_change_lints_again(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed file, a new one; and nothing while nothing happens."""
    put(here, a="import torch\nbad\n")
    out = watching(
        monkeypatch,
        lambda: None,
        lambda: put(here, a="import torch\nfine\n"),
        lambda: put(here, b="import torch\nworse\n"),
        lambda: None,
    )

    assert ["a.py:2:1:", "b.py:2:1:"] == [line.split()[0] for line in out.splitlines()]


def test_a_file_that_goes_is_noticed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is linted again."""
    put(here, a="import torch\nbad\n", b="import torch\n")
    out = watching(monkeypatch, lambda: Path("b.py").unlink())

    assert ["a.py:2:1:"] * 2 == [line.split()[0] for line in out.splitlines()]


def test_a_mistake_is_told_and_waited_for(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code that no rule has; when it is mended, linting goes on."""
    put(here, a="import torch\nbad\n")
    config = here / "initlint.toml"
    config.write_text("ignore = ['INI9O1']", encoding="utf-8")

    def mend() -> None:
        config.write_text("", encoding="utf-8")
        put(here, a="import torch\n\nbad\n")

    out = watching(monkeypatch, mend)

    assert "a.py:3:1: INI901" in out
    assert "unknown rule 'INI9O1'" in out


def test_a_configuration_is_watched_too(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is broken that is told, once; when it is whole, linting goes on with it."""
    put(here, a="import torch\nbad = worse\n")
    config = here / "initlint.toml"
    out = watching(
        monkeypatch,
        lambda: config.write_text("ignore = [", encoding="utf-8"),
        lambda: None,
        lambda: config.write_text("ignore = ['INI901']", encoding="utf-8"),
    )

    assert ["INI901", "INI902", "INI902"] == [line.split()[1] for line in out.splitlines() if line.startswith("a.py")]
    assert 1 == out.count("not valid TOML")


def test_standard_input_cannot_be_watched() -> None:
    """It ends."""
    assert "--watch cannot be used with standard input" in run("-", "--watch").err
