"""Findings as JSON can hold them, and back: what the cache keeps.

All but `concerns`: only `describe` wants them, and it never asks the cache.
"""

from __future__ import annotations

from initlint.finding import Applicability, Confidence, Edit, Evidence, Finding, Fix, Severity, Span


def encode(finding: Finding) -> list[object]:
    """A finding as JSON can hold it."""
    fix = finding.fix
    return [
        finding.code,
        finding.name,
        finding.severity.value,
        finding.path,
        _numbers(finding.span),
        finding.message,
        finding.help,
        finding.layer,
        finding.confidence.value,
        finding.evidence.value,
        finding.cell,
        fix and [fix.applicability.value, fix.message, [[_numbers(e.span), e.replacement, e.cell] for e in fix.edits]],
    ]


def decode(row: list[object]) -> Finding:
    """The way back. Raises ValueError or TypeError for what is no finding."""
    code, name, severity, path, span, message, help_text, layer, confidence, evidence, cell, fix = row
    return Finding(
        str(code),
        str(name),
        Severity(severity),
        str(path),
        _span(span),
        str(message),
        str(help_text),
        None if layer is None else str(layer),
        Confidence(confidence),
        Evidence(evidence),
        cell if isinstance(cell, int) else None,
        _fix(fix),
    )


def _fix(row: object) -> Fix | None:
    if not isinstance(row, list):
        return None
    applicability, message, edits = row
    made = tuple(Edit(_span(span), str(text), cell) for span, text, cell in edits)
    return Fix(Applicability(applicability), str(message), made)


def _numbers(span: Span) -> list[int]:
    return [span.line, span.column, span.end_line, span.end_column]


def _span(numbers: object) -> Span:
    if not isinstance(numbers, list):
        raise TypeError(numbers)
    line, column, end_line, end_column = map(int, numbers)
    return Span(line, column, end_line, end_column)
