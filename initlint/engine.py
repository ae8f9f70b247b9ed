"""Files in, findings out: the cache is asked, the rest is checked, the result settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from initlint.analyse import RULE_CRASH, SYNTAX_ERROR, Analyser, FileResult
from initlint.config import Settings
from initlint.errors import PackError
from initlint.finding import Finding
from initlint.pool import check_all
from initlint.recall import cache_folder, open_cache, recall, remember
from initlint.rulebook import Rulebook
from initlint.selection import enabled
from initlint.settle import UNUSED_IGNORE, Settler
from initlint.source.files import Files
from initlint.source.text import SourceText

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel

Track = Callable[[Iterator[FileResult], int], Iterator[FileResult]]


def _untracked(results: Iterator[FileResult], total: int) -> Iterator[FileResult]:
    return results


@dataclass(frozen=True)
class Outcome:
    """What a run found. `traces` are the tracebacks of crashed rules."""

    findings: tuple[Finding, ...]
    files: Files
    results: Mapping[str, FileResult]
    settler: Settler

    @property
    def traces(self) -> tuple[str, ...]:
        """The tracebacks of rules that crashed."""
        return tuple(trace for result in self.results.values() for trace in result.traces)

    def text(self, path: str) -> SourceText | None:
        """The text of a linted file."""
        return self.settler.text(path)


@dataclass(frozen=True)
class Engine:
    """The rules and settings of a run; made once, used for any number of files."""

    settings: Settings
    rules: Rulebook
    codes: frozenset[str]
    baseline: frozenset[str] = frozenset()
    track: Track = field(default=_untracked)

    def run(self, files: Files) -> Outcome:
        """Check every file that the cache does not answer for."""
        use_cache = self.settings.cache and not files.overlay
        cache = open_cache(self.settings, self.codes, self.rules.stamp) if use_cache else None
        known = recall(cache, files) if cache else {}
        fresh = self._check(files, [path for path in files.entries if path not in known])
        if cache:
            remember(cache, files, fresh, known.values())
        return self.outcome(files, {**known, **{result.path: result for result in fresh}})

    def rerun(self, before: Outcome, files: Files, changed: Sequence[str]) -> Outcome:
        """Check again the files that changed and those whose results rest on them."""
        stale = [
            path
            for path, result in before.results.items()
            if path in changed or not result.dependencies.isdisjoint(changed)
        ]
        fresh = {result.path: result for result in self._check(files, stale)}
        return self.outcome(files, {**before.results, **fresh})

    def analyser(self, files: Files, kept: dict[str, FileModel] | None = None) -> Analyser:
        """What checks one file after the other with the rules that are on; `kept` collects the descriptions."""
        entries = [self.rules.entries[code] for code in (SYNTAX_ERROR, RULE_CRASH)]
        own = {entry.code: (entry.name, entry.severity) for entry in entries}
        return Analyser([rule for rule in self.rules.values() if rule.code in self.codes], own, files, kept)

    def _check(self, files: Files, paths: Sequence[str]) -> list[FileResult]:
        if not paths:
            return []
        checked = check_all(self.analyser(files), paths, self.settings.jobs)
        return list(self.track(checked, len(paths)))

    def outcome(self, files: Files, results: Mapping[str, FileResult]) -> Outcome:
        """The findings of these results, settled."""
        settler = Settler(self.settings, self.rules.entries, self.codes, files, self.baseline)
        raw = (finding for result in results.values() for finding in result.findings)
        return Outcome(tuple(settler.settle(raw)), files, results, settler)


def make(settings: Settings, track: Track = _untracked, *, baseline: bool = True) -> Engine:
    """An engine with the rules that the settings choose. Raises PackError and ConfigError.

    `baseline` is False where what the baseline holds is wanted too.
    """
    rules = Rulebook(settings, cache_folder(settings) if settings.cache else None)
    if settings.rules:
        _ = len(rules)  # loads them: a wrong option is told even where the cache answers
    missing = [code for code in (UNUSED_IGNORE, SYNTAX_ERROR, RULE_CRASH) if code not in rules.entries]
    if missing:
        raise PackError(f"the built-in rule pack is incomplete: {', '.join(missing)} not found")
    accepted = _accepted(settings) if baseline else frozenset()
    return Engine(settings, rules, enabled(settings, rules.entries), accepted, track)


def _accepted(settings: Settings) -> frozenset[str]:
    if settings.baseline is None:
        return frozenset()
    from initlint.source.baseline import read  # json: only where a baseline is used

    return read(Path(settings.root, settings.baseline))
