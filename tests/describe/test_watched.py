"""Which writes autograd minds."""

from __future__ import annotations

import pytest

from initlint.describe.nodes import InitCall
from tests.describe.facts_of import facts, in_constructor


def watched(lines: str) -> list[bool]:
    """For each in-place write of a constructor, whether autograd would refuse it."""
    calls = facts(InitCall, in_constructor(lines))
    return [call.target.tracked and call.grad and call.target.copied is None for call in calls if call.is_method]


@pytest.mark.parametrize(
    "lines",
    [
        "self.fc.weight.zero_()",
        "self.fc.weight[0].zero_()",
        "self.fc.weight.t().zero_()",
        "w = self.fc.weight\nw.zero_()",
        "self.w = nn.Parameter(torch.zeros(4))\nself.w += 1",
        "self.fc.weight[0] = 1",
        "self.fc.weight.requires_grad_(True)\nself.fc.weight.zero_()",
    ],
)
def test_parameters_and_their_views_are_watched(lines: str) -> None:
    """However the parameter is reached."""
    assert [True] == watched(lines)


@pytest.mark.parametrize(
    "lines",
    [
        "self.fc.weight.data.zero_()",
        "self.fc.weight.detach()[0].zero_()",
        "with torch.no_grad():\n    self.fc.weight.zero_()",
        "with torch.set_grad_enabled(False):\n    self.fc.weight.zero_()",
        "t = torch.zeros(4)\nt.zero_()\nself.w = nn.Parameter(t)",
        "t = torch.zeros(4)\nself.w = nn.Parameter(t)\nt.zero_()",
        "self.w = nn.Parameter(torch.zeros(4), requires_grad=False)\nself.w.zero_()",
        "self.w = nn.Parameter(torch.zeros(4), flag)\nself.w.zero_()",
        "self.fc.requires_grad_(False)\nself.fc.weight.zero_()",
        "self.fc.weight.requires_grad = False\nself.fc.weight.zero_()",
        "self.fc.weight.detach_()\nself.fc.weight.zero_()",
        "part = self.fc.weight[index]\npart.zero_()",
    ],
)
def test_other_writes_are_not(lines: str) -> None:
    """Through `.data`, under no_grad, on frozen parameters, on plain tensors, on what may be a copy."""
    assert [False] == watched(lines)
