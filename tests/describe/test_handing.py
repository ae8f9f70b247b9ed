"""A bad value is told of where it was written, not in the helper that it reached."""

from __future__ import annotations

import pytest

from initlint.describe.handing import handed_over
from initlint.describe.nodes import InitCall
from tests.describe.facts_of import facts, in_constructor

HELPER = "\ndef fill(tensor, std=0.02, *, mean=0.0):\n    nn.init.normal_(tensor, mean, std)\n"
DEEPER = HELPER + "\ndef outer(layer, how):\n    fill(layer.weight, how)\n"
METHOD = "\nclass Base(nn.Module):\n    def fill(self, tensor, std):\n        nn.init.normal_(tensor, 0, std)\n"


def origin(text: str, argument: str) -> str:
    """Where an argument of the last init call was written."""
    made = facts(InitCall, text)[-1]
    return handed_over(made.site, made.nodes[argument], made.via)[0].text


@pytest.mark.parametrize(
    ("text", "argument", "expected"),
    [
        (HELPER + in_constructor("fill(self.fc.weight, 0.1)"), "std", "fill(self.fc.weight, 0.1)"),
        (HELPER + in_constructor("fill(self.fc.weight, mean=1.0)"), "mean", "fill(self.fc.weight, mean=1.0)"),
        (HELPER + in_constructor("fill(self.fc.weight)"), "std", "nn.init.normal_(tensor, mean, std)"),
        (HELPER + in_constructor("fill(*[self.fc.weight], 0.1)"), "std", "nn.init.normal_(tensor, mean, std)"),
        (DEEPER + in_constructor("outer(self.fc, 0.1)"), "std", "outer(self.fc, 0.1)"),
        (DEEPER + in_constructor("outer(self.fc, 0.1)"), "tensor", "fill(layer.weight, how)"),
        (METHOD + in_constructor("self.fill(self.fc.weight, 0.1)").replace("nn.Module", "Base"), "std",
         "self.fill(self.fc.weight, 0.1)"),
    ],
)  # fmt: skip
def test_values_are_followed_through_helpers(text: str, argument: str, expected: str) -> None:
    """Through any number of helpers, by position and by name; a default was written in the helper."""
    assert expected == origin(text, argument)


def test_apply_hands_nothing_over() -> None:
    """What `apply` gives to a function stands nowhere in the text of its call."""
    text = "\ndef init(m):\n    if isinstance(m, nn.Linear):\n        nn.init.zeros_(m.weight)\n"

    assert "nn.init.zeros_(m.weight)" == origin(text + in_constructor("self.apply(init)"), "tensor")
