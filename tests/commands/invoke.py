"""The command line, run inside the test."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from unittest.mock import patch

import pytest

from initlint.cli import main


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    status: int
    out: str
    err: str
    raw: bytes


class Stream(io.TextIOWrapper):
    """An output that is caught, and may say that it is a terminal."""

    terminal = False

    def isatty(self) -> bool:
        return self.terminal


def run(*args: str, stdin: bytes = b"", terminal: bool = False) -> Done:
    """`initlint ARGS`, with its two outputs caught."""
    out, err = (Stream(io.BytesIO(), encoding="utf-8", errors="surrogateescape") for _ in range(2))
    out.terminal = terminal
    given = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    with patch.multiple(sys, stdout=out, stderr=err, stdin=given), pytest.raises(SystemExit) as ended:
        main(list(args))
    texts = [_text(one) for one in (out, err)]
    status = ended.value.code
    assert isinstance(status, int)
    return Done(status, texts[0].decode(errors="replace"), texts[1].decode(errors="replace"), texts[0])


def _text(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()


def words(lines: Sequence[str]) -> list[str]:
    """The first word of each line."""
    return [line.split()[0] for line in lines if line.split()]
