"""`initlint describe`: paths to descriptions, as tables or JSON."""

from __future__ import annotations

import sys
from typing import Any

import click

_PATH = click.Path()
_CLEAN, _UNREADABLE = 0, 2


@click.command("describe", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, type=_PATH)
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="text")
@click.option("-o", "--output-file", type=_PATH, default=None, help="Where it is written, if not to the screen.")
@click.option("--model", "names", multiple=True, metavar="NAME", help="Only the classes or functions of this name.")
@click.option("--config", multiple=True, metavar="FILE|KEY=VALUE", help="A configuration file, or one setting.")
@click.option("--isolated", is_flag=True, help="Read no configuration file.")
@click.option("--stdin-filename", type=_PATH, default=None, help="The name of what is read with PATH `-`.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing of files that cannot be read.")
@click.pass_context
def describe(context: click.Context, /, paths: tuple[str, ...], **options: Any) -> None:
    """Show what initlint believes about the models in PATHS (default: the current folder).

    For each parameter: its layer and fans, what initialises it last and where, what follows it in forward, the scheme
    that suits it, and the rule that objects. `blocks.*.fc.weight` stands for alike members of a list; a number where
    it is known, else a formula.
    """
    context.exit(_run(paths or (".",), options))


def _run(paths: tuple[str, ...], options: dict[str, Any]) -> int:
    from initlint.commands.output import deliver, wants_color  # none of this is needed to print the help
    from initlint.errors import UsageError
    from initlint.report.concise import place
    from initlint.report.description import as_json, tables
    from initlint.report.harmless import visible

    found = _picture(paths, options)
    wanted = options["names"]
    models = tuple(one for one in found.models if not wanted or one.name in wanted)
    for problem in () if options["quiet"] else found.problems:
        click.echo(f"error: {visible(place(problem))}: {visible(problem.message)}", err=True)
    if options["output_format"] == "json":
        text = as_json(models)
    else:
        color = wants_color(options["color"], sys.stdout) and options["output_file"] is None
        text = tables(models, color=color, width=_width())
    missing = [name for name in wanted if name not in {one.name for one in models}]
    if missing:
        raise UsageError(f"--model: there is no {' and no '.join(missing)} in {', '.join(paths)}")
    if not models and not found.problems and not options["quiet"]:
        click.echo(f"no model in {visible(', '.join(paths))}", err=True)
    deliver(text, options["output_file"], sys.stdout)
    return _UNREADABLE if found.problems else _CLEAN


def _picture(paths: tuple[str, ...], options: dict[str, Any]) -> Any:
    from functools import partial

    from initlint.commands.progress import progress
    from initlint.commands.request import start_of
    from initlint.config import load
    from initlint.engine import make
    from initlint.errors import UsageError
    from initlint.picture import picture
    from initlint.source.discover import discover
    from initlint.source.files import given, scan

    if "-" in paths and len(paths) > 1:
        raise UsageError("`-` (standard input) cannot be described together with other paths")
    named = options["stdin_filename"]
    settings = load(start_of(paths, named), config=options["config"], isolated=options["isolated"])
    engine = make(settings, partial(progress, quiet=options["quiet"]))
    if paths == ("-",):
        return picture(engine, given(named or "<stdin>", sys.stdin.buffer.read()))
    return picture(engine, scan(discover(paths, settings.filters)))


def _width() -> int | None:
    if not sys.stdout.isatty():
        return None
    from shutil import get_terminal_size

    return get_terminal_size().columns
