"""The documented JSON: one object, stable for scripts."""

from __future__ import annotations

import json
from typing import Any

from initlint.finding import Finding, Severity, Span
from initlint.report.harmless import whole_characters
from initlint.report.model import Report


def render(report: Report, *, color: bool = False) -> str:
    """One object with the findings and a summary."""
    content: dict[str, Any] = {"version": 1, "findings": [finding_object(one) for one in report.findings]}
    content["summary"] = _summary(report)
    return json.dumps(content, indent=2) + "\n"


def finding_object(finding: Finding) -> dict[str, Any]:
    """One finding in the documented shape."""
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "evidence": finding.evidence.value,
        "path": whole_characters(finding.path.replace("\\", "/")),
        "cell": finding.cell,
        **_place(finding.span),
        "layer": None if finding.layer is None else whole_characters(finding.layer),
        "message": whole_characters(finding.message),
        "help": whole_characters(finding.help),
        "fix": _fix(finding),
        "url": finding.url,
    }


def _fix(finding: Finding) -> dict[str, Any] | None:
    fix = finding.fix
    if fix is None:
        return None
    edits = [{**_place(edit.span), "replacement": whole_characters(edit.replacement)} for edit in fix.edits]
    return {"applicability": fix.applicability.value, "message": whole_characters(fix.message), "edits": edits}


def _place(span: Span) -> dict[str, int]:
    return {"line": span.line, "column": span.column, "end_line": span.end_line, "end_column": span.end_column}


def _summary(report: Report) -> dict[str, Any]:
    return {
        "files": report.files,
        "files_with_findings": len({one.path for one in report.findings}),
        "errors": report.count(Severity.ERROR),
        "warnings": report.count(Severity.WARNING),
        "infos": report.count(Severity.INFO),
        "fixable": sum(1 for one in report.findings if one.fix),
        "fixed": report.fixed,
        "seconds": round(report.seconds, 3),
    }
