"""The files of a project that many others import: every process reads them, so they are worth reading once for all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from initlint.source.text import SourceText

_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+(\w+)|import[ \t]+([.\w]+))", re.MULTILINE)
_MANY, _SHARE = 10, 0.01  # importers, and their part of all files
_MOST = 2_000_000  # characters of such files: a tree takes some 35 times its text


def hubs(sources: Mapping[str, SourceText], by_stem: Mapping[str, Sequence[str]]) -> list[str]:
    """Their paths, the most imported first."""
    counts = Counter(name for source in sources.values() for name in _imported(source.text))
    least = max(_MANY, _SHARE * len(sources))
    found, size = [], 0
    for name, count in counts.most_common():
        for path in by_stem.get(name, ()) if count >= least else ():
            size += len(sources[path].text) if path in sources else _MOST
            if size <= _MOST:
                found.append(path)
    return found


def _imported(text: str) -> set[str]:
    """The last names of the modules that it imports; of `from . import a`, a."""
    pairs = ((match[1] or match[3], match[2]) for match in _IMPORT.finditer(text))
    return {dotted.rpartition(".")[2] or first for dotted, first in pairs}
