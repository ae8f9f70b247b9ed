"""Two words that one setting is compared with: at most one of them is the setting."""

from __future__ import annotations

import pytest

import initlint
from initlint.config import Settings

NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self, how):
        super().__init__()
        self.fc = nn.Linear(64, 64)
        if how == "normal":
            self.fill(how)

    def fill(self, how):
        {test}
            nn.init.xavier_normal_(self.fc.weight, std=0.02)

    def forward(self, x):
        return self.fc(x)
"""


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ('if how == "xavier":', False),  # never, where it is "normal"
        ('if how == "normal":', True),
        ('if how != "xavier":', True),
        ("if how == self.how:", True),
    ],
)
def test_what_another_word_asks_for_is_not_read(test: str, told: bool) -> None:
    """A comparison inside a branch is decided by the branch's own."""
    findings = initlint.lint_source(NET.format(test=test), "net.py", Settings(cache=False, select=("INI603",)))

    assert told is bool(findings)
