"""Amounts of memory as people write them. Pure Python."""

from __future__ import annotations


def shown(size: float) -> str:
    """`900 MB`, `1.5 GB`: binary units, three digits."""
    for exponent, unit in ((40, "TB"), (30, "GB"), (20, "MB"), (10, "KB")):
        if size >= 1 << exponent:
            return f"{size / (1 << exponent):.4g} {unit}"
    return f"{size:.0f} bytes"
