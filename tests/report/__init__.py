"""Tests that mirror initlint/report."""
