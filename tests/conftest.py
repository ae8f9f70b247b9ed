"""Fixtures for all tests."""

from tests.line_rules import here, line_rules

__all__ = ["here", "line_rules"]
