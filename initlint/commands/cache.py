"""`initlint cache`: where it is, what is in it, and away with it."""

from __future__ import annotations

import click

from initlint.config import load
from initlint.recall import cache_folder
from initlint.source.cache import statistics
from initlint.source.database import destroy


@click.group("cache", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--cache-dir", type=click.Path(), default=None, help="The cache's folder, if not the configured one.")
@click.pass_context
def cache(context: click.Context, cache_dir: str | None) -> None:
    """Clean or inspect the cache of this folder's project."""
    import os

    settings = load(".")
    if cache_dir is not None:
        settings = settings.overridden("command line", cache_dir=os.path.abspath(cache_dir))  # noqa: PTH100
    context.obj = cache_folder(settings)


@cache.command()
@click.pass_context
def clean(context: click.Context) -> None:
    """Remove it."""
    destroy(context.obj)


@cache.command("dir")
@click.pass_context
def folder(context: click.Context) -> None:
    """Print its folder."""
    click.echo(context.obj)


@cache.command()
@click.pass_context
def stats(context: click.Context) -> None:
    """Print how much is in it."""
    count, size = statistics(context.obj)
    click.echo(f"{context.obj}: {count} results, {size / 1024:.0f} KiB")
