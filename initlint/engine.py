"""Files in, findings out: the cache is asked, the rest is checked, the result settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from initlint import packs
from initlint.analyse import RULE_CRASH, SYNTAX_ERROR, Analyser, FileResult
from initlint.config import Settings
from initlint.errors import PackError
from initlint.finding import Finding
from initlint.options import configured
from initlint.pool import check_all
from initlint.recall import open_cache, recall, remember
from initlint.rule import Rule
from initlint.selection import enabled
from initlint.settle import UNUSED_IGNORE, Settler
from initlint.source.files import Files
from initlint.source.text import SourceText

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
    rules: Mapping[str, Rule]
    codes: frozenset[str]
    baseline: frozenset[str] = frozenset()
    track: Track = field(default=_untracked)

    def run(self, files: Files) -> Outcome:
        """Check every file that the cache does not answer for."""
        cache = open_cache(self.settings, self.codes) if self.settings.cache and not files.overlay else None
        known = recall(cache, files) if cache else {}
        fresh = self._check(files, [path for path in files.entries if path not in known])
        if cache:
            remember(cache, files, fresh)
        return self._outcome(files, {**known, **{result.path: result for result in fresh}})

    def rerun(self, before: Outcome, files: Files, changed: Sequence[str]) -> Outcome:
        """Check again the files that changed and those whose results rest on them."""
        stale = [
            path
            for path, result in before.results.items()
            if path in changed or not result.dependencies.isdisjoint(changed)
        ]
        fresh = {result.path: result for result in self._check(files, stale)}
        return self._outcome(files, {**before.results, **fresh})

    def _check(self, files: Files, paths: Sequence[str]) -> list[FileResult]:
        own = {code: (self.rules[code].name, self.rules[code].severity) for code in (SYNTAX_ERROR, RULE_CRASH)}
        analyser = Analyser([rule for rule in self.rules.values() if rule.code in self.codes], own, files)
        return list(self.track(check_all(analyser, paths, self.settings.jobs), len(paths)))

    def _outcome(self, files: Files, results: Mapping[str, FileResult]) -> Outcome:
        settler = Settler(self.settings, self.rules, self.codes, files, self.baseline)
        raw = (finding for result in results.values() for finding in result.findings)
        return Outcome(tuple(settler.settle(raw)), files, results, settler)


def make(settings: Settings, track: Track = _untracked, *, baseline: bool = True) -> Engine:
    """An engine with the rules that the settings choose. Raises PackError and ConfigError.

    `baseline` is False where what the baseline holds is wanted too.
    """
    rules = packs.load()
    missing = [code for code in (UNUSED_IGNORE, SYNTAX_ERROR, RULE_CRASH) if code not in rules]
    if missing:
        raise PackError(f"the built-in rule pack is incomplete: {', '.join(missing)} not found")
    accepted = _accepted(settings) if baseline else frozenset()
    return Engine(settings, configured(rules, settings), enabled(settings, rules), accepted, track)


def _accepted(settings: Settings) -> frozenset[str]:
    if settings.baseline is None:
        return frozenset()
    from initlint.source.baseline import read  # json: only where a baseline is used

    return read(Path(settings.root, settings.baseline))
