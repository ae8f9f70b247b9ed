"""A fix where its edits can be written, else none."""

from __future__ import annotations

from collections.abc import Callable

from initlint.finding import Applicability, Edit, Fix
from initlint.fixer.fragment import CannotRewrite


def attempt(applicability: Applicability, message: str, write: Callable[[], tuple[Edit, ...]]) -> Fix | None:
    """The fix whose edits `write` makes; None where it cannot make them, or there is nothing to change."""
    try:
        edits = write()
    except CannotRewrite:
        return None
    return Fix(applicability, message, edits) if edits else None
