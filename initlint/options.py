"""What a configuration file says to single rules: `[tool.initlint.rules.INI305]`."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from initlint.config import Settings
from initlint.errors import ConfigError
from initlint.rule import Rule
from initlint.selection import check_selector


def configured(rules: Mapping[str, Rule], settings: Settings) -> dict[str, Rule]:
    """The rules, with the options they were given. Raises ConfigError for an unknown rule or option."""
    origin = settings.origins.get("rules", "default")
    by_code = dict(rules)
    for key, values in settings.rules.items():
        rule = next((one for one in rules.values() if key.upper() == one.code or key == one.name), None)
        if rule is None:
            check_selector(key, rules, f"{origin}: rules.{key}")
            raise ConfigError(f"{origin}: rules.{key}: options are given to one rule, by its whole code or name")
        by_code[rule.code] = _with_options(rule, values, f"{origin}: rules.{key}")
    return by_code


def _with_options(rule: Rule, values: Mapping[str, Any], origin: str) -> Rule:
    for name, value in values.items():
        if name not in rule.options:
            allowed = ", ".join(rule.options) or "none"
            raise ConfigError(f"{origin}: unknown option '{name}'; {rule.code} has {allowed}")
        default = rule.options[name]
        # A whole number is good where a fraction is wanted; true and false are numbers to Python, not to a person.
        wanted = (int, float) if isinstance(default, float) else type(default)
        if not isinstance(value, wanted) or isinstance(value, bool) != isinstance(default, bool):
            raise ConfigError(f"{origin}.{name}: must be of the kind of {default!r}, not {value!r}")
    changed = copy.copy(rule)
    vars(changed)["options"] = {**rule.options, **values}  # this one instance's own
    return changed
