"""INI107 on the live model: learned tokens that start equal, and that nothing in the model tells apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.check_harness import expected, said

pytestmark = pytest.mark.torch

NET = """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.prompts = nn.Parameter(torch.{made})
        self.mix = nn.MultiheadAttention(8, 2, batch_first=True)
        self.first = nn.Linear(24, 24)
        {init}

    def forward(self, x: torch.Tensor):
        x = self.first(x).reshape(-1, 3, 8)
        tokens = self.prompts.reshape(1, -1, 8).expand(x.shape[0], -1, -1)
        {forward}
"""
_MIXED = "x = torch.cat([tokens, x], dim=1)\n        return self.mix(x, x, x)[0]"
_POOLED = "x = torch.cat([tokens, x], dim=1)\n        return self.mix(x, x, x)[0].mean(1)"


def net(made: str, forward: str, init: str = "pass") -> str:
    """A model with prompts."""
    return NET.format(made=made, init=init, forward=forward)


CASES = {
    "zero": net("zeros(4, 8)  # INI107", _MIXED).replace(")  # INI107)", "))  # INI107"),
    "constant": net("empty(1, 4, 8)", _MIXED, "nn.init.constant_(self.prompts, 0.02)  # INI107"),
    "pooled": net("empty(1, 4, 8)", _POOLED, "nn.init.ones_(self.prompts)  # INI107"),
    "drawn": net("randn(4, 8) * 0.02", _MIXED),
    "a single one": net("zeros(1, 8)", _MIXED),
    "never used": net("zeros(4, 8)", "return self.mix(x, x, x)[0]"),
    "frozen": net("zeros(4, 8)", _MIXED, "self.prompts.requires_grad = False"),
    "with positions": net(
        "zeros(4, 8)", "return self.mix(tokens + self.place, x, x)[0]", "self.place = nn.Parameter(torch.randn(4, 8))"
    ),
    "each to its own use": net(
        "zeros(4, 8)", "a, b, c, d = self.mix(tokens, x, x)[0].unbind(1)\n        return a * 2 + b - c.relu() * d"
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_tokens(case: str, tmp_path: Path) -> None:
    """Found on the line that makes them equal; silent where anything makes a difference between them."""
    assert expected(CASES[case]) == said(tmp_path, CASES[case])
