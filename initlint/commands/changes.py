"""Changed texts: written to their files, or shown as a patch."""

from __future__ import annotations

import sys

from initlint.commands.request import Request
from initlint.fixer.diff import patch
from initlint.fixer.encode import encode
from initlint.fixer.write import write
from initlint.repair import Repaired
from initlint.source.read import read_bytes


def store(repaired: Repaired, request: Request) -> None:
    """Write every changed file; what came by standard input goes to standard output, changed or not."""
    if request.from_stdin:
        for path, data in repaired.outcome.files.given.items():
            change = repaired.changes.get(path)
            _put(encode(*change, data) if change else data)
        return
    for path, (before, after) in repaired.changes.items():
        write(before, after, path)


def show(repaired: Repaired, request: Request) -> None:
    """The patch over all files, as bytes: a patch is in the encoding of its files."""
    for path, (before, after) in sorted(repaired.changes.items()):
        data = repaired.outcome.files.given.get(path)
        old = read_bytes(path) if data is None else data
        _put(patch(path, old, encode(before, after, old)))


def _put(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
