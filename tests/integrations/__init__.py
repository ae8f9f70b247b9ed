"""Tests that mirror initlint/integrations."""
