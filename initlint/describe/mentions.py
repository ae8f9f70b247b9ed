"""Which files of a project mention a name: asked for thousands of times in a large project."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from initlint.source.text import SourceText
from initlint.source.words import words

_SCANS = 16  # so many questions cost what the index of all words costs
_WORD = re.compile(r"[^\W\d]\w{2,}")


@dataclass(slots=True)
class Mentions:
    """The first few names are looked for in every text; then an index of all words is made."""

    sources: Mapping[str, SourceText]
    _found: dict[str, list[str]] = field(default_factory=dict)
    _index: dict[str, array[int]] | None = None  # the numbers of the files, in the project's order
    _paths: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """Make the index now."""
        self._index = self._index or self._indexed()

    def of(self, name: str) -> list[str]:
        """The paths of the files in whose text `name` is a word, in the project's order."""
        if self._index is None and len(self._found) >= _SCANS:
            self._index = self._indexed()
        if self._index is not None and _WORD.fullmatch(name):
            return [self._paths[number] for number in self._index.get(name, ())]
        if name not in self._found:
            whole = words([name])
            texts = ((path, source.text) for path, source in self.sources.items())
            self._found[name] = [path for path, text in texts if whole.search(text)]
        return self._found[name]

    def _indexed(self) -> dict[str, array[int]]:
        self._paths = list(self.sources)
        index: dict[str, array[int]] = defaultdict(partial(array, "I"))
        for number, source in enumerate(self.sources.values()):
            for word in set(_WORD.findall(source.text)):
                index[word].append(number)
        return dict(index)
