"""The command line: which command is meant, and where every failure ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from initlint import __version__
from initlint.errors import ChildBugError, InitlintError, UsageError

# name -> (where it is, what it does). Told here so that `--help` loads none of them.
_COMMANDS = {
    "lint": ("initlint.commands.lint:lint", "Lint files and folders (what `initlint PATH` does)."),
    "runtime": ("initlint.runtime.command:runtime", "Instantiate models and validate their weights."),
    "describe": ("initlint.describe.command:describe", "Show what each layer is initialised with, and what suits it."),
    "experiment": ("initlint.runtime.experiment_command:experiment", "Train a model briefly under each scheme."),
    "rule": ("initlint.commands.rule:rule", "Explain rules."),
    "config": ("initlint.commands.config:config", "Show the settings in force, and where each comes from."),
    "cache": ("initlint.commands.cache:cache", "Clean or inspect the cache."),
    "server": ("initlint.commands.server:server", "Run the language server."),
}
_OWN_OPTIONS = ("--help", "-h", "--version", "-V")
_BUG, _INTERRUPTED = 3, 130
_ALIKE = 0.75  # of 1: `rul` is meant for `rule`, `src` not for `server`
_ISSUES = "https://github.com/initlint/initlint/issues"


class LazyGroup(click.Group):
    """Commands are imported when they are called; anything that is no command's name is linted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`initlint src/` is `initlint lint src/`."""
        if not args or args[0] not in (*_COMMANDS, *_OWN_OPTIONS):
            _refuse_misspelt_command(args[:1])
            args = ["lint", *args]
        return super().parse_args(ctx, args)


def _refuse_misspelt_command(words: Sequence[str]) -> None:
    """Raise UsageError for a first word that is no path, and nearly a command."""
    for word in words:
        if word.startswith("-") or os.path.lexists(word):
            return
        from difflib import get_close_matches  # only on the way to an error

        if close := get_close_matches(word, _COMMANDS, 1, cutoff=_ALIKE):
            raise UsageError(f"no such file, folder or command: {word}; did you mean `initlint {close[0]}`?")


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="initlint")
@click.option("--debug", is_flag=True, help="Show the traceback of a bug.")
def initlint(debug: bool) -> None:
    """Find, prove and repair weight-initialisation mistakes in PyTorch code.

    `initlint PATH...` lints files and folders.
    """


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run a command; turn whatever happens into an exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    options = given[: given.index("--")] if "--" in given else given
    debug = "--debug" in options
    args = [one for one in options if one != "--debug"] + given[len(options) :]
    sys.exit(_run(args, debug=debug))


def _run(args: list[str], *, debug: bool) -> int:
    try:
        with click.Context(initlint, info_name="initlint", obj=debug).scope():
            status = initlint.main(args, prog_name="initlint", standalone_mode=False, obj=debug)
        if not sys.stdout.closed:  # the language server closes it
            sys.stdout.flush()  # here, where a reader that has gone is no error
        return status if isinstance(status, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except InitlintError as error:
        return _fail(str(error), error.exit_code, debug=debug)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return _INTERRUPTED
    except BrokenPipeError:  # `initlint | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        kind = "" if isinstance(error, ChildBugError) else f"{type(error).__name__}: "
        text = f"internal error: {kind}{error}\nPlease report it at {_ISSUES}"
        return _fail(f"{text} with the output of the same command and --debug.", _BUG, debug=debug)


def _fail(message: str, status: int, *, debug: bool) -> int:
    from initlint.report.harmless import visible  # only on the way to an error

    if debug:
        import platform
        import traceback

        traceback.print_exc()
        click.echo(f"initlint {__version__}, Python {platform.python_version()}, {platform.platform()}", err=True)
    click.echo(f"error: {chr(10).join(map(visible, message.splitlines()))}", err=True)
    return status
