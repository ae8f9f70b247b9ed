"""One lint from its request to its exit status."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from initlint.commands.output import deliver, wants_color
from initlint.commands.progress import progress
from initlint.commands.request import Request
from initlint.engine import Engine, Outcome, make
from initlint.errors import UsageError
from initlint.report.formats import reporter
from initlint.report.harmless import visible, visible_path
from initlint.report.model import Report
from initlint.report.summary import plural
from initlint.source.discover import discover, is_force_excluded
from initlint.source.files import Files, given, scan

if TYPE_CHECKING:
    from initlint.repair import Repaired

_CLEAN, _FOUND, _BUG = 0, 1, 3


def run(request: Request) -> int:
    """Lint, fix, report. The exit status."""
    started = time.perf_counter()
    if request.show_files:
        return _show_files(request)
    engine = make(request.settings, partial(progress, quiet=request.quiet), baseline=request.write_baseline is None)
    files = _files(request)
    outcome = engine.run(files)
    fixed, changes = 0, 0
    asked_for_files = request.write_baseline is not None or request.add_ignores
    if (request.settings.fix or request.diff) and not asked_for_files:
        outcome, fixed, changes = _fix(request, engine, outcome)
    _warn(request, outcome)
    outcome, error = _with_models(request, engine, outcome) if request.live else (outcome, None)
    if error is not None and asked_for_files:
        raise error  # half of the findings are no baseline
    if request.write_baseline is not None:
        return _write_baseline(request, outcome)
    if request.add_ignores:
        return _add_ignores(request, outcome)
    _tell(request, engine, outcome, fixed=fixed, seconds=time.perf_counter() - started)
    if error is not None:
        raise error
    if outcome.traces:
        return _BUG
    if request.diff:
        return _FOUND if changes and not request.exit_zero else _CLEAN
    if fixed and request.exit_non_zero_on_fix:
        return _FOUND
    return _FOUND if outcome.findings and not request.exit_zero else _CLEAN


def _with_models(request: Request, engine: Engine, outcome: Outcome) -> tuple[Outcome, Exception | None]:
    """The findings of the lint and of the configured models in one list; the error that is told after them."""
    from initlint.commands.progress import saying  # only --runtime builds models here
    from initlint.runtime.beside import beside

    with saying(quiet=request.quiet) as say:
        found = beside(engine, outcome, say)
    for text in found.skipped:
        _say(request, f"skipped {text}")
    return found.outcome, found.error


def _warn(request: Request, outcome: Outcome) -> None:
    """Tell of comments that look like directives and are none: they do not do what their author believes."""
    for path, problem in outcome.settler.misread():
        from initlint.report.concise import spot  # what it prints with is loaded for a report only

        _say(request, f"warning: {spot(path, problem.cell, problem.span)}: {problem.message}")


def _files(request: Request) -> Files:
    if not request.from_stdin:
        return scan(discover(request.paths, request.settings.filters))
    name = request.stdin_filename or "<stdin>"
    data = sys.stdin.buffer.read()
    if request.stdin_filename and is_force_excluded(name, request.settings.filters):
        return Files({}, given={name: data})  # with --fix it comes out as it went in
    return given(name, data)


def _show_files(request: Request) -> int:
    for path in discover(request.paths, request.settings.filters):
        click.echo(visible_path(path))
    return _CLEAN


def _write_baseline(request: Request, outcome: Outcome) -> int:
    from initlint.source.baseline import write  # json: only where a baseline is used

    assert request.write_baseline is not None
    names = outcome.settler.fingerprints(outcome.findings)
    write(Path(request.write_baseline), names, request.settings.root)
    _say(request, f"wrote {plural(len(names), 'finding')} to {request.write_baseline}")
    return _BUG if outcome.traces else _CLEAN


def _add_ignores(request: Request, outcome: Outcome) -> int:
    from initlint.fixer.write import write  # only where files are changed
    from initlint.source.annotate import annotate

    if request.from_stdin:
        raise UsageError("--add-ignores changes files: it cannot be used with standard input")
    count = 0
    for path in sorted({one.path for one in outcome.findings}):
        source = outcome.text(path)
        if source is None:
            continue
        after, added = annotate(source, [one for one in outcome.findings if one.path == path])
        if added:
            write(source, after, path)
            count += added
    _say(request, f"added {plural(count, 'ignore comment')}")
    return _BUG if outcome.traces else _CLEAN


def _fix(request: Request, engine: Engine, outcome: Outcome) -> tuple[Outcome, int, int]:
    """Fix, and write or show the changes: (the findings that are left, fixes made, files changed)."""
    from initlint.commands.changes import show, store  # libcst is not among what they load
    from initlint.repair import repair

    if request.verify:
        repaired = _verified(request, engine, outcome)
    else:
        repaired = repair(engine, outcome, unsafe=request.settings.unsafe_fixes)
    if request.diff:
        show(repaired, request)
    else:
        store(repaired, request)
    return repaired.outcome, repaired.fixed, len(repaired.changes)


def _verified(request: Request, engine: Engine, outcome: Outcome) -> Repaired:
    """Keep the fixes that prove themselves; what was found out about each goes to standard error."""
    from initlint.commands.progress import saying  # only --verify builds models
    from initlint.fixer.verify import verify
    from initlint.report.proofs import proofs

    with saying(quiet=request.quiet) as say:
        found = verify(engine, outcome, unsafe=request.settings.unsafe_fixes, progress=say)
    if not request.quiet:
        click.echo(proofs(found.proofs, color=wants_color(request.color, sys.stderr)), err=True, nl=False)
    return found.repaired


def _tell(request: Request, engine: Engine, outcome: Outcome, *, fixed: int, seconds: float) -> None:
    for trace in outcome.traces if request.debug else ():
        click.echo(trace, err=True)
    if request.verbose:
        _verbose(outcome, seconds)
    if request.diff:
        _say(request, f"would fix {plural(fixed, 'finding')}")
        return
    report = Report(
        outcome.findings,
        outcome.text,
        outcome.settler.fingerprints,
        rules=engine.rules,
        files=len(outcome.files.entries),
        fixed=fixed,
        seconds=seconds,
        statistics=request.statistics,
        quiet=request.quiet,
    )
    # With --fix, standard output belongs to the text that came by standard input.
    stream = sys.stderr if request.from_stdin and request.settings.fix else sys.stdout
    color = wants_color(request.color, stream) and request.output_file is None
    deliver(reporter(request.settings.output_format).render(report, color=color), request.output_file, stream)


def _verbose(outcome: Outcome, seconds: float) -> None:
    entries = outcome.files.entries
    skipped = sum(1 for entry in entries.values() if not entry.can_matter)
    click.echo(f"{plural(len(entries), 'file')}, {skipped} of them without a model, {seconds:.2f} s", err=True)


def _say(request: Request, text: str) -> None:
    if not request.quiet:
        click.echo(visible(text), err=True)
