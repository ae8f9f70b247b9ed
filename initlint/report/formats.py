"""The one list of formats."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from initlint.report.model import Reporter

_MODULES = ("text", "concise", "json", "sarif", "github", "gitlab", "junit")


def reporter(name: str) -> Reporter:
    """The module that writes this format; the others are not loaded."""
    assert name in _MODULES
    return cast("Reporter", import_module(f"initlint.report.{name}"))
