"""From what the child reports to findings at the user's lines. (parent)"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from initlint.finding import Evidence, Finding, Span
from initlint.rule import Rule
from initlint.runtime import check_duplicates, check_history, check_scale, check_twins, check_values
from initlint.runtime.check_depth import default_in_deep_rectifier
from initlint.runtime.check_statistics import off_reference
from initlint.runtime.protocol import Model, Place
from initlint.runtime.remark import Remark, place_of

# On one tensor the first of these silences what it makes pointless.
_SILENCES = {
    "INI103": ("INI808", "INI809", "INI807"),
    "INI513": ("INI103", "INI807", "INI808", "INI809"),
    "INI304": ("INI302", "INI303", "INI305", "INI809"),
    "INI302": ("INI305",),
    "INI303": ("INI305",),
    "INI101": ("INI305",),
    "INI102": ("INI305", "INI807"),
    "INI105": ("INI807",),
}
# One NaN makes every signal what it is.
_BREAKING = frozenset({"INI808"})
_SIGNAL = frozenset(f"INI80{number}" for number in range(1, 7)) | {"INI812"}
_EVERYWHERE = (
    *check_values.CHECKS,
    *check_duplicates.CHECKS,
    *check_twins.CHECKS,
    *check_history.CHECKS,
    *check_scale.CHECKS,
)


def findings_of(models: Iterable[Model], rules: Mapping[str, Rule], *, alpha: float = 1e-6) -> list[Finding]:
    """All findings, in reading order; what several weights of one line share is one finding."""
    listed = list(models)
    share = alpha / max(len(listed), 1)
    found = chain.from_iterable(_of_model(model, rules, share) for model in listed)
    return sorted(_grouped(found), key=lambda finding: finding.sort_key)


def remarks(model: Model, alpha: float) -> list[Remark]:
    """What the checks say, the most specific first to speak."""
    said = [remark for check in _EVERYWHERE for remark in check(model)]
    said += default_in_deep_rectifier(model)
    said += off_reference(model, alpha)
    broken = any(remark.code in _BREAKING for remark in said)
    said += [
        Remark(verdict.code, verdict.layer, verdict.message, verdict.help, verdict.place)
        for verdict in model.verdicts
        if not (broken and verdict.code in _SIGNAL)
    ]
    said = _without_twice_told(model, said)
    mute = {(remark.name, code) for remark in said for code in _SILENCES.get(remark.code, ())}
    return [remark for remark in said if (remark.name, remark.code) not in mute]


def _without_twice_told(model: Model, said: list[Remark]) -> list[Remark]:
    """A tied table at N(0, 1) is why the loss starts high: INI508 tells it once."""
    tied = {remark.name for remark in said if remark.code == "INI508"}
    rows = [row for row in model.parameters if row.name in tied]
    heads = {name.rpartition(".")[0] for row in rows for name in (row.name, *row.aliases)}
    return [remark for remark in said if remark.code != "INI812" or remark.name not in heads]


def _of_model(model: Model, rules: Mapping[str, Rule], alpha: float) -> Iterator[Finding]:
    for remark in remarks(model, alpha):
        rule = rules.get(remark.code)
        if rule is None:
            continue
        place = place_of(model, remark) or Place(model.target, 1, 1, 1, 1)
        yield Finding(
            code=rule.code,
            name=rule.name,
            severity=remark.severity or rule.severity,
            path=shown_path(place.path),
            span=Span(place.line, place.column, place.end_line, place.end_column),
            message=remark.message,
            help=remark.help,
            layer=f"{model.name}.{remark.name}" if remark.name else model.name,
            confidence=rule.confidence,
            evidence=Evidence.RUNTIME,
        )


def shown_path(path: str) -> str:
    """As the user would type it: relative where it lies under the current folder."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def _grouped(found: Iterable[Finding]) -> Iterator[Finding]:
    groups: dict[Any, list[Finding]] = {}
    for finding in found:
        groups.setdefault((finding.code, finding.path, finding.span), []).append(finding)
    for members in groups.values():
        layers = list(dict.fromkeys(member.layer for member in members))
        first = min(members, key=lambda member: member.severity.rank)
        if len(layers) > 1:
            first = replace(first, message=f"{first.message}; the same for {_others(len(layers) - 1)} made here")
        yield first


def _others(count: int) -> str:
    return "one other weight" if count == 1 else f"{count} other weights"


def merge(source: Iterable[Finding], runtime: Iterable[Finding]) -> list[Finding]:
    """One list: where both sides report one code on one statement or one weight, one finding with both evidences.

    The source side's finding stays: it has the fix. The graver of the two severities counts.
    """
    listed, waiting = list(source), list(runtime)
    twins: dict[int, list[Finding]] = {}
    for same in (_same_statement, _same_layer):  # a statement is the nearer tie: what it takes is taken
        for index, finding in enumerate(listed):
            found = [other for other in waiting if other.code == finding.code and same(finding, other)]
            twins.setdefault(index, []).extend(found)
            waiting = [other for other in waiting if other not in found]
    merged = [_both(finding, twins[index]) for index, finding in enumerate(listed)]
    return sorted([*merged, *waiting], key=lambda finding: finding.sort_key)


def _both(source: Finding, twins: list[Finding]) -> Finding:
    if not twins:
        return source
    severity = min((source, *twins), key=lambda one: one.severity.rank).severity
    return replace(source, evidence=Evidence.BOTH, severity=severity, layer=source.layer or twins[0].layer)


def _same_statement(source: Finding, runtime: Finding) -> bool:
    return (
        os.path.abspath(source.path) == os.path.abspath(runtime.path)  # noqa: PTH100 - links are not followed
        and source.span.line <= runtime.span.line <= max(source.span.end_line, source.span.line)
    )


def _same_layer(source: Finding, runtime: Finding) -> bool:
    """Whether both speak of one weight. A class's name alone is none: it may hold several mistakes of one code."""
    return (
        source.layer is not None
        and "." in source.layer
        and source.layer == runtime.layer
        and os.path.abspath(source.path) == os.path.abspath(runtime.path)  # noqa: PTH100 - links are not followed
    )
