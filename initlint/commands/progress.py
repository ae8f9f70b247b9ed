"""A progress bar, for people, when it takes long."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from initlint.analyse import FileResult
from initlint.report.harmless import visible

_PATIENCE = 1.0  # seconds without a bar: a bar that flashes by is a nuisance
_EVERY = 0.1


def progress(results: Iterator[FileResult], total: int, *, quiet: bool = False) -> Iterator[FileResult]:
    """The results, counted on the terminal's standard error once they take longer than a second."""
    if quiet or not sys.stderr.isatty():
        return results
    return _counted(results, total)


def _counted(results: Iterator[FileResult], total: int) -> Iterator[FileResult]:
    started = time.monotonic()
    for done, result in enumerate(results, start=1):
        yield result
        if time.monotonic() - started > _PATIENCE and done < total:
            yield from _with_bar(results, done, total)
            return


def _with_bar(results: Iterator[FileResult], done: int, total: int) -> Iterator[FileResult]:
    from rich.console import Console  # costs more than a small run
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("linting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # No thread refreshes the bar: worker processes may be forked while it is shown.
    bar = Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False)
    with bar:
        task = bar.add_task("", total=total, completed=done)
        last = 0.0
        for result in results:
            yield result
            bar.advance(task)
            if time.monotonic() - last > _EVERY:
                bar.refresh()
                last = time.monotonic()


@contextmanager
def saying(*, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """What tells, on a terminal's standard error, what is being done."""
    if quiet or not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console  # costs more than a small run

    with Console(stderr=True).status("building") as status:
        yield lambda text: status.update(visible(text))
