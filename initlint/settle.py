"""From what the rules said to what is told: suppressions, unused ignores, per-file ignores, severity, baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from initlint.config import Settings
from initlint.finding import Applicability, Edit, Finding, Fix, Span
from initlint.selection import is_ignored
from initlint.source.files import Files
from initlint.source.read import Problem
from initlint.source.suppress import Ignore, Suppressions, find, names
from initlint.source.text import SourceText

if TYPE_CHECKING:
    from initlint.rule import Rule
    from initlint.rulebook import Entry

UNUSED_IGNORE, SYNTAX_ERROR = "INI001", "INI002"
_OWN_PREFIX, _RUNTIME_PREFIX = "INI", "INI8"  # a run over source cannot judge an ignore for the runtime's findings
_NO_SUPPRESSIONS = Suppressions()


@dataclass(frozen=True)
class Settler:
    """The last station of every finding. `texts` keeps what was read for it: the reports show it too."""

    settings: Settings
    rules: Mapping[str, Rule | Entry]
    enabled: frozenset[str]
    files: Files
    baseline: frozenset[str] = frozenset()
    texts: dict[str, SourceText | None] = field(default_factory=dict)
    _suppressions: dict[str, Suppressions] = field(default_factory=dict)

    def settle(self, raw: Iterable[Finding]) -> list[Finding]:
        """The findings to tell, in reading order."""
        by_place = {
            (one.code, one.path, one.cell, one.span): one
            for one in sorted(raw, key=lambda one: -one.severity.rank)  # met in several models: the gravest stays
            if one.path in self.files.entries and one.code in self.enabled
        }
        told: list[Finding] = []
        used: set[tuple[str, Ignore, str | None]] = set()
        for finding in by_place.values():
            silencing = self._silencing(finding)
            if silencing is None:
                told.append(finding)
            else:
                used.update(silencing)
        broken = {one.path for one in by_place.values() if one.code == SYNTAX_ERROR}
        told.extend(self._unused(used, broken))
        wanted = sorted(filter(self._is_wanted, told), key=lambda one: one.sort_key)
        if not self.baseline:
            return wanted
        names = self.fingerprints(wanted)
        return [one for one in wanted if names[one] not in self.baseline]

    def fingerprints(self, findings: Sequence[Finding]) -> dict[Finding, str]:
        """A name for each finding that outlasts moved lines; for reports and baselines."""
        from initlint.source.baseline import fingerprints  # json and hashes: most runs have no use for them

        return fingerprints(findings, self._lines, self.settings.root)

    def _lines(self, finding: Finding) -> str:
        """The source lines of the finding."""
        source = self.text(finding.path)
        if source is None:
            return ""
        span = source.absolute(finding.cell, finding.span)
        return "\n".join(source.lines[span.line - 1 : span.end_line])

    def text(self, path: str) -> SourceText | None:
        """The file's text, read once."""
        if path not in self.texts:
            self.texts[path] = self.files.open(path).source
        return self.texts[path]

    def misread(self) -> Iterator[tuple[str, Problem]]:
        """What is wrong with comments that want to be a directive and are none, each with its file."""
        for path, entry in self.files.entries.items():
            if not entry.speaks_to_us or (source := self.text(path)) is None:
                continue
            suppressions = self._of(path)
            for span, message in () if suppressions.skip_file else suppressions.misread:
                cell, local = source.local(span)
                yield path, Problem(message, local, cell)

    def _is_wanted(self, finding: Finding) -> bool:
        return finding.severity.rank <= self.settings.min_severity.rank and not is_ignored(
            finding.path, finding.code, finding.name, self.settings
        )

    def _of(self, path: str) -> Suppressions:
        if path not in self._suppressions:
            source = self.text(path)
            self._suppressions[path] = _NO_SUPPRESSIONS if source is None else find(source)
        return self._suppressions[path]

    def _silencing(self, finding: Finding) -> list[tuple[str, Ignore, str | None]] | None:
        """What silences the finding, as (path, directive, code in it); None where nothing does."""
        if not self.files.entries[finding.path].may_silence:
            return None
        suppressions = self._of(finding.path)
        if suppressions.skip_file:
            return []
        source = self.text(finding.path)
        line = source.absolute(finding.cell, finding.span).line if source else finding.span.line
        found: list[tuple[str, Ignore, str | None]] = []
        for ignore in suppressions.silencing(finding, line):
            codes = ignore.codes or (None,)
            found += [
                (finding.path, ignore, code)
                for code in codes
                if code is None or names(code, finding.code, finding.name)
            ]
        return found or None

    def _unused(self, used: set[tuple[str, Ignore, str | None]], broken: set[str]) -> Iterator[Finding]:
        if UNUSED_IGNORE not in self.enabled:
            return
        for path, entry in self.files.entries.items():
            if not entry.speaks_to_us or path in broken:
                continue
            suppressions = self._of(path)
            if suppressions.skip_file:
                continue
            for ignore in suppressions.ignores:
                idle = [code for code in ignore.codes or (None,) if (path, ignore, code) not in used]
                idle = [code for code in idle if self._can_judge(code, noqa=ignore.noqa)]
                if idle and not self._silences_itself(ignore):
                    yield self._unused_finding(path, ignore, idle)

    def _can_judge(self, code: str | None, *, noqa: bool) -> bool:
        """Whether this run would have shown what the directive silences."""
        if code is None:  # an ignore of everything can only be judged where everything was looked for
            return not noqa and self.settings.select == ("ALL",)
        if code.upper().startswith(_RUNTIME_PREFIX) or (noqa and not code.upper().startswith(_OWN_PREFIX)):
            return False
        meant = {rule.code for rule in self.rules.values() if names(code, rule.code, rule.name)}
        return meant <= self.enabled

    def _silences_itself(self, ignore: Ignore) -> bool:
        return ignore.codes is not None and UNUSED_IGNORE in ignore.codes

    def _unused_finding(self, path: str, ignore: Ignore, idle: list[str | None]) -> Finding:
        rule, source = self.rules[UNUSED_IGNORE], self.text(path)
        assert source is not None
        cell, span = source.local(ignore.span)
        unknown = [code for code in idle if code and not self._is_known(code)]
        if unknown:
            message = f"no rule is called {_listed(unknown)}, so this ignore silences nothing"
        elif idle == [None]:
            message = "this ignore silences nothing"
        else:
            message = f"this ignore of {_listed(idle)} silences nothing"
        fix = Fix(Applicability.SAFE, "Delete the unused ignore", (_deletion(source, ignore, idle),))
        return Finding(rule.code, rule.name, rule.severity, path, span, message, cell=cell, fix=fix)

    def _is_known(self, code: str) -> bool:
        return any(names(code, rule.code, rule.name) for rule in self.rules.values())


def _listed(codes: Iterable[str | None]) -> str:
    return ", ".join(f"`{code}`" for code in codes)


def _deletion(source: SourceText, ignore: Ignore, idle: list[str | None]) -> Edit:
    """Take away the idle codes; with the last of them the directive, and with an otherwise empty line the line."""
    line = source.lines[ignore.span.line - 1]
    kept = [code for code in ignore.codes or () if code not in idle]
    start, end = ignore.span.column - 1, ignore.span.end_column - 1
    if kept:
        text = f"# noqa: {', '.join(kept)}" if ignore.noqa else f"# initlint: ignore[{', '.join(kept)}]"
        return Edit(source.local(ignore.span)[1], text)
    before, after = line[:start].rstrip(), line[end:]
    if before or after.strip():
        whole = Span(ignore.span.line, len(before) + 1, ignore.span.line, end + 1)
        # Another comment goes on behind: it keeps its distance, and its sharp sign if it shared ours.
        rest = after.strip()
        if rest:
            whole = Span(whole.line, start + 1, whole.line, len(line) + 1)
            return Edit(source.local(whole)[1], rest if rest.startswith("#") else f"# {rest}")
        return Edit(source.local(whole)[1], "")
    if ignore.span.line == len(source.lines):
        return Edit(source.local(Span(ignore.span.line, 1, ignore.span.line, len(line) + 1))[1], "")
    _, span = source.local(Span(ignore.span.line, 1, ignore.span.line, 1))
    return Edit(Span(span.line, 1, span.line + 1, 1), "")
