"""GitHub's workflow commands: each finding annotates its line in the pull request."""

from __future__ import annotations

from initlint.finding import Finding, Severity
from initlint.report.harmless import visible, whole_characters
from initlint.report.model import Report

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, *, color: bool = False) -> str:
    """One command a finding."""
    return "".join(f"{_command(finding)}\n" for finding in report.findings)


def _command(finding: Finding) -> str:
    span = finding.span
    place = {
        "title": f"{finding.code} {finding.name}",
        "file": finding.path.replace("\\", "/"),
        "line": str(span.line),
        "endLine": str(span.end_line),
    }
    if span.line == span.end_line:  # the columns of a longer range are refused
        place |= {"col": str(span.column), "endColumn": str(span.end_column)}
    properties = ",".join(f"{name}={_property(value)}" for name, value in place.items())
    cell = f"cell {finding.cell}, " if finding.cell else ""
    where = f"{visible(finding.path)}:{cell}{span.line}:{span.column}: "
    text = f"{where}{finding.code} {finding.message}" + (f"\n{finding.help}" if finding.help else "")
    return f"::{_COMMANDS[finding.severity]} {properties}::{_data(text)}"


def _data(text: str) -> str:
    """The escapes of the runner's own parser; other controls become visible."""
    lines = [visible(line).replace("%", "%25") for line in whole_characters(text).split("\n")]
    return "%0A".join(lines)


def _property(text: str) -> str:
    return visible(text).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
