"""One mistake, one finding, whichever side saw it."""

from __future__ import annotations

from dataclasses import replace

from initlint.finding import Evidence, Finding, Severity, Span
from initlint.runtime.checks import merge


def finding(code: str, line: int, *, evidence: Evidence, end: int = 0, path: str = "net.py") -> Finding:
    """A finding on a line."""
    span = Span(line, 1, end or line, 9)
    return Finding(code, code.lower(), Severity.ERROR, path, span, "m", layer="Net.fc.weight", evidence=evidence)


def test_both() -> None:
    """The same code on the same statement becomes one finding with both evidences."""
    source = finding("INI101", 4, end=6, evidence=Evidence.SOURCE)
    runtime = finding("INI101", 5, evidence=Evidence.RUNTIME)

    assert [("INI101", Evidence.BOTH, 4)] == [(f.code, f.evidence, f.span.line) for f in merge([source], [runtime])]


def test_others_stay() -> None:
    """Another code, line or file is another finding; the list is in reading order."""
    source = [finding("INI101", 4, evidence=Evidence.SOURCE)]
    runtime = [
        finding("INI102", 4, evidence=Evidence.RUNTIME),
        replace(finding("INI101", 2, evidence=Evidence.RUNTIME), layer="Net.other.weight"),
        finding("INI101", 4, evidence=Evidence.RUNTIME, path="other.py"),
    ]

    assert [(2, "runtime"), (4, "source"), (4, "runtime"), (4, "runtime")] == [
        (f.span.line, f.evidence.value) for f in merge(source, runtime)
    ]


def test_same_weight() -> None:
    """One code on one weight is one finding, though the sides point at different lines: the graver severity counts."""
    source = replace(finding("INI403", 4, evidence=Evidence.SOURCE), severity=Severity.INFO)
    runtime = replace(finding("INI403", 9, evidence=Evidence.RUNTIME), severity=Severity.WARNING)

    assert [(4, "both", "warning")] == [
        (one.span.line, one.evidence.value, one.severity.value) for one in merge([source], [runtime])
    ]


def test_statement_before_weight() -> None:
    """The finding on the same statement is the twin, not another weight's that happens to come first."""
    source = [finding("INI304", 4, evidence=Evidence.SOURCE), finding("INI304", 6, evidence=Evidence.SOURCE)]
    runtime = [replace(finding("INI304", 6, evidence=Evidence.RUNTIME), layer="Net.other.weight")]

    assert [(4, "source"), (6, "both")] == [(one.span.line, one.evidence.value) for one in merge(source, runtime)]
