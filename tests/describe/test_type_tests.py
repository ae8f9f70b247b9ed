"""Tests of types and names that cannot mean what they say."""

from __future__ import annotations

import pytest

from initlint.describe.nodes import TypeTest
from tests.describe.facts_of import facts

BROKEN = [
    ("isinstance(m, nn.Linear or nn.Conv2d)", "boolean-of-types"),
    ("isinstance(m, nn.Linear and nn.Conv2d)", "boolean-of-types"),
    ("isinstance(m, [nn.Linear])", "list-of-types"),
    ("isinstance(m, nn.Linear, nn.Conv2d)", "three-arguments"),
    ("isinstance(type(m), nn.Linear)", "type-of-type"),
    ("isinstance(m, nn.Linear) or nn.Conv2d", "class-is-always-true"),
    ("not (isinstance(m, nn.Linear) or nn.Conv2d)", "class-is-always-true"),
    ("type(m) == nn.Linear or nn.Conv2d", "class-is-always-true"),
    ("m == nn.Linear", "module-equals-class"),
    ("m in (nn.Linear, nn.Conv2d)", "module-equals-class"),
    ("type(m) == (nn.Linear, nn.Conv2d)", "type-equals-several"),
    ("type(m) is (nn.Linear or nn.Conv2d)", "type-equals-boolean"),
    ("m.__class__ == 'Linear'", "type-equals-text"),
    ("m.__class__.__name__ == nn.Linear", "name-equals-class"),
    ("m.__class__.__name__.find('Linear')", "find-is-a-position"),
    ("not type(m).__name__.find('Linear')", "find-is-a-position"),
    ("'a' or 'b' in name", "text-is-always-true"),
    ("name == 'a' or 'b'", "text-is-always-true"),
]
SOUND = [
    "isinstance(m, (nn.Linear, nn.Conv2d))",
    "isinstance(m, nn.Linear | nn.Conv2d)",
    "isinstance(m, nn.Linear) or name",
    "type(m) in (nn.Linear, nn.Conv2d)",
    "type(m) == nn.Linear or type(m) is nn.Conv2d",
    "type(m).__name__ == 'Linear'",
    "m.__class__.__name__.find('Linear') != -1",
    "'a' in name or 'b' in name",
    "soup.find('a')",
]


def problems(test: str, body: str = "nn.init.zeros_(m.weight)") -> list[str]:
    """What is noted of a condition in an init function."""
    return [one.problem for one in facts(TypeTest, f"\ndef init(m, name, soup):\n    if {test}:\n        {body}\n")]


@pytest.mark.parametrize(("test", "problem"), BROKEN)
def test_broken_tests_are_noted(test: str, problem: str) -> None:
    """Each once, by the kind of its mistake."""
    assert [problem] == problems(test)


@pytest.mark.parametrize("test", SOUND)
def test_sound_tests_are_not(test: str) -> None:
    """Near misses are left alone."""
    assert [] == problems(test)


def test_an_unknown_may_be_a_class() -> None:
    """`m == nn.Linear` is right where m holds a class; that its weight is used tells that it does not."""
    assert [] == problems("m == nn.Linear", "layer = m(4, 4)")


def test_a_default_is_no_condition() -> None:
    """`norm or nn.LayerNorm` chooses a class; it asks for no truth."""
    assert [] == facts(TypeTest, "\ndef make(norm=None):\n    norm = norm or nn.LayerNorm\n    return norm(4)\n")
