"""Texts with a part that is not known: names of layers, `"fc%d" % i`. The part is written `*`, as in f-strings."""

from __future__ import annotations

import re
from collections.abc import Sequence as Items
from typing import Any

from initlint.describe.symbols import Sym
from initlint.describe.values import Sequence, Value

_PLACE = re.compile(r"%[-+ #0]*\d*(?:\.\d+)?[sdifgr]")


def by_format(template: str, given: Items[Any]) -> str | None:
    """`"fc{}".format(i)`."""
    try:
        return template.format(*(_known(value) for value in given))
    except (IndexError, KeyError, ValueError, AttributeError, TypeError):
        return None


def by_percent(template: str, given: Value) -> str | None:
    """`"fc%d" % i`."""
    values = iter(given.items if isinstance(given, Sequence) else (given,))
    try:
        return _PLACE.sub(lambda place: str(_known(next(values))), template)
    except (StopIteration, RuntimeError):
        return None


def is_text(value: Value) -> bool:
    """Whether it is what `str(i)` makes of something unknown."""
    return isinstance(value, Sym) and repr(value).startswith("text#")


def _known(value: Any) -> str | int:
    return value if isinstance(value, (str, int)) and not isinstance(value, bool) else "*"
