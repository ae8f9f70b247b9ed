"""What `initlint describe` shows: every model of the files, and what the rules say of each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.analyse import SYNTAX_ERROR, FileResult
from initlint.engine import Engine
from initlint.finding import Finding
from initlint.source.files import Files

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, Model, Parameter
    from initlint.describe.rows import ModelRow


@dataclass(frozen=True, slots=True)
class Picture:
    """The models in the order of the files, and what kept a file from being read."""

    models: tuple[ModelRow, ...]
    problems: tuple[Finding, ...]


def picture(engine: Engine, files: Files) -> Picture:
    """Describe every file; the verdicts are those that linting the same files with the same settings tells."""
    from initlint.describe.rows import rows_of  # the description is not wanted where the cache answers

    kept: dict[str, FileModel] = {}
    analyser = engine.analyser(files, kept)
    results: dict[str, FileResult] = {}
    for result in engine.track((analyser.check(path) for path in files.entries), len(files.entries)):
        results[result.path] = result
    outcome = engine.outcome(files, results)
    told = {_place(one) for one in outcome.findings}
    raw = [one for result in results.values() for one in result.findings if _place(one) in told]
    shown = [
        model
        for described in kept.values()
        for model in sorted(described.models, key=lambda one: (one.site.cell or 0, one.site.line))
    ]
    verdicts = _with_parts([(model, _verdicts(model, raw)) for model in shown])
    models = [rows_of(model, found) for model, found in verdicts]
    problems = tuple(one for one in raw if one.code == SYNTAX_ERROR)
    return Picture(tuple(models), problems)


def _place(finding: Finding) -> object:
    return finding.code, finding.path, finding.cell, finding.span


def _verdicts(model: Model, findings: Sequence[Finding]) -> dict[str, str]:
    """The gravest code for each parameter that a finding speaks of."""
    found: dict[str, str] = {}
    for finding in sorted(findings, key=lambda one: one.severity.rank):
        for parameter in model.parameters:
            if _concerns(finding, model, parameter):
                found.setdefault(parameter.name, finding.code)
    return found


def _with_parts(judged: list[tuple[Model, dict[str, str]]]) -> list[tuple[Model, dict[str, str]]]:
    """A part is judged where it is built in: what is said there of a value that it gives itself is true of it."""
    said = {
        _origin(one): verdicts[one.name]
        for model, verdicts in judged
        for one in model.parameters
        if one.name in verdicts and one.site is not None and not model.owned
    }
    for model, verdicts in judged:
        for one in model.parameters if model.owned else ():
            if (code := said.get(_origin(one))) is not None:
                verdicts.setdefault(one.name, code)
    return judged


def _origin(parameter: Parameter) -> object:
    """The lines that make it and give it its value."""
    written = parameter.effective.site if parameter.effective is not None else None
    return tuple((site.path, site.cell, site.span) if site is not None else None for site in (parameter.site, written))


def _concerns(finding: Finding, model: Model, parameter: Parameter) -> bool:
    """By the name in the finding; a finding that names no parameter, by the call that it stands on."""
    if finding.layer is not None:
        own = f"{model.name}.{parameter.name}"
        return own in finding.concerns or finding.layer in (own, f"{model.name}.{_owner(parameter)}")
    sites = (event.site for event in parameter.history if event.call is not None)
    return any(site is not None and (site.path, site.cell, site.span) == _where(finding) for site in sites)


def _owner(parameter: Parameter) -> str:
    return parameter.name.rpartition(".")[0]


def _where(finding: Finding) -> object:
    return finding.path, finding.cell, finding.span
