"""The one place where any exception of foreign code is caught: a rule, a rule pack, the reader of a file."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar

from initlint.finding import Span

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Crash:
    """What went wrong, and the place in the user's text that was being looked at, as far as that can be told."""

    error: str
    trace: str
    span: Span | None
    recursion: bool = False


def attempt(call: Callable[[], T]) -> T | Crash:
    """The value of the call, or its crash. An interrupt goes through."""
    try:
        return call()
    except (Exception, SystemExit) as error:
        said = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
        trace = "".join(traceback.format_exception(error))
        return Crash(said, trace, _looked_at(error.__traceback__), isinstance(error, RecursionError))


def _looked_at(trace: TracebackType | None) -> Span | None:
    """The innermost local variable, over the frames of the traceback, that stands for a place in the text."""
    found: Span | None = None
    while trace is not None:
        for value in reversed(list(trace.tb_frame.f_locals.values())):
            if (span := _span(value)) is not None:
                found = span
                break
        trace = trace.tb_next
    return found


def _span(value: object) -> Span | None:
    site = getattr(value, "site", value)
    span = getattr(site, "span", None)
    if isinstance(span, Span):
        return span
    line, end_line = getattr(value, "lineno", None), getattr(value, "end_lineno", None)
    if isinstance(line, int) and isinstance(end_line, int):
        column, end_column = getattr(value, "col_offset", 0), getattr(value, "end_col_offset", 0)
        return Span(line, column + 1, end_line, end_column + 1)
    return None
