"""Tests that mirror initlint/source."""
