"""INI810 as a finding: at the line to change, in every format, under the same ignores as all others. (parent)"""

from __future__ import annotations

from initlint.config import Settings
from initlint.engine import make
from initlint.finding import Evidence, Finding, Severity, Span
from initlint.report.model import Report
from initlint.rule import Rule
from initlint.runtime.checks import shown_path
from initlint.runtime.experiment_report import AS_IT_IS, Experiment
from initlint.runtime.protocol import Place
from initlint.settle import UNUSED_IGNORE, Settler
from initlint.source.files import scan

CODE = "INI810"
#: `-1.2e9 times better` helps nobody.
_FAR = 1000.0


def report_on(found: Experiment, settings: Settings) -> Report:
    """What the experiment has to say, settled. A bit of advice is what it was run for: no severity is too low."""
    settings = settings.overridden("experiment", min_severity=Severity.INFO)
    engine = make(settings)
    rule = engine.rules.get(CODE)
    raw = [finding(found, rule)] if rule is not None and found.slow_start is not None else []
    settler = Settler(
        settings,
        engine.rules,
        engine.codes - {UNUSED_IGNORE},  # an ignore may be there for what does not run here
        scan(sorted({one.path for one in raw})),
        engine.baseline,
    )
    told = tuple(settler.settle(raw))
    return Report(told, settler.text, settler.fingerprints, rules=engine.rules, files=1, seconds=found.seconds)


def finding(found: Experiment, rule: Rule) -> Finding:
    """The finding, on the last init of the first weight whose scale the recommended schemes change."""
    place = found.place or Place(found.target, 1, 1, 1, 1)
    return Finding(
        code=rule.code,
        name=rule.name,
        severity=rule.severity,
        path=shown_path(place.path),
        span=Span(place.line, place.column, place.end_line, place.end_column),
        message=slow_start(found),
        help=recommended(found),
        layer=f"{found.name}.{found.moved}" if found.moved else found.name or None,
        confidence=rule.confidence,
        evidence=Evidence.RUNTIME,
    )


def slow_start(found: Experiment) -> str:
    """By how much the recommended schemes are ahead, in words."""
    effect = found.slow_start
    assert effect is not None
    seeds = len(found.seeds)
    if effect.only_one:
        return f"the model as it is diverges in each of {seeds} runs; with the recommended schemes none does"
    return (
        f"with the recommended schemes the loss at step {found.steps} is {times(effect.ratio)} that of the model "
        f"{AS_IT_IS} (95 % interval {times(effect.low)} to {times(effect.high)}, {seeds} seeds)"
    )


def recommended(found: Experiment) -> str:
    """What was drawn: the first few weights."""
    return ", ".join(found.recommended[:3]) + (", ..." if len(found.recommended) > 3 else "")


def times(ratio: float) -> str:
    """A ratio as people write it."""
    return f"{ratio:.1e}×" if ratio > _FAR or 0 < ratio < 1 / _FAR else f"{ratio:.2f}×"
