"""Sizes that a helper of torch or timm gives for each direction, and those that a loop over a parameter leaves."""

from __future__ import annotations

import pytest

from initlint.describe.build import describe
from initlint.describe.nodes import Parameter
from initlint.describe.project import Project
from initlint.describe.symbols import number
from initlint.source.text import SourceText

KERNEL = """
import torch
import torch.nn.functional as F
from torch import nn
{imports}

class Net(nn.Module):
    def __init__(self, n_in=4, n_out=8, kernel={kernel}):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in, *{helper}(kernel)))

    def forward(self, x):
        return F.conv2d(x, self.weight)
"""
LOOKED_UP = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, words=100, width=16):
        super().__init__()
        self.words = nn.Parameter(torch.randn(words, width))
        self.places = nn.Parameter(torch.randn(8, width))
        self.mix = nn.Parameter(torch.randn(3, width, 32))

    def forward(self, tokens):
        x = self.places[torch.arange(8)] + self.words[tokens]
        for mix in self.mix:
            x = torch.einsum("btc,cd->btd", x, mix)
        return x
"""


def parameter(text: str, name: str) -> Parameter:
    """One parameter of the only model in the text."""
    (model,) = describe(Project.index([SourceText("net.py", text)]), "net.py").models
    return next(one for one in model.parameters if one.name == name)


@pytest.mark.parametrize(
    ("imports", "helper", "kernel", "fan"),
    [
        ("from torch.nn.modules.utils import _pair", "_pair", "3", 36),
        ("from torch.nn.modules.utils import _pair", "_pair", "(3, 5)", 60),
        ("from torch.nn.modules.utils import _single", "_single", "3", 12),
        ("from timm.layers import to_2tuple", "to_2tuple", "3", 36),
    ],
)
def test_one_size_serves_each_direction(imports: str, helper: str, kernel: str, fan: int) -> None:
    """A number is repeated, a tuple stays as it is."""
    text = KERNEL.format(imports=imports, helper=helper, kernel=kernel)

    found = parameter(text, "weight").fan_in

    assert fan == (found if isinstance(found, int) else found.default)


def test_each_turn_of_a_loop_contracts_one_matrix_of_the_stack() -> None:
    """And rows that the signal looks up in a table are the signal: no two weights are multiplied here."""
    mix = parameter(LOOKED_UP, "mix")

    assert {"contract"} == set(mix.uses)
    assert "width" == repr(mix.effective_fan_in) or 16 == number(mix.effective_fan_in)


SEEN = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(4, 6, 8))
        nn.init.kaiming_normal_(self.weight.view({sizes}), nonlinearity="linear")

    def forward(self, x):
        return x @ self.weight
"""


@pytest.mark.parametrize(("sizes", "fan"), [("-1, 8", 8), ("3, -1", 64), ("4, -1", 48)])
def test_the_size_that_is_left_open_is_what_the_others_leave(sizes: str, fan: int) -> None:
    """`-1` is no fan: the init of a view divides by what torch makes of it."""
    event = parameter(SEEN.format(sizes=sizes), "weight").effective

    assert event is not None
    assert fan == round(number(event.std) ** -2)  # type: ignore[operator]
