"""What a configuration says to single rules."""

from __future__ import annotations

from typing import Any

import pytest

from initlint import packs
from initlint.config import Settings
from initlint.errors import ConfigError
from initlint.options import configured
from tests.line_rules import LineRule

pytestmark = pytest.mark.usefixtures("line_rules")


@pytest.fixture(autouse=True)
def options(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule INI901 has options of each kind."""
    monkeypatch.setattr(LineRule, "options", {"ratio": 3.0, "depth": 6, "loud": False, "word": "a"})


def given(rules: dict[str, Any]) -> dict[str, Any]:
    settings = Settings().overridden("initlint.toml", rules=rules)
    return dict(configured(packs.load(), settings)["INI901"].options)


@pytest.mark.parametrize("key", ["INI901", "ini901", "bad-word"])
def test_options_are_given_to_a_rule_by_code_or_name(key: str) -> None:
    """The others keep their defaults; the class is not touched."""
    assert {"ratio": 2, "depth": 7, "loud": True, "word": "a"} == given({key: {"ratio": 2, "depth": 7, "loud": True}})
    assert LineRule.options["ratio"] == 3.0


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"INI901": {"rato": 1}}, "rules.INI901: unknown option 'rato'; INI901 has ratio, depth, loud, word"),
        ({"INI001": {"x": 1}}, "rules.INI001: unknown option 'x'; INI001 has none"),
        ({"INI901": {"ratio": "3"}}, "rules.INI901.ratio: must be of the kind of 3.0, not '3'"),
        ({"INI901": {"depth": 1.5}}, "rules.INI901.depth: must be of the kind of 6, not 1.5"),
        ({"INI901": {"depth": True}}, "rules.INI901.depth: must be of the kind of 6, not True"),
        ({"INI901": {"loud": 1}}, "rules.INI901.loud: must be of the kind of False, not 1"),
        ({"INI9": {}}, "rules.INI9: options are given to one rule, by its whole code or name"),
        ({"bad-wrd": {}}, "rules.bad-wrd: unknown rule 'bad-wrd'; did you mean 'bad-word'?"),
    ],
)
def test_a_mistake_is_named(rules: dict[str, Any], message: str) -> None:
    """With the file, the option, and what is allowed."""
    with pytest.raises(ConfigError) as raised:
        given(rules)

    assert f"initlint.toml: {message}" == str(raised.value)
