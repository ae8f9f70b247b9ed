"""Code frames: the finding, the lines it stands on, what to do, and the fix that is offered."""

from __future__ import annotations

from initlint.finding import Evidence, Finding, Severity, Span
from initlint.report.concise import place
from initlint.report.harmless import visible, visible_lines
from initlint.report.model import Report
from initlint.report.statistics import table
from initlint.report.styled import Line, to_text
from initlint.report.summary import closing
from initlint.source.text import SourceText

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold blue"}
_AROUND = 2  # lines shown before and after
_MOST = 8  # lines of the finding itself; of a longer one the middle is left out
_WIDTH = 200  # characters of a line: generated code can have lines of a megabyte


def render(report: Report, *, color: bool = False) -> str:
    """Every finding with its frame, then the count."""
    if report.statistics:
        return to_text([*table(report), *closing(report)], color=color)
    lines = [line for finding in report.findings for line in [*_block(finding, report.text(finding.path)), []]]
    return to_text([*lines, *closing(report)], color=color)


def _block(finding: Finding, source: SourceText | None) -> list[Line]:
    style = _STYLES[finding.severity]
    mark = [("[*] ", "cyan")] if finding.fix else []
    head: Line = [
        (f"{finding.code} ", style),
        *mark,
        (f"{finding.name} ", "bold"),
        (f"({finding.severity.value}): ", style),
        (visible(finding.message), "bold"),
    ]
    frame = _frame(finding, source, style) if source is not None else []
    gutter = " " * _gutter_width(finding, source)
    where: Line = [(f"{gutter}--> ", "bold blue"), (place(finding), "")]
    known = [visible(finding.layer)] if finding.layer else []
    if finding.evidence is Evidence.BOTH:
        known.append("so it is on the live model")
    if known:
        where.append((f" ({'; '.join(known)})", "dim"))
    return [head, where, *frame, *_notes(finding)]


def _gutter_width(finding: Finding, source: SourceText | None) -> int:
    return 1 if source is None else len(str(finding.span.end_line + _AROUND))


def _frame(finding: Finding, source: SourceText, style: str) -> list[Line]:
    """The lines around, numbered as in the file or in the cell, the finding underlined."""
    span, shift = _clamped(finding, source)
    first, last = _bounds(source, span)
    width = _gutter_width(finding, source)
    bar: Line = [(" " * width + " |", "bold blue")]
    lines: list[Line] = [bar]
    for number in range(first, last + 1):
        if span.line + _MOST // 2 < number <= span.end_line - _MOST // 2 and span.end_line - span.line >= _MOST:
            if number == span.line + _MOST // 2 + 1:
                lines.append([(" " * width + " ...", "bold blue")])
            continue
        text = _written(source, number)
        lines.append([(f"{number - shift:>{width}} | ", "bold blue"), (visible(_expand(text))[:_WIDTH], "")])
        if marker := _marker(text, number, span):
            lines.append([(" " * width + " | ", "bold blue"), (marker, style)])
    return [*lines, bar]


def _written(source: SourceText, number: int) -> str:
    """A line as its author wrote it: in a notebook, with its magics."""
    if not source.cells:
        return source.lines[number - 1]
    from initlint.source.notebook import restore  # json is only for notebooks

    return restore(source.lines[number - 1])


def _clamped(finding: Finding, source: SourceText) -> tuple[Span, int]:
    """The finding's span in the whole text, and by how much the lines shown are numbered lower."""
    span = source.absolute(finding.cell, finding.span)
    count = len(source.lines)
    line = min(span.line, count)
    clamped = Span(line, span.column, min(max(span.end_line, line), count), span.end_column)
    return clamped, span.line - finding.span.line


def _bounds(source: SourceText, span: Span) -> tuple[int, int]:
    """The first and last line shown: never beyond the notebook's cell, without blank edges."""
    cell = [one for one in source.cells if one.first_line <= span.line]
    after = [one for one in source.cells if one.first_line > span.line]
    lowest = cell[-1].first_line if cell else 1
    highest = after[0].first_line - 1 if after else len(source.lines)
    first, last = max(lowest, span.line - _AROUND), min(highest, span.end_line + _AROUND)
    while first < span.line and not source.lines[first - 1].strip():
        first += 1
    while last > span.end_line and not source.lines[last - 1].strip():
        last -= 1
    return first, last


def _marker(text: str, number: int, span: Span) -> str:
    """The underline of one line of the finding."""
    if not span.line <= number <= span.end_line:
        return ""
    start = span.column - 1 if number == span.line else len(text) - len(text.lstrip())
    end = span.end_column - 1 if number == span.end_line else len(text.rstrip())
    before, under = visible(_expand(text[:start])), visible(_expand(text[start:end]))
    return (" " * _cells(before) + "^" * max(1, _cells(under)))[:_WIDTH]


def _expand(text: str) -> str:
    return text.replace("\t", "    ")


def _cells(text: str) -> int:
    """How wide the text is on a terminal: East Asian characters take two places."""
    if text.isascii():
        return len(text)
    import unicodedata  # only for the text that needs it

    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _notes(finding: Finding) -> list[Line]:
    notes = _note("help", finding.help) if finding.help else []
    if finding.fix:
        notes += _note(f"fix ({finding.fix.applicability.value})", finding.fix.message)
    return notes


def _note(title: str, text: str) -> list[Line]:
    first, *rest = visible_lines(text)
    return [[(f"{title}: ", "bold cyan"), (first, "")], *([(f"  {line}", "")] for line in rest)]
