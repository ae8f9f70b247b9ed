"""Tensors filled where they are made."""

from __future__ import annotations

import pytest

from initlint.fixer.fill import fill_tensor
from initlint.fixer.fragment import CannotRewrite
from initlint.reference.recommend import Code
from tests.fixer.edited import call, rewritten, source

FILL = Code("xavier_normal_")
CASES = [
    ("self.w = nn.Parameter(torch.empty(2, 3))", "nn.init.xavier_normal_(self.w)"),
    ("self.w: nn.Parameter = nn.Parameter(torch.empty(2, 3))", "nn.init.xavier_normal_(self.w)"),
    ("w = nn.Parameter(data=torch.empty(2, 3))", "nn.init.xavier_normal_(w)"),
    ("w = torch.empty(2, 3)", "nn.init.xavier_normal_(w)"),
    ("w = self.w = nn.Parameter(torch.empty(2, 3))", "nn.init.xavier_normal_(self.w)"),
    ("self.v, self.w = v, nn.Parameter(torch.empty(2, 3))", "nn.init.xavier_normal_(self.w)"),
    ('self.register_parameter("w", nn.Parameter(torch.empty(2, 3)))', "nn.init.xavier_normal_(self.w)"),
    ('setattr(m, "w", nn.Parameter(torch.empty(2, 3)))', "nn.init.xavier_normal_(m.w)"),
]
AT_ONCE = [
    "self.ws = nn.ParameterList([nn.Parameter({}) for _ in range(4)])",
    "self.ws = nn.ParameterList([nn.Parameter({}, requires_grad=True)])",
    'self.ws = nn.ParameterDict({{"w": nn.Parameter(data={})}})',
    "self.w = nn.Parameter({}) if deep else None",
    "self.register_parameter(name, nn.Parameter({}))",
    "self.ws[i] = nn.Parameter({})",
]


@pytest.mark.parametrize(("line", "added"), CASES)
def test_by_its_name(line: str, added: str) -> None:
    """A line behind the one that makes it, under the name it has there."""
    before = f"from torch import nn\n{line}\n"

    actual = rewritten(before, lambda text: fill_tensor(text, call(text, "torch.empty("), FILL))

    assert f"{before}{added}\n" == actual


@pytest.mark.parametrize("line", AT_ONCE)
@pytest.mark.parametrize("made", ["torch.empty(", "nn.Parameter("])
def test_at_once(line: str, made: str) -> None:
    """Where it gets no name, or not always, it is filled before it becomes a parameter."""
    before, after = (
        f"from torch import nn\n{line.format(tensor)}\n"
        for tensor in ("torch.empty(2, 3)", "nn.init.xavier_normal_(torch.empty(2, 3))")
    )

    actual = rewritten(before, lambda text: fill_tensor(text, call(text, made), FILL))

    assert after == actual


def test_not_made_by_a_call() -> None:
    """A tensor that comes from elsewhere is left alone."""
    given = source("from torch import nn\nf(nn.Parameter(t))\n")

    with pytest.raises(CannotRewrite):
        fill_tensor(given, call(given, "nn.Parameter("), FILL)
