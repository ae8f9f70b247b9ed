"""`--watch`: lint again whenever a file changes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

import click

from initlint.commands.request import Request
from initlint.commands.run import run
from initlint.errors import InitlintError, UsageError
from initlint.source.discover import discover

_INTERVAL = 0.5  # seconds between two looks at the files' times
_CLEAR = "\x1b[2J\x1b[H"


def watch(make_request: Callable[[], Request]) -> int:
    """Lint until interrupted. A configuration or a path that becomes wrong meanwhile is told, and waited for."""
    seen: object = None
    while True:
        try:
            request = make_request()
            if request.from_stdin:
                raise UsageError("--watch cannot be used with standard input")
            state: object = (request.settings, _times(request))
        except InitlintError as error:
            if seen is None:
                raise
            if str(error) != seen:
                seen = str(error)
                click.echo(f"error: {error}", err=True)
        else:
            if state != seen:
                seen = state
                _once(request)
        time.sleep(_INTERVAL)


def _once(request: Request) -> None:
    if sys.stdout.isatty():
        click.echo(_CLEAR, nl=False)
    try:
        run(request)
    except InitlintError as error:
        click.echo(f"error: {error}", err=True)
    if not request.quiet:
        click.echo("watching for changes; Ctrl-C ends", err=True)


def _times(request: Request) -> dict[str, tuple[int, int]]:
    times: dict[str, tuple[int, int]] = {}
    for path in discover(request.paths, request.settings.filters):
        try:
            status = os.stat(path)  # noqa: PTH116 - many files, often
        except OSError:
            continue
        times[path] = (status.st_mtime_ns, status.st_size)
    return times
