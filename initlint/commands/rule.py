"""`initlint rule`: the catalogue, and each rule's page."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from initlint import packs
from initlint.errors import UsageError
from initlint.finding import DOCS_URL
from initlint.rule import Rule
from initlint.selection import check_selector, weight


@click.command("rule", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("codes", nargs=-1, metavar="[CODE]...")
@click.option("--output-format", type=click.Choice(["text", "json", "markdown"]), default="text", help="text")
def rule(codes: tuple[str, ...], output_format: str) -> None:
    """Explain rules: all in a table, or the page of each CODE, prefix or name."""
    rules = packs.load()
    chosen = _chosen(codes, rules)
    if output_format == "json":
        click.echo(json.dumps([_object(one) for one in chosen], indent=2))
    elif not codes:
        _list(chosen, markdown=output_format == "markdown")
    else:
        _pages(chosen, markdown=output_format == "markdown")


def page(one: Rule) -> str:
    """A rule's page in Markdown."""
    fix = "a fix is offered" if _has_fix(one) else "no fix"
    facts = f"**{one.severity.value}**, confidence {one.confidence.value}, {fix}"
    return f"# {one.name} ({one.code})\n\n{facts}\n\n{_text(one)}\n"


def _chosen(codes: tuple[str, ...], rules: Mapping[str, Rule]) -> list[Rule]:
    if not codes:
        return list(rules.values())
    found: dict[str, Rule] = {}
    for code in codes:
        check_selector(code, rules, "initlint rule")
        found |= {one.code: one for one in rules.values() if weight(code, one.code, one.name)}
    if not found:
        raise UsageError("no rule was asked for")
    return list(found.values())


def _text(one: Rule) -> str:
    return inspect.cleandoc(type(one).__doc__ or "")


def _has_fix(one: Rule) -> bool:
    return "## Fix safety" in _text(one)


def _object(one: Rule) -> dict[str, Any]:
    return {
        "code": one.code,
        "name": one.name,
        "severity": one.severity.value,
        "confidence": one.confidence.value,
        "fix": _has_fix(one),
        "options": dict(one.options),
        "summary": _text(one).split("\n", 1)[0],
        "explanation": _text(one),
        "url": f"{DOCS_URL}#{one.code.lower()}",
    }


def _list(rules: list[Rule], *, markdown: bool) -> None:
    rows = [
        (one.code, one.name, one.severity.value, "fix" if _has_fix(one) else "", _text(one).split("\n", 1)[0])
        for one in rules
    ]
    if markdown:
        click.echo("| code | name | severity | fix | what |\n|---|---|---|---|---|")
        for row in rows:
            click.echo(f"| {' | '.join(row)} |")
    elif sys.stdout.isatty():
        _table(rows)
    else:
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        for row in rows:
            cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
            click.echo("  ".join([*cells, row[4]]).rstrip())


def _table(rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console  # only for a terminal
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for title, style in (("code", "bold red"), ("name", "bold"), ("severity", ""), ("fix", "cyan"), ("what", "")):
        table.add_column(title, style=style, no_wrap=title == "code")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _pages(rules: list[Rule], *, markdown: bool) -> None:
    text = "\n".join(map(page, rules))
    if markdown or not sys.stdout.isatty():
        click.echo(text, nl=False)
        return
    from rich.console import Console  # only for a terminal
    from rich.markdown import Markdown

    Console().print(Markdown(text))
