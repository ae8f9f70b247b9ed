"""Patterns of whole words that are looked for in whole files.

`re` skips quickly to where a pattern can begin only if each of its alternatives begins with plain letters; a `\\b` in
front, or letters of either case, make it try at every character, five times as slowly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def words(names: Iterable[str]) -> re.Pattern[str]:
    r"""As `\b(?:one|other)\b`."""
    return re.compile("|".join(map(word, names)))


def word(name: str, after: str = "") -> str:
    r"""As `\bname\b`. With `after`, where that does not stand in front of it."""
    text = re.escape(name)
    other = f"(?<!{re.escape(after)}{text})" if after else ""
    return rf"{text}\b(?<!\w{text}){other}"
