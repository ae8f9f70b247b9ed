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
from initlint.repair import Repaired, apply, changes_of, fixable, key
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
            made, applied = apply(outcome, left, unsafe=True)
            after = self.engine.rerun(outcome, changed(outcome.files, made.values()), list(made))
            cases = self._cases(outcome, after, made, applied)
            proofs = list(map(judge, cases))
            guilty = [proof for proof in proofs if proof.verdict is Verdict.TAKEN_BACK]
            if not guilty:
                self.proofs += proofs
                for path in made:
                    before = outcome.text(path)
                    if before is not None:
                        self.originals.setdefault(path, before)
                return after
            if len(cases) > 1:
                guilty = self._alone(outcome, cases, guilty)
            for proof in guilty:
                self.refused.add((proof.finding.code, proof.finding.path, names[proof.finding]))
            self.proofs += guilty
            left = [one for one in left if all(one is not proof.finding for proof in guilty)]
        return outcome

    def _alone(self, outcome: Outcome, cases: Sequence[Case], suspects: Sequence[Proof]) -> list[Proof]:
        """Those that fail by themselves too, where others touch the same model; all, where each alone would do."""
        shared = Counter(name for case in cases for name in case.targets)
        by_finding = {id(case.finding): case for case in cases}
        found: list[Proof] = []
        for suspect in suspects:
            if all(shared[name] == 1 for name in by_finding[id(suspect.finding)].targets):
                found.append(suspect)
                continue
            made, applied = apply(outcome, [suspect.finding], unsafe=True)
            after = self.engine.rerun(outcome, changed(outcome.files, made.values()), list(made))
            alone = map(judge, self._cases(outcome, after, made, applied))
            found += [proof for proof in alone if proof.verdict is Verdict.TAKEN_BACK]
        return found or list(suspects)

    def _cases(
        self, outcome: Outcome, after: Outcome, made: Mapping[str, SourceText], applied: Sequence[Finding]
    ) -> list[Case]:
        """Build what the fixes touch, from the texts before and after."""
        comments = {id(one) for one in applied if _is_comment(outcome, one)}
        touched = {id(one): [] if id(one) in comments else self._touched(outcome, one) for one in applied}
        targets = self.bench.targets(found for one in touched.values() for found in one)
        told = ", ".join(sorted({one.code for one in applied}))
        self.progress(f"building {len(targets)} models before and after {told}")
        left = self.bench.run(self._overlay(outcome, {}), targets)
        right = self.bench.run(self._overlay(outcome, made), targets)
        counts, still = _counts(outcome.findings), _counts(after.findings)
        cases = []
        for one in applied:
            source = outcome.text(one.path)
            assert source is not None
            own = [self.bench.called(found) for found in touched[id(one)]]
            names = list(dict.fromkeys([*own, *self._configured(source, one, left)]))
            silenced = still[key(one)] < counts[key(one)]
            left_, right_ = _only(left, names), _only(right, names)
            cases.append(Case(one, source, names, left_, right_, silenced=silenced, comment=id(one) in comments))
        return cases

    def _configured(self, source: SourceText, finding: Finding, before: Trial) -> list[str]:
        """The configuration's targets that the finding is about, as far as they can be built."""
        names = [target.text for target in self.bench.configured]
        return [name for name in names if name in before.models and rows(before.models[name], source, finding)]

    def _touched(self, outcome: Outcome, finding: Finding) -> list[Class]:
        source = outcome.text(finding.path)
        assert source is not None
        rest = [
            text
            for path, result in outcome.results.items()
            if finding.path in result.sources and path != finding.path and (text := outcome.text(path)) is not None
        ]
        return classes(source, finding, rest)

    def _overlay(self, outcome: Outcome, made: Mapping[str, SourceText]) -> list[SourceText]:
        """Every text that is not what the disk holds."""
        earlier = {path: text for path in self.originals if (text := outcome.text(path)) is not None}
        given = {path: text for path in outcome.files.given if (text := outcome.text(path)) is not None}
        return list({**given, **earlier, **made}.values())


def _is_comment(outcome: Outcome, finding: Finding) -> bool:
    """Whether the fix changes comments and layout alone."""
    source = outcome.text(finding.path)
    if source is None:
        return False
    made = apply_fixes(source, [finding], unsafe=True).source
    return ast.dump(made.tree) == ast.dump(source.tree)


def _counts(findings: Iterable[Finding]) -> Counter[tuple[str, str, str | None]]:
    return Counter(map(key, findings))


def _only(trial: Trial, names: Sequence[str]) -> Trial:
    return Trial(
        {name: trial.models[name] for name in names if name in trial.models},
        {name: trial.failures[name] for name in names if name in trial.failures},
    )
