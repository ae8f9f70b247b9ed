"""Tests of the description."""
