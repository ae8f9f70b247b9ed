"""The rules of a run: known by code, name and severity at once, loaded only when a file is checked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from initlint import packs
from initlint.config import Settings
from initlint.finding import Severity
from initlint.rule import Rule
from initlint.source.cache import recollect, retain


@dataclass(frozen=True, slots=True)
class Entry:
    """What can be said of a rule without loading it."""

    code: str
    name: str
    severity: Severity


class Rulebook(Mapping[str, Rule]):
    """Every rule by its code, with the options that the settings give it.

    A run that the cache answers asks for `entries` and `stamp` only: both are in the cache too, so that it loads no
    rule and reads no package metadata. They hold as long as the folders that Python imports from, and then the
    modules themselves, have the times that they had.
    """

    def __init__(self, settings: Settings, folder: Path | None) -> None:
        self._settings = settings
        self._folder = folder  # of the cache; None where there is none

    @cached_property
    def stamp(self) -> str:
        """What changes whenever a rule or the engine does."""
        key = packs.environment()
        rows = self._recollected(key)
        if rows is None:
            rows = [[folder] for folder in packs.folders()]
            self._retain(key, rows)
        return packs.stamp(folder for (folder,) in rows)

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """Every rule's code, name and severity."""
        rows = self._recollected(self.stamp) if self._folder else None
        if rows is None:
            rows = [[rule.code, rule.name, rule.severity.value] for rule in self._loaded.values()]
            if self._folder:
                self._retain(self.stamp, rows)
        return {code: Entry(code, name, Severity(severity)) for code, name, severity in rows}

    @cached_property
    def _loaded(self) -> Mapping[str, Rule]:
        from initlint.options import configured  # as the rules: only where they are wanted

        return configured(packs.load(), self._settings)

    def __getitem__(self, code: str) -> Rule:
        return self._loaded[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded)

    def __len__(self) -> int:
        return len(self._loaded)

    def _recollected(self, key: str) -> list[list[str]] | None:
        text = recollect(self._folder, key) if self._folder else None
        rows = json.loads(text) if text else None
        return rows if isinstance(rows, list) else None

    def _retain(self, key: str, rows: object) -> None:
        if self._folder:
            retain(self._folder, key, json.dumps(rows))
