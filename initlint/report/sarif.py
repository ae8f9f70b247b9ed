"""SARIF 2.1.0: what code scanning services read."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from initlint import __version__
from initlint.finding import Edit, Finding, Severity, Span
from initlint.report.harmless import visible_lines, whole_characters
from initlint.report.model import Report
from initlint.rule import Rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_LINK = re.compile(r"[\[\]](?=[^\[\]]*\]\()|\](?=\()")  # in a message, `[text](1)` is a link


def render(report: Report, *, color: bool = False) -> str:
    """One run with the rules it found anything for."""
    codes = sorted({one.code for one in report.findings})
    driver = {
        "name": "initlint",
        "version": __version__,
        "informationUri": "https://initlint.readthedocs.io",
        "rules": [_rule(code, report.rules.get(code), report.findings) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, codes.index(one.code), report.fingerprints[one]) for one in report.findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str, rule: Rule | None, findings: tuple[Finding, ...]) -> dict[str, Any]:
    sample = next(one for one in findings if one.code == code)
    content: dict[str, Any] = {
        "id": code,
        "name": sample.name,
        "helpUri": sample.url,
        "defaultConfiguration": {"level": _LEVELS[rule.severity if rule else sample.severity]},
    }
    if rule is not None and rule.__doc__:
        import inspect  # costs as much as all the rest of this report

        page = inspect.cleandoc(rule.__doc__)
        content["shortDescription"] = {"text": page.split("\n", 1)[0]}
        content["help"] = {"text": page, "markdown": page}
    return content


def _result(finding: Finding, index: int, fingerprint: str) -> dict[str, Any]:
    text = finding.message + (f"\n{finding.help}" if finding.help else "")
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(finding.path)}, "region": _region(finding.span)}
    }
    if finding.layer:
        location["logicalLocations"] = [{"fullyQualifiedName": whole_characters(finding.layer)}]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(text)},
        "locations": [location],
        "partialFingerprints": {"initlint/v1": fingerprint},
        "properties": {"confidence": finding.confidence.value, "evidence": finding.evidence.value},
    }
    if finding.cell is not None:
        result["properties"]["cell"] = finding.cell
    if finding.fix:
        change = {
            "artifactLocation": {"uri": _uri(finding.path)},
            "replacements": [_replacement(edit) for edit in finding.fix.edits],
        }
        result["fixes"] = [{"description": {"text": _message(finding.fix.message)}, "artifactChanges": [change]}]
    return result


def _replacement(edit: Edit) -> dict[str, Any]:
    return {"deletedRegion": _region(edit.span), "insertedContent": {"text": whole_characters(edit.replacement)}}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _uri(path: str) -> str:
    try:
        data = path.replace("\\", "/").encode(errors="surrogateescape")  # bytes that were no text, as they were
    except UnicodeEncodeError:
        data = whole_characters(path).encode()
    return quote(data)


def _message(text: str) -> str:
    lines = "\n".join(visible_lines(text))
    return _LINK.sub(lambda match: f"\\{match[0]}", lines)
