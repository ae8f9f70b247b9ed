"""`--add-ignores`: a comment for every finding, so that a project can start clean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from initlint.finding import Finding
from initlint.source.suppress import Ignore, end_of_statement, find
from initlint.source.text import SourceText

_NOT_SILENCED = ("INI001", "INI002", "INI003")  # an ignore for an ignore, or in a file that cannot be read


def annotate(source: SourceText, findings: Iterable[Finding]) -> tuple[SourceText, int]:
    """The text with ignore comments, and how many findings they silence.

    A comment goes to the finding's first line; where none can stand there (a string or a backslash goes on), to the
    end of the statement.
    """
    codes: dict[int, set[str]] = defaultdict(set)
    lines = list(source.lines)
    count = 0
    for finding in findings:
        span = source.absolute(finding.cell, finding.span)
        if finding.code in _NOT_SILENCED:
            continue
        line = _line_for_comment(source, span.line)
        if line is not None:
            codes[line].add(finding.code)
            count += 1
    present = {one.span.line: one for one in find(source).ignores if not one.noqa and one.codes is not None}
    for line, new in codes.items():
        lines[line - 1] = _with_codes(lines[line - 1], present.get(line), sorted(new))
    return replace(source, text="\n".join(lines)), count


def _with_codes(line: str, ignore: Ignore | None, codes: list[str]) -> str:
    if ignore is None or ignore.codes is None:
        return f"{line.rstrip()}  # initlint: ignore[{', '.join(codes)}]"
    start, end = ignore.span.column - 1, ignore.span.end_column - 1
    joined = ", ".join(dict.fromkeys([*ignore.codes, *codes]))
    return f"{line[:start]}# initlint: ignore[{joined}]{line[end:]}"


def _line_for_comment(source: SourceText, first: int) -> int | None:
    """The line on which a comment is a comment, and reaches a finding on line `first`."""
    for line in dict.fromkeys((first, end_of_statement(source.text, first))):
        lines = list(source.lines)
        if lines[line - 1].rstrip().endswith("\\"):
            continue
        lines[line - 1] = f"{lines[line - 1]}  # initlint: ignore"
        ignores = find(replace(source, text="\n".join(lines))).ignores
        if any(one.span.line == line and one.codes is None and one.reaches(first) for one in ignores):
            return line
    return None
