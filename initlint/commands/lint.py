"""`initlint lint`: options to settings, one call, a report."""

from __future__ import annotations

from typing import Any

import click

from initlint.config_keys import FORMATS
from initlint.finding import Severity

_PATH = click.Path()
_SEVERITIES = [one.value for one in Severity]


@click.command("lint", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, type=_PATH)
@click.option("--fix/--no-fix", default=None, help="Make the safe fixes.")
@click.option("--unsafe-fixes/--no-unsafe-fixes", default=None, help="With --fix or --diff: also the unsafe fixes.")
@click.option("--verify", is_flag=True, help="With --fix: build models before and after; keep only fixes that help.")
@click.option("--runtime", "live", is_flag=True, help="Also build the configured models, and judge their weights.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option("--select", multiple=True, metavar="CODES", help="Rules to run: codes, prefixes, names or ALL.")
@click.option("--ignore", multiple=True, metavar="CODES", help="Rules to leave out.")
@click.option("--extend-select", multiple=True, metavar="CODES", help="Like --select, added to the configuration's.")
@click.option("--extend-ignore", multiple=True, metavar="CODES", help="Like --ignore, added to the configuration's.")
@click.option("--per-file-ignores", multiple=True, metavar="GLOB:CODES", help="Rules to leave out in some files.")
@click.option("--exclude", multiple=True, metavar="GLOBS", help="Left out of folders, in the place of the defaults.")
@click.option("--extend-exclude", multiple=True, metavar="GLOBS", help="Left out of folders too.")
@click.option("--force-exclude", is_flag=True, default=None, help="Excludes hold for files named here as well.")
@click.option("--respect-gitignore/--no-respect-gitignore", default=None, help="Leave out what git ignores (default).")
@click.option("--config", multiple=True, metavar="FILE|KEY=VALUE", help="A configuration file, or one setting.")
@click.option("--isolated", is_flag=True, help="Read no configuration file.")
@click.option("--output-format", type=click.Choice(FORMATS), default=None, help="How the report is written.")
@click.option("-o", "--output-file", type=_PATH, default=None, help="Where it is written, if not to the screen.")
@click.option("--min-severity", type=click.Choice(_SEVERITIES), default=None, help="What is told (default: warning).")
@click.option("-e", "--exit-zero", is_flag=True, help="Exit with 0 even if there are findings.")
@click.option("--exit-non-zero-on-fix", is_flag=True, help="Exit with 1 if anything was fixed.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule, in text.")
@click.option("--show-files", is_flag=True, help="List the files that would be linted.")
@click.option("-n", "--no-cache", is_flag=True, help="Neither read nor write the cache.")
@click.option("--cache-dir", type=_PATH, default=None, help="Where the cache is kept (.initlint_cache).")
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=None, help="Processes (default: all cores).")
@click.option("--stdin-filename", type=_PATH, default=None, help="The name of what is read with PATH `-`.")
@click.option("--baseline", type=_PATH, default=None, help="Leave out the findings that this file holds.")
@click.option("--write-baseline", type=_PATH, default=None, help="Accept today's findings: write them to this file.")
@click.option("--add-ignores", is_flag=True, help="Add an ignore comment for every finding.")
@click.option("-w", "--watch", is_flag=True, help="Lint again whenever a file changes.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings only.")
@click.option("-v", "--verbose", is_flag=True, help="Say how many files were read, and how long it took.")
@click.pass_context
def lint(context: click.Context, /, paths: tuple[str, ...], **options: Any) -> None:
    """Find weight-initialisation mistakes in PATHS (default: the current folder).

    `-` reads from standard input.
    """
    from initlint.commands.request import Request  # the engine is not needed to print the help
    from initlint.commands.run import run
    from initlint.commands.watch import watch

    def request() -> Request:
        return Request.of(paths, options, debug=bool(context.find_root().obj))

    context.exit(watch(request) if options["watch"] else run(request()))
