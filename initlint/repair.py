"""Fixes over a whole run: made, linted again, until nothing more can be made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from initlint.engine import Engine, Outcome
from initlint.finding import Applicability, Finding
from initlint.source.files import changed
from initlint.source.text import SourceText

_RAISING = "INI6"
_Key = tuple[str, str, "str | None"]
_ROUNDS = 10  # each round's fixes can lay bare new ones; ruff stops where we do, at rules that undo each other


@dataclass(frozen=True)
class Repaired:
    """The run after its fixes. `changes` are (before, after) by path; nothing is written yet."""

    outcome: Outcome
    changes: Mapping[str, tuple[SourceText, SourceText]]
    fixed: int


def repair(engine: Engine, outcome: Outcome, *, unsafe: bool) -> Repaired:
    """Make every fix that may be made, again and again; one that its own rule does not accept is not made."""
    originals: dict[str, SourceText] = {}
    refused: set[_Key] = set()
    alone: set[_Key] = set()  # what seemed useless beside others, which may have laid bare as many as it mended
    fixed = 0
    for _ in range(_ROUNDS):
        wanted = [one for one in fixable(outcome.findings, unsafe=unsafe) if key(one) not in refused]
        made, applied = _one_round(outcome, [one for one in wanted if not alone or key(one) in alone], unsafe=unsafe)
        if not made:
            break
        after = engine.rerun(outcome, changed(outcome.files, made.values()), list(made))
        useless = _useless(outcome, after, applied)
        if useless:
            mixed = any(key(one) not in useless for one in applied)
            refused, alone = (refused, useless) if mixed else (refused | useless, set())
            continue
        alone = set()
        fixed += len(applied)
        for path in made:
            before = outcome.text(path)
            if before is not None:
                originals.setdefault(path, before)
        outcome = after
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


def key(finding: Finding) -> _Key:
    """What a finding is about, wherever it stands."""
    return finding.code, finding.path, finding.layer


def _is_raising(finding: Finding) -> bool:
    return finding.code.startswith(_RAISING)


def _useless(before: Outcome, after: Outcome, applied: Iterable[Finding]) -> set[_Key]:
    """What the rules say as often as before, although it was fixed."""
    said, still = Counter(map(key, before.findings)), Counter(map(key, after.findings))
    return {key(one) for one in applied if still[key(one)] >= said[key(one)]}


def _one_round(
    outcome: Outcome, found: Collection[Finding], *, unsafe: bool
) -> tuple[dict[str, SourceText], list[Finding]]:
    raising = {one.path for one in found if _is_raising(one)}
    # Behind a line that raises, little can be known.
    return apply(outcome, [one for one in found if _is_raising(one) or one.path not in raising], unsafe=unsafe)


def apply(outcome: Outcome, fixes: Iterable[Finding], *, unsafe: bool) -> tuple[dict[str, SourceText], list[Finding]]:
    """The texts that these fixes change, and the findings whose fixes went together."""
    from initlint.fixer.apply import apply_fixes  # only where there is something to fix

    by_path: dict[str, list[Finding]] = defaultdict(list)
    for finding in fixes:
        by_path[finding.path].append(finding)
    made: dict[str, SourceText] = {}
    applied: list[Finding] = []
    for path, findings in by_path.items():
        source = outcome.text(path)
        if source is None:
            continue
        result = apply_fixes(source, findings, unsafe=unsafe)
        if result.text != source.text:
            made[path] = result.source
            applied += result.applied
    return made, applied
