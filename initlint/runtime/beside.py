"""Both sides in one list: what the configured models show, beside what the lint of their source found. (parent)"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from initlint.engine import Engine, Outcome
from initlint.finding import Finding
from initlint.runtime.checks import findings_of, merge
from initlint.runtime.order import of_settings
from initlint.runtime.parent import describe_failure, failed, run
from initlint.settle import Settler
from initlint.source.files import Entry, Files, scan


@dataclass(frozen=True)
class Beside:
    """The merged outcome, and what could not be had: the error to end with, the models of a folder left out."""

    outcome: Outcome
    error: Exception | None = None
    skipped: tuple[str, ...] = ()


def beside(engine: Engine, lint: Outcome, progress: Callable[[str], None] = lambda text: None) -> Beside:
    """Build all `[tool.initlint.runtime]` targets, and settle their findings together with the lint's.

    Settled once, so that an ignore comment counts for both sides, and a baseline and a selection do. A model may live
    in a file that was not linted: its findings are told, but the ignores there are not judged.
    """
    request = of_settings(engine.settings)
    built = run(request, progress)
    typed = {os.path.abspath(path): path for path in lint.files.entries}  # noqa: PTH100 - links are not followed
    shown = [_typed(one, typed) for one in findings_of(built.models, engine.rules, alpha=request.alpha)]
    files = _with_others(lint.files, (one.path for one in shown))
    source = [finding for result in lint.results.values() for finding in result.findings]
    settler = Settler(engine.settings, engine.rules.entries, engine.codes, files, engine.baseline)
    findings = settler.settle(merge(source, shown))
    skipped = tuple(describe_failure(failure) for failure in built.failures if failure.skipped)
    return Beside(Outcome(tuple(findings), files, lint.results, settler), failed(built, request), skipped)


def _typed(finding: Finding, typed: dict[str, str]) -> Finding:
    """The finding under the path that the user typed."""
    return replace(finding, path=typed.get(os.path.abspath(finding.path), finding.path))  # noqa: PTH100


def _with_others(files: Files, paths: Iterable[str]) -> Files:
    others = scan(sorted({path for path in paths if path not in files.entries}))
    quiet: dict[str, Entry] = {path: replace(entry, speaks_to_us=False) for path, entry in others.entries.items()}
    return replace(files, entries={**files.entries, **quiet})
