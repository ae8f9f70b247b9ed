"""`initlint runtime`: options to targets, one run in a child, a report."""

from __future__ import annotations

from typing import Any

import click

from initlint.config_keys import FORMATS
from initlint.finding import Severity


@click.command("runtime", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("targets", nargs=-1)
@click.option("--args", "arguments", default="", metavar="JSON", help="Positional arguments: '[64, 10]'.")
@click.option("--kwargs", "keywords", default="", metavar="JSON", help="Keyword arguments: '{\"hidden\": 64}'.")
@click.option("--input-shape", default="", metavar="N,...", help="Shape of a random input, the batch included.")
@click.option("--input", "inputs", default="", metavar="MODULE:FUNCTION", help="A function that makes the input.")
@click.option("--seed", type=int, default=None, help="The first seed (0).")
@click.option(
    "--seeds", type=click.IntRange(min=1), default=None, help="How many seeds the signal is measured with (3)."
)
@click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), default=None, help="Seconds a target (300).")
@click.option(
    "--memory-limit", default=None, metavar="SIZE", help="Memory of the child: 4G, 500M (half of what there is)."
)
@click.option("--alpha", type=click.FloatRange(0, 1, True, True), default=None, help="False alarms of a run (1e-6).")
@click.option("--no-forward", is_flag=True, help="Judge the weights only; run no forward.")
@click.option("--deferred", is_flag=True, help="Also compare with to_empty() and the init methods (INI513).")
@click.option("--no-statistics", is_flag=True, help="Read the tape only; look at no numbers.")
@click.option("--select", multiple=True, metavar="CODES", help="Rules to report: codes, prefixes, names or ALL.")
@click.option("--ignore", multiple=True, metavar="CODES", help="Rules to leave out.")
@click.option("--extend-select", multiple=True, metavar="CODES", help="Like --select, added to the configuration's.")
@click.option("--extend-ignore", multiple=True, metavar="CODES", help="Like --ignore, added to the configuration's.")
@click.option("--config", multiple=True, metavar="FILE|KEY=VALUE", help="A configuration file, or one setting.")
@click.option("--isolated", is_flag=True, help="Read no configuration file.")
@click.option("--output-format", type=click.Choice([*FORMATS, "html"]), default=None, help="How the report is written.")
@click.option("-o", "--output-file", type=click.Path(), default=None, help="Where it is written, if not to the screen.")
@click.option("--min-severity", type=click.Choice([one.value for one in Severity]), default=None, help="warning")
@click.option("-e", "--exit-zero", is_flag=True, help="Exit with 0 even if there are findings.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings only.")
@click.option("-v", "--verbose", is_flag=True, help="Show the history of every weight.")
@click.pass_context
def runtime(context: click.Context, /, targets: tuple[str, ...], **options: Any) -> None:
    """Build TARGETS in a child process and validate their weights against the formulas.

    A target is pkg.mod:Name, path/file.py:Name, a function that returns a model, hf:path/config.json, or path/folder/
    for every module class there that needs no arguments. Without one, those of [tool.initlint.runtime] are taken.
    """
    from initlint.runtime.order import Order  # the engine is not needed to print the help
    from initlint.runtime.session import run_order

    context.exit(run_order(Order.of(targets, options)))
