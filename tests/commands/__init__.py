"""Tests that mirror initlint/commands."""
