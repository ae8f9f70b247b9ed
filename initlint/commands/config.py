"""`initlint config`: the settings in force, and where each comes from."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

import click

from initlint.config import load
from initlint.config_keys import KEYS


@click.command("config", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("path", type=click.Path(), default=".")
@click.option("--config", multiple=True, metavar="FILE|KEY=VALUE", help="A configuration file, or one setting.")
@click.option("--isolated", is_flag=True, help="Read no configuration file.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="text")
def config(path: str, config: tuple[str, ...], isolated: bool, output_format: str) -> None:
    """Show the settings for PATH (default: the current folder), and where each comes from."""
    settings = load(path, config=config, isolated=isolated)
    rows = [
        (key, _plain(getattr(settings, name)), settings.origins.get(name, "default"))
        for key in KEYS
        for name in [key.replace("-", "_")]
    ]
    if output_format == "json":
        content = {key: {"value": value, "origin": origin} for key, value, origin in rows}
        click.echo(json.dumps(content, indent=2, default=str))
        return
    for key, value, origin in rows:
        click.echo(f"{key} = {json.dumps(value, ensure_ascii=False, default=str)}  # {origin}")


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
