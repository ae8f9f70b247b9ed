"""JUnit's XML: each finding is a failed test, a file a suite."""

from __future__ import annotations

from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from initlint.finding import Finding
from initlint.report.harmless import visible, visible_lines
from initlint.report.model import Report


def render(report: Report, *, color: bool = False) -> str:
    """One `testsuites` element; a clean run has one test that passed, as CI systems refuse an empty report."""
    suites = [_suite(path, list(group)) for path, group in groupby(report.findings, key=lambda one: one.path)]
    if not suites:
        suites = ['  <testsuite name="initlint" tests="1" failures="0" errors="0">\n    <testcase name="clean" />']
        suites = [f"{suites[0]}\n  </testsuite>\n"]
    count = max(1, len(report.findings))
    head = f'<testsuites name="initlint" tests="{count}" failures="{len(report.findings)}" errors="0">\n'
    return f'<?xml version="1.0" encoding="utf-8"?>\n{head}{"".join(suites)}</testsuites>\n'


def _suite(path: str, findings: list[Finding]) -> str:
    cases = "".join(_case(path, finding) for finding in findings)
    counts = f'tests="{len(findings)}" failures="{len(findings)}" errors="0"'
    return f"  <testsuite name={_attribute(path)} {counts}>\n{cases}  </testsuite>\n"


def _case(path: str, finding: Finding) -> str:
    cell = f"cell {finding.cell}, " if finding.cell else ""
    where = f"{cell}line {finding.span.line}, column {finding.span.column}"
    text = "\n".join([f"{where}: {visible(finding.message)}", *visible_lines(finding.help)]).rstrip()
    name = f"{finding.code} {finding.name} ({where})"
    place = f'classname={_attribute(path)} line="{finding.span.line}" column="{finding.span.column}"'
    failure = f"<failure message={_attribute(finding.message)} type={_attribute(finding.severity.value)}>"
    return f"    <testcase name={_attribute(name)} {place}>\n      {failure}{escape(text)}</failure>\n    </testcase>\n"


def _attribute(text: str) -> str:
    return quoteattr(visible(text))
