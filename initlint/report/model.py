"""What a reporter is given, and the one thing it must do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from initlint.finding import Applicability, Finding, Severity
from initlint.rule import Rule
from initlint.source.text import SourceText


@dataclass(frozen=True)
class Report:
    """The findings of a run, and what can be asked about them."""

    findings: tuple[Finding, ...]
    text: Callable[[str], SourceText | None]
    names: Callable[[Sequence[Finding]], Mapping[Finding, str]]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    files: int = 0
    fixed: int = 0
    seconds: float = 0.0
    statistics: bool = False
    quiet: bool = False

    @cached_property
    def fingerprints(self) -> Mapping[Finding, str]:
        """A name for each finding that outlasts moved lines."""
        return self.names(self.findings)

    def count(self, severity: Severity) -> int:
        """How many findings are as grave."""
        return self._severities[severity]

    def fixable(self, applicability: Applicability) -> int:
        """How many findings have a fix of this kind."""
        return sum(1 for one in self.findings if one.fix and one.fix.applicability is applicability)

    @cached_property
    def _severities(self) -> Counter[Severity]:
        return Counter(one.severity for one in self.findings)


class Reporter(Protocol):
    """A module of this folder: `render` gives the whole report as text, with its last newline."""

    def render(self, report: Report, *, color: bool = False) -> str:
        """The report."""
