"""Fixes made on a text: each whole or not at all, and only what still parses."""

from __future__ import annotations

import ast
import dataclasses
import warnings
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from initlint.finding import Applicability, Edit, Finding
from initlint.source.text import SourceText


@dataclass(frozen=True, slots=True)
class FixResult:
    """The text after the fixes. `skipped`: eligible, but at odds with an earlier one; lint again and they may fit."""

    source: SourceText
    applied: tuple[Finding, ...]
    skipped: tuple[Finding, ...]

    @property
    def text(self) -> str:
        """The new text, all cells of a notebook joined."""
        return self.source.text


@dataclass(frozen=True, slots=True, order=True)
class _Change:
    """An edit in offsets of the whole text; `low` and `high` bound the statement that it changes."""

    start: int
    end: int
    text: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class _Repair:
    finding: Finding
    changes: tuple[_Change, ...]


def apply_fixes(source: SourceText, findings: Sequence[Finding], *, unsafe: bool) -> FixResult:
    """Make the fixes of `findings` that go together, the first in reading order first.

    Two fixes that touch one place, or one statement, do not go together, unless the edits there are the same (an
    import that both need). What is made leaves a text that parses.
    """
    eligible = [finding for finding in sorted(findings, key=lambda one: one.sort_key) if _wanted(finding, unsafe)]
    places = _Places(source)
    chosen: list[_Repair] = []
    for finding in eligible:
        changes = places.changes(finding)
        if changes is not None and _fits(changes, [change for repair in chosen for change in repair.changes]):
            chosen.append(_Repair(finding, changes))
    text = _edited(source.text, chosen)
    if not _is_sound(source, text):
        chosen = _sound(source, chosen)
        text = _edited(source.text, chosen)
    applied = tuple(repair.finding for repair in chosen)
    skipped = tuple(finding for finding in eligible if not any(finding is one for one in applied))
    return FixResult(_moved(source, text, chosen, places), applied, skipped)


class _Places:
    """From lines and columns to offsets, and from offsets to statements."""

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.line_starts = [0]
        for line in source.lines:
            self.line_starts.append(self.line_starts[-1] + len(line) + 1)
        self.first_lines = {cell.number: cell.first_line for cell in source.cells}
        self.statements = sorted(self._extents())

    def changes(self, finding: Finding) -> tuple[_Change, ...] | None:
        """The edits of a fix in order; None where they overlap or lie outside the text."""
        assert finding.fix is not None
        try:
            found = sorted({self._change(edit, finding) for edit in finding.fix.edits})
        except LookupError:
            return None
        overlap = any(left.end > right.start for left, right in pairwise(found))
        return None if overlap or not found else tuple(found)

    def offset(self, line: int, column: int) -> int:
        """Where a line and column of the whole text is; LookupError where there is no such place."""
        if not 1 <= line <= len(self.source.lines) + 1 or column < 1:
            raise LookupError(line)
        found = self.line_starts[line - 1] + column - 1
        if found >= self.line_starts[min(line, len(self.line_starts) - 1)] and found > len(self.source.text):
            raise LookupError(column)
        return found

    def _change(self, edit: Edit, finding: Finding) -> _Change:
        cell = edit.cell if edit.cell is not None else finding.cell
        shift = self.first_lines[cell] - 1 if self.first_lines and cell is not None else 0
        span = edit.span
        start, end = self.offset(span.line + shift, span.column), self.offset(span.end_line + shift, span.end_column)
        if start > end:
            raise LookupError(span)
        low, high = self._statement(start, end) if start < end else (start, end)
        return _Change(start, end, edit.replacement, low, high)

    def _statement(self, start: int, end: int) -> tuple[int, int]:
        """`start` and `end`, widened to the statements that lie between them in part."""
        low, high = start, end
        index = max(0, bisect_left(self.statements, (start, start)) - 1)
        for begin, finish in self.statements[index:]:
            if begin >= end:
                break
            if finish > start:
                low, high = min(low, begin), max(high, finish)
        return low, high

    def _extents(self) -> Iterable[tuple[int, int]]:
        """Where each simple statement, and each header of a compound one, begins and ends."""
        try:
            nodes = [node for node in ast.walk(self.source.tree) if isinstance(node, ast.stmt)]
        except (SyntaxError, ValueError, RecursionError):
            return
        for node in nodes:
            span = self.source.span(node)
            start, end = self.offset(span.line, span.column), self.offset(span.end_line, span.end_column)
            inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, (ast.stmt, ast.match_case))]
            if inner:
                place = self.source.span(inner[0].pattern if isinstance(inner[0], ast.match_case) else inner[0])
                first = self.offset(place.line, place.column)
                end = start + len(self.source.text[start:first].rstrip())
            yield start, end


def _wanted(finding: Finding, unsafe: bool) -> bool:
    return finding.fix is not None and (unsafe or finding.fix.applicability is Applicability.SAFE)


def _fits(changes: Iterable[_Change], taken: Sequence[_Change]) -> bool:
    return not any(new != old and new.low <= old.high and old.low <= new.high for new in changes for old in taken)


def _edited(text: str, repairs: Iterable[_Repair]) -> str:
    pieces, place = [], 0
    for change in sorted({change for repair in repairs for change in repair.changes}):
        pieces += [text[place : change.start], change.text]
        place = change.end
    return "".join([*pieces, text[place:]])


def _sound(source: SourceText, repairs: Iterable[_Repair]) -> list[_Repair]:
    """The repairs that can be made one after the other without the text ceasing to hold."""
    kept: list[_Repair] = []
    for repair in repairs:
        if _is_sound(source, _edited(source.text, [*kept, repair])):
            kept.append(repair)
    return kept


def _is_sound(source: SourceText, text: str) -> bool:
    """Whether it parses, and one fix does not use the import that another found to be of no use any more."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a stray backslash in the user's strings is not our concern
            tree = ast.parse(text)
        lost = _imported(source.tree) - _imported(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return not any(isinstance(node, ast.Name) and node.id in lost for node in ast.walk(tree))


def _imported(tree: ast.Module) -> set[str]:
    imports = (node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)))
    return {(alias.asname or alias.name).partition(".")[0] for node in imports for alias in node.names}


def _moved(source: SourceText, text: str, repairs: Iterable[_Repair], places: _Places) -> SourceText:
    changes = {change for repair in repairs for change in repair.changes}

    def shift(line: int) -> int:
        start = places.line_starts[line - 1]
        return sum(
            change.text.count("\n") - source.text.count("\n", change.start, change.end)
            for change in changes
            if change.start < start
        )

    cells = tuple(
        dataclasses.replace(cell, first_line=cell.first_line + shift(cell.first_line)) for cell in source.cells
    )
    return dataclasses.replace(source, text=text, cells=cells)
