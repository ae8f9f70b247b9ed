"""Fixes that prove themselves: each is tried in the child before it is kept, and taken back where it does not help."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from initlint.engine import Engine, Outcome
from initlint.finding import Finding
from initlint.fixer.apply import apply_fixes
from initlint.fixer.judge import Case, is_preserving, is_raising, judge
from initlint.fixer.proof import Proof, Verdict
from initlint.fixer.touched import Class, classes, rows
from initlint.fixer.trial import Bench, Trial
from initlint.repair import Repaired, changes_of, fixable
from initlint.source.files import changed
from initlint.source.text import SourceText

_ROUNDS = 20  # twice as many as without --verify: value-preserving fixes come in rounds of their own

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Verified:
    """The run after the fixes that held, and what was found out about each."""

    repaired: Repaired
    proofs: tuple[Proof, ...]


def verify(engine: Engine, outcome: Outcome, *, unsafe: bool, progress: Progress = lambda text: None) -> Verified:
    """Make every fix that may be made and that proves itself, again and again."""
    return _Verifier(engine, Bench(engine.settings), unsafe, progress).run(outcome)


@dataclass
class _Verifier:
    engine: Engine
    bench: Bench
    unsafe: bool
    progress: Progress
    originals: dict[str, SourceText] = field(default_factory=dict)
    refused: set[tuple[str, str, str]] = field(default_factory=set)
    proofs: list[Proof] = field(default_factory=list)

    def run(self, outcome: Outcome) -> Verified:
        """Round after round, until nothing is left to make that was not refused."""
        for _ in range(_ROUNDS):
            fixes = self._next(outcome)
            if not fixes:
                break
            outcome = self._round(outcome, fixes)
        fixed = sum(proof.verdict is not Verdict.TAKEN_BACK for proof in self.proofs)
        repaired = Repaired(outcome, changes_of(self.originals, outcome), fixed)
        return Verified(repaired, tuple(sorted(self.proofs, key=lambda proof: proof.finding.sort_key)))

    def _next(self, outcome: Outcome) -> list[Finding]:
        """The fixes of a round: first what keeps models from being built, then what keeps every bit, then the rest."""
        names = outcome.settler.fingerprints(outcome.findings)
        found = [
            one
            for one in fixable(outcome.findings, unsafe=self.unsafe)
            if (one.code, one.path, names[one]) not in self.refused
        ]
        stages = ([one for one in found if stage(one)] for stage in (is_raising, is_preserving))
        return next(filter(None, stages), found)

    def _round(self, outcome: Outcome, fixes: Sequence[Finding]) -> Outcome:
        """Try them together; what fails is taken back, and the rest tried again without it."""
        names = outcome.settler.fingerprints(outcome.findings)
        left = list(fixes)
        while left:
            made, applied = apply(outcome, left)
            after = self.engine.rerun(outcome, changed(outcome.files, made.values()), list(made))
            proofs = self._proofs(outcome, after, made, applied)
            guilty = [proof for proof in proofs if proof.verdict is Verdict.TAKEN_BACK]
            if not guilty:
                self.proofs += proofs
                for path in made:
                    before = outcome.text(path)
                    if before is not None:
                        self.originals.setdefault(path, before)
                return after
            if len(guilty) > 1 and len(applied) > 1:
                guilty = self._alone(outcome, guilty)
            for proof in guilty:
                self.refused.add((proof.finding.code, proof.finding.path, names[proof.finding]))
            self.proofs += guilty
            left = [one for one in left if all(one is not proof.finding for proof in guilty)]
        return outcome

    def _alone(self, outcome: Outcome, suspects: Sequence[Proof]) -> list[Proof]:
        """Those that fail by themselves too; all of them where each alone would do."""
        found: list[Proof] = []
        for suspect in suspects:
            made, applied = apply(outcome, [suspect.finding])
            after = self.engine.rerun(outcome, changed(outcome.files, made.values()), list(made))
            found += [
                proof for proof in self._proofs(outcome, after, made, applied) if proof.verdict is Verdict.TAKEN_BACK
            ]
        return found or list(suspects)

    def _proofs(
        self, outcome: Outcome, after: Outcome, made: Mapping[str, SourceText], applied: Sequence[Finding]
    ) -> list[Proof]:
        """Build what the fixes touch from both texts, and judge each fix."""
        touched = {id(one): [] if _is_comment(outcome, one) else self._touched(outcome, one) for one in applied}
        targets = self.bench.targets(one for found in touched.values() for one in found)
        told = ", ".join(sorted({one.code for one in applied}))
        self.progress(f"building {len(targets)} models before and after {told}")
        left = self.bench.run(self._overlay(outcome, {}), targets)
        right = self.bench.run(self._overlay(outcome, made), targets)
        own = {target.text for target in self.bench.configured}
        still = _counts(after.findings)
        counts = _counts(outcome.findings)
        cases = []
        for one in applied:
            source = outcome.text(one.path)
            assert source is not None
            names = [f"{found.path}:{found.name}" for found in touched[id(one)]]
            names += [name for name in own if name in left.models and rows(left.models[name], source, one)]
            names += [name for name in own if name in left.failures]
            key = _key(one)
            silenced = still[key] < counts[key] or still[key] == 0
            comment = _is_comment(outcome, one)
            cases.append(Case(one, source, names, _only(left, names), _only(right, names), silenced, comment))
        return [judge(case) for case in cases]

    def _touched(self, outcome: Outcome, finding: Finding) -> list[Class]:
        source = outcome.text(finding.path)
        assert source is not None
        rest = [
            text
            for path, result in outcome.results.items()
            if finding.path in result.dependencies and path != finding.path and (text := outcome.text(path)) is not None
        ]
        return classes(source, finding, rest)

    def _overlay(self, outcome: Outcome, made: Mapping[str, SourceText]) -> list[SourceText]:
        """Every text that is not what the disk holds."""
        earlier = {path: text for path in self.originals if (text := outcome.text(path)) is not None}
        given = {path: text for path in outcome.files.given if (text := outcome.text(path)) is not None}
        return list({**given, **earlier, **made}.values())


def apply(outcome: Outcome, fixes: Iterable[Finding]) -> tuple[dict[str, SourceText], list[Finding]]:
    """The texts that these fixes change, and the fixes that went together."""
    by_path: dict[str, list[Finding]] = {}
    for finding in fixes:
        by_path.setdefault(finding.path, []).append(finding)
    made: dict[str, SourceText] = {}
    applied: list[Finding] = []
    for path, findings in by_path.items():
        source = outcome.text(path)
        if source is None:
            continue
        result = apply_fixes(source, findings, unsafe=True)
        if result.text != source.text:
            made[path] = result.source
            applied += result.applied
    return made, applied


def _is_comment(outcome: Outcome, finding: Finding) -> bool:
    """Whether the fix changes comments and layout alone."""
    source = outcome.text(finding.path)
    if source is None:
        return False
    made = apply_fixes(source, [finding], unsafe=True).source
    return ast.dump(made.tree) == ast.dump(source.tree)


def _key(finding: Finding) -> tuple[str, str, str | None]:
    return finding.code, finding.path, finding.layer


def _counts(findings: Iterable[Finding]) -> Counter[tuple[str, str, str | None]]:
    return Counter(map(_key, findings))


def _only(trial: Trial, names: Sequence[str]) -> Trial:
    return Trial(
        {name: trial.models[name] for name in names if name in trial.models},
        {name: trial.failures[name] for name in names if name in trial.failures},
    )
