"""One runtime check from its order to its exit status."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import click

from initlint.commands.output import deliver, wants_color
from initlint.config import Settings
from initlint.engine import Engine, make
from initlint.finding import Finding
from initlint.report.formats import reporter
from initlint.report.harmless import visible
from initlint.report.model import Report
from initlint.runtime.checks import findings_of
from initlint.runtime.order import Order
from initlint.runtime.parent import Outcome, failed, run
from initlint.runtime.protocol import Failure, Model
from initlint.settle import UNUSED_IGNORE, Settler
from initlint.source.files import scan

_CLEAN, _FOUND = 0, 1


@dataclass(frozen=True)
class Examined:
    """What the children said, settled."""

    models: Sequence[Model]
    failures: Sequence[Failure]
    findings: Sequence[Finding]
    settler: Settler
    engine: Engine


def run_order(order: Order) -> int:
    """Examine, report; the exit status. Raises WorkerError after the report where a target could not be built."""
    started = time.perf_counter()
    with _progress(order) as progress:
        outcome = run(order.request, progress)
    seen = examine(outcome, order.settings, order.request.alpha)
    error = failed(outcome, order.request)
    if seen.models or error is None:
        _tell(order, seen, time.perf_counter() - started)
    if error is not None:
        raise error
    return _FOUND if seen.findings and not order.exit_zero else _CLEAN


def examine(outcome: Outcome, settings: Settings, alpha: float) -> Examined:
    """Findings from reports, with ignores, selection and severity seen to."""
    engine = make(settings)
    raw = findings_of(outcome.models, engine.rules, alpha=alpha)
    files = scan(sorted({finding.path for finding in raw}))
    # An ignore comment may be there for the source side, which does not run here.
    settler = Settler(settings, engine.rules, engine.codes - {UNUSED_IGNORE}, files, engine.baseline)
    return Examined(outcome.models, outcome.failures, settler.settle(raw), settler, engine)


def _tell(order: Order, seen: Examined, seconds: float) -> None:
    stream = sys.stdout
    color = wants_color(order.color, stream) and order.output_file is None
    if not order.quiet:
        for failure in seen.failures:
            if failure.skipped:
                told = failure.message.removeprefix(failure.target).removeprefix(": ").lstrip()
                click.echo(visible(f"skipped {failure.target}: {told}"), err=True)
    deliver(_rendered(order, seen, seconds, color=color), order.output_file, stream)


def _rendered(order: Order, seen: Examined, seconds: float, *, color: bool) -> str:
    report = Report(
        tuple(seen.findings),
        seen.settler.text,
        seen.settler.fingerprints,
        rules=seen.engine.rules,
        files=max(len({finding.path for finding in seen.findings}), len(seen.models)),
        seconds=seconds,
        statistics=order.statistics,
        quiet=order.quiet,
    )
    match order.output_format:
        case "html":
            from importlib import import_module  # a page of drawings that nothing else needs

            return str(import_module("initlint.report.html").render(report_object(order, seen, report)))
        case "json":
            import json

            return json.dumps(report_object(order, seen, report), indent=2) + "\n"
        case "text" if not order.quiet:
            from initlint.runtime.table import tables  # rich costs more than a small run

            shown = tables(seen.models, color=color, verbose=order.verbose, width=_width(order))
            return shown + reporter("text").render(report, color=color)
    return reporter(order.output_format).render(report, color=color)


def _width(order: Order) -> int:
    """Columns of the terminal; a file or a pipe takes long lines."""
    to_terminal = order.output_file is None and sys.stdout.isatty()
    return shutil.get_terminal_size().columns if to_terminal else 200


def report_object(order: Order, seen: Examined, report: Report) -> dict[str, object]:
    """The documented JSON: findings, parameters, models."""
    from initlint.runtime.record import record

    return record(seen.models, report, order.request)


@contextmanager
def _progress(order: Order) -> Iterator[Callable[[str], None]]:
    if order.quiet or not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield lambda text: status.update(visible(text))
