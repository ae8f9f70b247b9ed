"""Fixes over a whole run: made, linted again, until nothing more can be made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from initlint.engine import Engine, Outcome
from initlint.finding import Applicability, Finding
from initlint.source.files import changed
from initlint.source.text import SourceText

_ROUNDS = 10  # each round's fixes can lay bare new ones; ruff stops where we do, at rules that undo each other


@dataclass(frozen=True)
class Repaired:
    """The run after its fixes. `changes` are (before, after) by path; nothing is written yet."""

    outcome: Outcome
    changes: Mapping[str, tuple[SourceText, SourceText]]
    fixed: int


def repair(engine: Engine, outcome: Outcome, *, unsafe: bool) -> Repaired:
    """Make every fix that may be made, again and again."""
    originals: dict[str, SourceText] = {}
    fixed = 0
    for _ in range(_ROUNDS):
        made, count = _one_round(outcome, unsafe=unsafe)
        if not made:
            break
        fixed += count
        for path in made:
            before = outcome.text(path)
            if before is not None:
                originals.setdefault(path, before)
        outcome = engine.rerun(outcome, changed(outcome.files, made.values()), list(made))
    return Repaired(outcome, changes_of(originals, outcome), fixed)


def changes_of(originals: Mapping[str, SourceText], outcome: Outcome) -> dict[str, tuple[SourceText, SourceText]]:
    """Each file that is not what it was, before and after."""
    return {
        path: (before, after)
        for path, before in originals.items()
        if (after := outcome.text(path)) is not None and after.text != before.text
    }


def fixable(findings: Iterable[Finding], *, unsafe: bool) -> list[Finding]:
    """The findings whose fix may be made."""
    return [one for one in findings if one.fix and (unsafe or one.fix.applicability is Applicability.SAFE)]


def _one_round(outcome: Outcome, *, unsafe: bool) -> tuple[dict[str, SourceText], int]:
    from initlint.fixer.apply import apply_fixes  # only where there is something to fix

    by_path: dict[str, list[Finding]] = defaultdict(list)
    for finding in fixable(outcome.findings, unsafe=unsafe):
        by_path[finding.path].append(finding)
    made: dict[str, SourceText] = {}
    count = 0
    for path, findings in by_path.items():
        source = outcome.text(path)
        if source is None:
            continue
        result = apply_fixes(source, findings, unsafe=unsafe)
        if result.text != source.text:
            made[path] = result.source
            count += len(result.applied)
    return made, count
