"""One line a finding: for editors, grep and people in a hurry."""

from __future__ import annotations

from initlint.finding import Finding, Span
from initlint.report.harmless import visible, visible_path
from initlint.report.model import Report
from initlint.report.statistics import table
from initlint.report.styled import Line, to_text
from initlint.report.summary import closing


def render(report: Report, *, color: bool = False) -> str:
    """`path:line:column: CODE message`, then the count."""
    lines = table(report) if report.statistics else [_line(finding) for finding in report.findings]
    return to_text([*lines, *closing(report)], color=color)


def place(finding: Finding) -> str:
    """Where it is, as editors follow it."""
    return spot(finding.path, finding.cell, finding.span)


def spot(path: str, cell: int | None, span: Span) -> str:
    """A place in a file or in a notebook's cell, as editors follow it."""
    within = f":cell {cell}" if cell else ""
    return f"{visible_path(path)}{within}:{span.line}:{span.column}"


def _line(finding: Finding) -> Line:
    mark = [("[*] ", "cyan")] if finding.fix else []
    return [(f"{place(finding)}: ", "bold"), (f"{finding.code} ", "bold red"), *mark, (visible(finding.message), "")]
