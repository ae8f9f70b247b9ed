"""The fixtures' texts, and what all rules together make of a text."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from initlint.config import Settings
from initlint.engine import Engine, Outcome, make
from initlint.finding import Finding, Severity
from initlint.fixer.apply import apply_fixes
from initlint.source.files import given
from initlint.source.text import SourceText

FIXTURES = Path(__file__).parents[2] / "fixtures"
BAD = sorted(path.parent / "bad.py" for path in FIXTURES.glob("ini*/fixed.py"))
GOOD = sorted([*FIXTURES.glob("ini*/good.py"), *FIXTURES.glob("wild/*.py")])
ALL = sorted([*FIXTURES.glob("ini*/bad.py"), *GOOD])


def every_rule() -> Engine:
    """All rules, at every severity."""
    return make(Settings(min_severity=Severity.INFO, cache=False, jobs=1))


def lint(engine: Engine, text: str, path: str = "net.py") -> Outcome:
    """All findings on a text."""
    return engine.run(given(path, text.encode()))


def once(source: SourceText, findings: Sequence[Finding], *, unsafe: bool = True) -> tuple[SourceText, list[Finding]]:
    """One round of fixes, and which were made."""
    result = apply_fixes(source, findings, unsafe=unsafe)
    return result.source, list(result.applied)


def kept(source: SourceText, made: Sequence[Finding]) -> list[str]:
    """The stretches of a text between the statements that the fixes edit, in order."""
    starts = [0]
    for line in source.lines:
        starts.append(starts[-1] + len(line) + 1)

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + column - 1

    extents = sorted(_extents(source, offset))
    cuts: list[tuple[int, int]] = []
    for edit in (edit for one in made if one.fix for edit in one.fix.edits):
        low, high = offset(edit.span.line, edit.span.column), offset(edit.span.end_line, edit.span.end_column)
        touched = [(start, end) for start, end in extents if low < end and start < high] if low < high else []
        cuts.append((min([low, *(start for start, _ in touched)]), max([high, *(end for _, end in touched)])))
    pieces, place = [], 0
    for low, high in sorted(cuts):
        if low >= place:
            pieces.append(source.text[place:low])
        place = max(place, high)
    return [*pieces, source.text[place:]]


def _extents(source: SourceText, offset):  # type: ignore[no-untyped-def]
    """Simple statements, and the headers of compound ones."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.stmt):
            continue
        span = source.span(node)
        start, end = offset(span.line, span.column), offset(span.end_line, span.end_column)
        inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, (ast.stmt, ast.match_case))]
        if inner and isinstance(inner[0], ast.stmt):
            first = source.span(inner[0])
            end = start + len(source.text[start : offset(first.line, first.column)].rstrip())
        yield start, end


def survive(pieces: Sequence[str], text: str) -> bool:
    """Whether the pieces stand in the text, in order, the first at its start and the last at its end."""
    if not text.startswith(pieces[0]) or not text.endswith(pieces[-1]):
        return False
    place = 0
    for piece in pieces:
        found = text.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return True
