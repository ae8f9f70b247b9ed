"""Chains in which the branch of the bias keeps the weight from its own."""

from __future__ import annotations

import pytest

from initlint.describe.facts import BranchChain
from tests.describe.facts_of import facts

BIAS, WEIGHT = "nn.init.zeros_(m.bias)", "nn.init.normal_(m.weight)"


def chained(first: str, second: str, one: str = BIAS, two: str = WEIGHT, after: str = "pass") -> list[str]:
    """The layers whose weight a chain skips."""
    text = f"\ndef init(m):\n    if {first}:\n        {one}\n    elif {second}:\n        {two}\n    {after}\n"
    return [chain.owner for chain in facts(BranchChain, text)]


@pytest.mark.parametrize(
    "first", ["m.bias is not None", "hasattr(m, 'bias')", "getattr(m, 'bias', None) is not None",
              "hasattr(m, 'bias') and m.bias is not None", "isinstance(m, nn.Linear) and m.bias is not None"],
)  # fmt: skip
@pytest.mark.parametrize(
    "second", ["m.weight is not None", "hasattr(m, 'weight')", "isinstance(m, nn.Linear)",
               "isinstance(m, (nn.Linear, nn.Conv2d))"],
)  # fmt: skip
def test_the_weight_is_skipped(first: str, second: str) -> None:
    """Every way to ask for a bias, then for a weight."""
    assert ["m"] == chained(first, second)


@pytest.mark.parametrize(
    ("first", "second", "more"),
    [
        ("isinstance(m, nn.Linear) and m.bias is not None", "isinstance(m, nn.Conv2d)", {}),
        ("isinstance(m, nn.LayerNorm) and m.bias is not None", "hasattr(m, 'weight')", {}),
        ("m.bias is not None", "hasattr(m, 'weight')", {"one": f"{BIAS}; {WEIGHT}"}),
        ("m.bias is not None", "hasattr(m, 'weight')", {"one": f"{BIAS}; m.reset_parameters()"}),
        ("m.bias is not None", "hasattr(m, 'weight')", {"one": f"{BIAS}; fill(m)"}),
        ("m.bias is not None", "hasattr(m, 'weight')", {"after": WEIGHT}),
        ("m.bias is not None", "hasattr(m, 'weight')", {"two": "nn.init.normal_(m.scale)"}),
        ("hasattr(m, 'weight')", "m.bias is not None", {"one": WEIGHT, "two": BIAS}),
        ("'bias' in name", "'weight' in name", {}),
    ],
)
def test_the_weight_is_seen_to(first: str, second: str, more: dict[str, str]) -> None:
    """The branches exclude each other, or the weight is initialised elsewhere."""
    assert [] == chained(first, second, **more)


def test_an_else_is_a_branch_too() -> None:
    """Behind a pure question for a bias; told at the statement that writes the weight."""
    text = f"\ndef init(m):\n    if m.bias is not None:\n        {BIAS}\n    else:\n        {WEIGHT}\n"

    assert [WEIGHT] == [chain.site.text for chain in facts(BranchChain, text)]
