"""`initlint server`: the language server, over standard input and output."""

from __future__ import annotations

import click

from initlint.errors import UsageError


@click.command("server", context_settings={"help_option_names": ["-h", "--help"]})
def server() -> None:
    """Run the language server (for editors)."""
    try:
        from initlint.integrations.server import start  # pygls and asyncio
    except ModuleNotFoundError as error:
        if error.name not in ("pygls", "lsprotocol"):
            raise
        raise UsageError("the language server needs pygls: pip install 'initlint[server]'") from None
    start()
