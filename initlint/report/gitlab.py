"""GitLab's code quality report."""

from __future__ import annotations

import json

from initlint.finding import Severity
from initlint.report.harmless import visible, whole_characters
from initlint.report.model import Report

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.INFO: "info"}


def render(report: Report, *, color: bool = False) -> str:
    """A list with one object a finding."""
    rows = [
        {
            "check_name": finding.code,
            "description": visible(f"{finding.code} {finding.name}: {finding.message}"),
            "severity": _SEVERITIES[finding.severity],
            "fingerprint": report.fingerprints[finding],
            "location": {
                "path": whole_characters(finding.path.replace("\\", "/")),
                "positions": {
                    "begin": {"line": finding.span.line, "column": finding.span.column},
                    "end": {"line": finding.span.end_line, "column": finding.span.end_column},
                },
            },
        }
        for finding in report.findings
    ]
    return json.dumps(rows, indent=2) + "\n"
