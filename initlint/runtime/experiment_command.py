"""`initlint experiment`: options to an order, the child's answer to a table and a plot."""

from __future__ import annotations

import json
from contextlib import nullcontext
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import click

from initlint.config import load
from initlint.config_keys import FORMATS
from initlint.errors import UsageError
from initlint.report.formats import reporter
from initlint.report.json import finding_object
from initlint.report.model import Report
from initlint.runtime import target as targets
from initlint.runtime.experiment_findings import recommended, report_on, slow_start, times
from initlint.runtime.experiment_order import Order, execute
from initlint.runtime.experiment_report import AS_IT_IS, Experiment, SchemeRun
from initlint.runtime.protocol import encode

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

_RATES = {"sgd": 0.02, "adam": 0.001}


@click.command()
@click.argument("target")
@click.option("--args", "arguments", default="", metavar="JSON", help="Positional arguments of the model, a list.")
@click.option("--kwargs", "keywords", default="", metavar="JSON", help="Keyword arguments of the model, an object.")
@click.option("--input", "inputs", default="", metavar="MODULE:FUNCTION", help="A function that returns an input.")
@click.option("--input-shape", default="", metavar="N,N,...", help="The shape of the input, batch first.")
@click.option("--data", default="", metavar="MODULE:FUNCTION", help="A function that returns (inputs, targets) pairs.")
@click.option("--scheme", "schemes", multiple=True, help="Only this scheme, beside the model as it is; repeatable.")
@click.option("--steps", default=120, show_default=True, type=click.IntRange(2), help="Steps of each run, at most.")
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1, 20), help="Runs of each scheme.")
@click.option("--seed", default=0, show_default=True, help="The first seed.")
@click.option("--optimizer", default="sgd", show_default=True, type=click.Choice(sorted(_RATES)))
@click.option("--lr", type=click.FloatRange(0, min_open=True), help="Learning rate; 0.02 for sgd, 0.001 for adam.")
@click.option(
    "--seconds",
    default=45.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Training time in all; steps are cut to keep to it.",
)
@click.option("--html", "html", type=click.Path(dir_okay=False, path_type=Path), help="Write the plots to this page.")
@click.option("--png", type=click.Path(dir_okay=False, path_type=Path), help="Write the loss curves to this image.")
@click.option("--output-format", default="text", show_default=True, type=click.Choice(FORMATS))
@click.option("--config", multiple=True, metavar="FILE|KEY=VALUE", help="A configuration file, or one setting.")
@click.option("--isolated", is_flag=True, help="Read no configuration file.")
@click.option("-e", "--exit-zero", is_flag=True, help="Exit with 0 even if the recommended schemes are ahead.")
@click.pass_context
def experiment(
    context: click.Context,
    /,
    target: str,
    arguments: str,
    keywords: str,
    inputs: str,
    input_shape: str,
    data: str,
    schemes: tuple[str, ...],
    steps: int,
    seeds: int,
    seed: int,
    optimizer: str,
    lr: float | None,
    seconds: float,
    html: Path | None,
    png: Path | None,
    output_format: str,
    config: tuple[str, ...],
    isolated: bool,
    exit_zero: bool,
) -> None:
    """Train TARGET briefly as it is and under each scheme, from the same seeds on the same data.

    TARGET is pkg.mod:Name, path/file.py:Name or hf:path/config.json. The exit status is 1 where INI810 speaks: the
    recommended schemes are ahead beyond chance.
    """
    settings = load(".", config=config, isolated=isolated)
    parsed = targets.parse(
        target, arguments=arguments, keywords=keywords, inputs=inputs, input_shape=_shape(input_shape)
    )
    if parsed.kind == "folder":
        raise UsageError(f"{target}: an experiment is about one model; name it, as in path/file.py:Name")
    order = Order(parsed, data, _chosen(schemes), steps, seeds, seed, optimizer, lr or _RATES[optimizer], seconds)
    found = _executed(order)
    _write(found, html, png)
    report = report_on(found, settings)
    if output_format == "json":
        findings = [finding_object(one) for one in report.findings]
        click.echo(json.dumps({"version": 1, "findings": findings, "experiment": encode(found)}, indent=1))
    elif output_format == "text":
        _print(found, report, html, png)
    else:
        click.echo(reporter(output_format).render(report), nl=False)
    context.exit(1 if report.findings and not exit_zero else 0)


def _shape(text: str) -> tuple[int, ...]:
    if not text:
        return ()
    try:
        return tuple(int(part) for part in text.replace("x", ",").split(","))
    except ValueError:
        raise UsageError(f"--input-shape {text!r} is not of the form 8,3,32,32") from None


def _chosen(schemes: tuple[str, ...]) -> tuple[str, ...]:
    from initlint.reference.schemes import SCHEMES

    for scheme in schemes:
        if scheme not in SCHEMES and scheme not in (AS_IT_IS, "recommended"):
            raise UsageError(
                f"--scheme {scheme!r}: no such scheme; known are {', '.join(sorted(SCHEMES))}, recommended"
            )
    return tuple(dict.fromkeys((AS_IT_IS, *schemes))) if schemes else ()


def _executed(order: Order) -> Experiment:
    bar = _bar()
    with bar or nullcontext():
        task = bar.add_task(f"building {order.target.text}", total=None) if bar else None

        def show(done: int, total: int, text: str) -> None:
            if bar is not None and task is not None:
                bar.update(task, completed=done, total=total, description=text)

        return execute(order, show)


def _bar() -> Progress | None:
    from rich.console import Console  # here, so that --help does not pay for it

    console = Console(stderr=True)
    if not console.is_terminal:
        return None
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console, transient=True
    )


def _write(found: Experiment, html: Path | None, png: Path | None) -> None:
    if html is not None:
        from initlint.report.html_experiment import render

        html.write_text(render(found), encoding="utf-8")
    if png is not None:
        from initlint.report.png_plot import loss_curves

        png.write_bytes(loss_curves(found))


def _print(found: Experiment, report: Report, html: Path | None, png: Path | None) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    console.print(_heading(found), markup=False, soft_wrap=True)
    _table(found, console)
    console.print(
        f"ratio: to the loss of the model {AS_IT_IS}; ± and d (paired, of the logarithm): over the seeds",
        style="dim",
        soft_wrap=True,
    )
    if report.findings:
        click.echo("\n" + reporter("text").render(report, color=console.is_terminal), nl=False)
    else:
        console.print(verdict(found), markup=False, soft_wrap=True)
    for path in (html, png):
        if path is not None:
            console.print(f"written: {path}", markup=False)


def _heading(found: Experiment) -> str:
    seeds = "1 seed (no spread, no verdict)" if len(found.seeds) == 1 else f"{len(found.seeds)} seeds"
    text = (
        f"{found.target}: {found.task}\n{seeds}, {found.steps} steps of {found.batch}, "
        f"{found.optimizer} at {found.rate:g}, {found.seconds:.0f} s"
    )
    return f"{text}\n{found.note}" if found.note else text


def _table(found: Experiment, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("scheme", "end loss", "±", "ratio", "95 % interval", "d"):
        table.add_column(name, justify="left" if name == "scheme" else "right", no_wrap=True)
    for run in sorted(found.runs, key=lambda run: run.end):
        style = "" if run.effect is None else ("green" if run.effect.better else "red" if run.effect.worse else "")
        table.add_row(*(Text(cell, style=style) for cell in cells(run)))
    console.print(table)


def cells(run: SchemeRun) -> tuple[str, str, str, str, str, str]:
    """A scheme's row of the table."""
    diverged = sum(curve.diverged for curve in run.curves)
    end = f"{diverged} of {len(run.curves)} diverged" if diverged else f"{run.end:.4g}"
    spread = "" if diverged or len(run.curves) < 2 else f"{run.spread:.2g}"
    if run.effect is None:
        return run.scheme, end, spread, "", "", ""
    if run.effect.only_one:
        return run.scheme, end, spread, "as it is diverges" if run.effect.better else "", "", ""
    known = isfinite(run.effect.high)
    interval = f"{times(run.effect.low)} to {times(run.effect.high)}" if known else ""
    size = "" if run.effect.size is None else f"{run.effect.size:+.1f}"
    return run.scheme, end, spread, times(run.effect.ratio), interval, size


def verdict(found: Experiment) -> str:
    """What the experiment says, in a sentence; INI810 where the recommended scheme is ahead beyond chance."""
    if found.slow_start is not None:
        return f"INI810 slow-start: {slow_start(found)}; {recommended(found)}"
    if len(found.runs) < 2:
        return f"Nothing to compare: only the model {AS_IT_IS} was trained."
    if len(found.seeds) < 2:
        return "One seed has no spread: nothing can be said beyond chance."
    best = found.best
    if best.effect is not None and best.effect.only_one:
        return f"{best.scheme} is ahead: the model as it is diverges."
    if best.scheme == AS_IT_IS or best.effect is None or not best.effect.better:
        return "No scheme is ahead of the model as it is beyond chance."
    return f"{best.scheme} is ahead: {times(best.effect.ratio)} the loss of the model as it is, beyond chance."
