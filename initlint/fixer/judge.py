"""Before against after: did a fix do what it says, and nothing worse?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING

from initlint.finding import Finding
from initlint.fixer.measure import complaint, said
from initlint.fixer.measure import rows as rows_of
from initlint.fixer.proof import Proof, Sample, Verdict
from initlint.fixer.signal import sample
from initlint.fixer.touched import rows
from initlint.fixer.trial import Trial
from initlint.source.text import SourceText

if TYPE_CHECKING:
    from initlint.runtime.protocol import Failure, Model, Parameter

PRESERVING = "value-preserving"
_RAISING = ("INI6", "INI515")
_SLACK = 0.1  # in powers of two a layer: what the seeds differ by
_SLACK_OF_BETTER = 1.0  # where the complaint is answered: the path also goes through layers that nobody touched
_SILENCING = ("INI109", "INI511")  # what they restore is a layer that is zero on purpose
_REMAINS = 1e-6
_ADVICE = "; give "


def is_preserving(finding: Finding) -> bool:
    """Whether the fix says that the numbers drawn stay the same."""
    return finding.fix is not None and PRESERVING in finding.fix.message


def is_raising(finding: Finding) -> bool:
    """Whether the mistake may keep a model from being built."""
    return finding.code.startswith(_RAISING) and not is_preserving(finding)


@dataclass(frozen=True)
class Case:
    """A fix with all that was tried for it. `targets`: what it touches. `silenced`: the rule has nothing to say now."""

    finding: Finding
    source: SourceText
    targets: Sequence[str]
    before: Trial
    after: Trial
    silenced: bool = True
    comment: bool = False  # it changes comments alone

    @property
    def pairs(self) -> list[tuple[Model, Model]]:
        """The models that could be built both times."""
        return [
            (self.before.models[name], self.after.models[name])
            for name in self.targets
            if name in self.before.models and name in self.after.models
        ]

    @property
    def broken(self) -> list[Failure]:
        """What could be built before, and cannot be any more."""
        return [self.after.failures[name] for name in self.targets
                if name in self.before.models and name in self.after.failures]  # fmt: skip

    @property
    def mended(self) -> list[tuple[Failure, Model]]:
        """What could not be built before, and can be now."""
        return [(self.before.failures[name], self.after.models[name]) for name in self.targets
                if name in self.before.failures and name in self.after.models]  # fmt: skip

    def proof(self, verdict: Verdict, text: str, model: str = "", *samples: Sample) -> Proof:
        """The proof of this fix."""
        return Proof(self.finding, verdict, text, model, *samples)


def judge(case: Case) -> Proof:
    """The verdict on one fix."""
    if case.comment:
        return case.proof(Verdict.HELD, "the code is the same; comments changed")
    if case.broken:
        return case.proof(Verdict.TAKEN_BACK, f"the model can no longer be built: {_line(case.broken[0].message)}")
    if not case.silenced:
        return case.proof(Verdict.TAKEN_BACK, "the rule still says the same")
    if is_preserving(case.finding) and case.pairs:
        return _preserving(case)
    seen = [_Pair.of(case, before, after) for before, after in case.pairs]
    seen = [pair for pair in seen if pair.names]
    if case.mended and not any(_worse(case.finding.code, pair, Verdict.UNPROVED) for pair in seen):
        failure, model = case.mended[0]
        return case.proof(Verdict.HELD, f"it can be built now; before: {_line(failure.message)}", model.name)
    if seen:
        return _compared(case, seen)
    return case.proof(Verdict.UNBUILT, _why_not(case))


def _preserving(case: Case) -> Proof:
    for before, after in case.pairs:
        if not before.digests or not after.digests:
            return case.proof(Verdict.UNBUILT, f"{before.name} has no numbers here: too large, or not built for real")
        differing = differences(before.digests, after.digests)
        if differing:
            text = f"not value-preserving: {differing[0]} and {len(differing) - 1} more differ in their bits"
            return case.proof(Verdict.TAKEN_BACK, text, before.name)
    count = sum(len(before.digests) for before, _ in case.pairs)
    names = ", ".join(before.name for before, _ in case.pairs)
    return case.proof(Verdict.HELD, f"bit-equal: {count} tensors", names)


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The tensors that are not the same bits, or are on one side only."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


@dataclass(frozen=True)
class _Pair:
    """One model both times, and the parameters that the fix is about."""

    before: Model
    after: Model
    names: frozenset[str]
    claimed: bool  # found by line or name; else they are just what changed

    @classmethod
    def of(cls, case: Case, before: Model, after: Model) -> _Pair:
        names = rows(before, case.source, case.finding)
        changed = frozenset(changes(before, after))
        return cls(before, after, names & changed or names or changed, bool(names))

    @property
    def samples(self) -> tuple[Sample, Sample]:
        return sample(self.before, self.names), sample(self.after, self.names)


def changes(before: Model, after: Model) -> list[str]:
    """The parameters that start from another distribution, or are on one side only."""
    left, right = ({row.name: _form(row) for row in model.parameters} for model in (before, after))
    return [name for name in {**left, **right} if left.get(name) != right.get(name)]


def _form(row: Parameter) -> tuple[object, ...]:
    return row.shape, row.scheme, row.mean, row.std, row.form, row.overlays, row.trainable, row.aliases


def _compared(case: Case, seen: Sequence[_Pair]) -> Proof:
    code = case.finding.code
    pair = max(seen, key=lambda one: (one.claimed, len(one.names)))
    verdict, text = _on_the_complaint(code, seen)
    for one in seen:
        worse = _worse(code, one, verdict)
        if worse:
            return case.proof(Verdict.TAKEN_BACK, worse, one.before.name, *one.samples)
    return case.proof(verdict, text, pair.before.name, *pair.samples)


def _on_the_complaint(code: str, seen: Sequence[_Pair]) -> tuple[Verdict, str]:
    """First what the rule's own number says, then the runtime's check of the same rule."""
    measured = complaint(code, ((pair.before, pair.after, pair.names) for pair in seen))
    old = sum(said(code, pair.before, pair.names) for pair in seen)
    new = sum(said(code, pair.after, pair.names) for pair in seen)
    told: list[str] = []
    if measured is not None and measured[0] > 0:
        before, after, unit = measured
        told.append(f"{unit}: {before:.3g} before, {after:.3g} after")
        if after < before - _REMAINS:
            return Verdict.HELD, told[0]
    if old:
        told.append(f"{code} on the built model: {old} before, {new} after")
        if new < old:
            return Verdict.HELD, told[-1]
    if told:
        return Verdict.TAKEN_BACK, f"no better; {'; '.join(told)}"
    return _unmeasured(seen)


def _unmeasured(seen: Sequence[_Pair]) -> tuple[Verdict, str]:
    if any(changes(pair.before, pair.after) for pair in seen):
        return Verdict.UNPROVED, "the weights start otherwise, as shown; nothing measured tells the two apart"
    if any(differences(pair.before.digests, pair.after.digests) for pair in seen):
        return Verdict.UNPROVED, "the distributions are as before"
    return Verdict.HELD, "it can be built and starts as before"


def _worse(code: str, pair: _Pair, verdict: Verdict) -> str:
    """What the fix would spoil, whatever the rule says."""
    lost = [row.name for row in rows_of(pair.after, pair.names) if row.uninitialized]
    if lost and not any(row.uninitialized for row in rows_of(pair.before, pair.names)):
        return f"it leaves raw memory in {lost[0]}"
    if code in _SILENCING:
        return ""
    slack = _SLACK_OF_BETTER if verdict is Verdict.HELD else _SLACK
    before, after = pair.samples
    for name, old, new in (("signal", before.forward, after.forward), ("gradient", before.backward, after.backward)):
        if old is None or new is None or old <= 0:
            continue
        if new <= 0:
            return f"the {name} no longer passes"
        if name == "signal" and abs(log2(new)) > abs(log2(old)) + slack:
            return f"the {name} keeps {new:.3g} of its std in each layer, and kept {old:.3g} before"
    return ""


def _why_not(case: Case) -> str:
    if case.source.path.endswith(".ipynb"):
        return "a notebook cannot be built"
    told = [_line(case.before.failures[name].message) for name in case.targets if name in case.before.failures]
    if told:
        more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
        return f"{told[0]}{more}"
    return "no class that can be built shows it; [tool.initlint.runtime] can name a target"


def _line(message: str) -> str:
    """The first line, without the advice that is meant for `initlint runtime`."""
    first = message.strip().splitlines()[0] if message.strip() else message
    said, advice, _ = first.partition(_ADVICE)
    return f"{said}; [tool.initlint.runtime] can give {_them(said)}" if advice else first


def _them(said: str) -> str:
    return "them" if " needs arguments" in said else "it"
