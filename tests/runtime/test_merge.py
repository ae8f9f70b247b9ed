"""One mistake, one finding, whichever side saw it."""

from __future__ import annotations

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
        finding("INI101", 2, evidence=Evidence.RUNTIME),
        finding("INI101", 4, evidence=Evidence.RUNTIME, path="other.py"),
    ]

    assert [(2, "runtime"), (4, "source"), (4, "runtime"), (4, "runtime")] == [
        (f.span.line, f.evidence.value) for f in merge(source, runtime)
    ]
