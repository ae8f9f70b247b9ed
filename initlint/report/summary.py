"""The last lines of a report for people: how many, how grave, what can be fixed."""

from __future__ import annotations

from initlint.finding import Applicability, Severity
from initlint.report.model import Report
from initlint.report.styled import Line


def closing(report: Report) -> list[Line]:
    """The count, and how to have the fixes made."""
    if report.quiet:
        return []
    if not report.findings:
        fixed = f" ({plural(report.fixed, 'finding')} fixed)" if report.fixed else ""
        if not report.files:
            return [[("No Python files found.", "bold yellow")]]
        return [[("All checks passed!", "bold green"), (f"{fixed}", "")]]
    counts = [(severity, report.count(severity)) for severity in Severity]
    parts = ", ".join(plural(count, _WORDS[severity]) for severity, count in counts if count)
    fixed = f" ({report.fixed} fixed, {len(report.findings)} remaining)" if report.fixed else ""
    return [[(f"Found {plural(len(report.findings), 'finding')}: {parts}{fixed}.", "bold")], *_offers(report)]


_WORDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def _offers(report: Report) -> list[Line]:
    safe, unsafe = report.fixable(Applicability.SAFE), report.fixable(Applicability.UNSAFE)
    lines: list[Line] = []
    if safe:
        lines.append([("[*]", "cyan"), (f" {safe} fixable with `--fix`", "")])
    if unsafe:
        more = " more" if safe else ""
        lines.append([("[*]", "cyan"), (f" {unsafe}{more} fixable with `--fix --unsafe-fixes`", "")])
    return lines


def plural(count: int, word: str) -> str:
    """The count and the word, in the right number."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
