"""The progress bar: for people, when it takes long."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest

from initlint.analyse import FileResult
from initlint.commands import progress as module
from initlint.commands.progress import progress


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def results(count: int) -> Iterator[FileResult]:
    return (FileResult(str(number)) for number in range(count))


@pytest.mark.parametrize(
    ("terminal", "patience", "quiet", "shown"),
    [(True, 0.0, False, True), (True, 60.0, False, False), (True, 0.0, True, False), (False, 0.0, False, False)],
)
def test_a_bar_is_shown_to_people_who_wait(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, patience: float, quiet: bool, shown: bool
) -> None:
    """Not in a pipe, not at once, not when told to be quiet; the results pass all the same."""
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(module, "_PATIENCE", patience)
    monkeypatch.setattr(module, "_EVERY", 0.0)
    passed = list(progress(results(5), 5, quiet=quiet))

    assert [str(number) for number in range(5)] == [one.path for one in passed]
    assert shown == ("linting" in stream.getvalue())
