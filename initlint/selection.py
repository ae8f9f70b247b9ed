"""Which rules are on: codes, prefixes and names, the most specific deciding."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeAlias

from initlint.config import Settings
from initlint.errors import ConfigError

if TYPE_CHECKING:
    from initlint.rule import Rule
    from initlint.rulebook import Entry

    Known: TypeAlias = Rule | Entry

ALWAYS = ("INI002", "INI003")  # that a file cannot be read, or a rule crashed, is told unless ignored by code


def enabled(settings: Settings, rules: Mapping[str, Known]) -> frozenset[str]:
    """The codes of the rules that are on. Raises ConfigError for a selector that means no rule."""
    chosen = settings.select + settings.extend_select
    refused = settings.ignore + settings.extend_ignore
    check_selectors(settings, rules)
    return frozenset(
        rule.code
        for rule in rules.values()
        if max(map(_weight(rule), chosen), default=0) > max(map(_weight(rule), refused), default=0)
        or (rule.code in ALWAYS and rule.code not in refused)
    )


def check_selectors(settings: Settings, rules: Mapping[str, Known]) -> None:
    """Raise ConfigError for the first code that no rule has; it names where the code was written."""
    for name in ("select", "ignore", "extend_select", "extend_ignore"):
        for selector in getattr(settings, name):
            check_selector(selector, rules, f"{settings.origins.get(name, 'default')}: {name.replace('_', '-')}")
    origin = settings.origins.get("per_file_ignores", "default")
    for glob, selectors in settings.per_file_ignores:
        for selector in selectors:
            check_selector(selector, rules, f"{origin}: per-file-ignores '{glob}'")


def check_selector(selector: str, rules: Mapping[str, Known], origin: str) -> None:
    """Raise ConfigError, with a suggestion, where `selector` means no rule."""
    if any(_weight(rule)(selector) for rule in rules.values()):
        return
    from difflib import get_close_matches  # only on the way to an error

    words = [word for rule in rules.values() for word in (rule.code, rule.name)]
    close = get_close_matches(selector.upper(), words, 1) or get_close_matches(selector.lower(), words, 1)
    hint = f"; did you mean '{close[0]}'?" if close else "; `initlint rule` lists them all"
    raise ConfigError(f"{origin}: unknown rule '{selector}'{hint}")


def is_ignored(path: str, code: str, name: str, settings: Settings) -> bool:
    """Whether per-file-ignores silence this rule in this file."""
    if not settings.per_file_ignores:
        return False
    relative = os.path.relpath(path, settings.root).replace(os.sep, "/")
    return any(
        _glob_matches(glob, relative) and any(weight(selector, code, name) for selector in selectors)
        for glob, selectors in settings.per_file_ignores
    )


def weight(selector: str, code: str, name: str) -> int:
    """How specifically `selector` means the rule; 0 where it does not. A name is as specific as a full code."""
    if selector.upper() == "ALL":
        return 1
    if selector.lower() == name:
        return 1 + len(code)
    return 1 + len(selector) if selector and code.startswith(selector.upper()) else 0


def _weight(rule: Known) -> Callable[[str], int]:
    return lambda selector: weight(selector, rule.code, rule.name)


def _glob_matches(glob: str, relative: str) -> bool:
    glob = glob.removeprefix("./")
    return (
        fnmatchcase(relative, glob)
        or fnmatchcase(relative.rpartition("/")[2], glob)
        or fnmatchcase(relative, f"{glob.rstrip('/')}/*")
    )


def selectors(text: Iterable[str]) -> tuple[str, ...]:
    """The codes in options as people write them: `--select INI2,INI304 --select ALL`."""
    return tuple(code for one in text for code in one.replace(",", " ").split())
