"""What is not known of a transformers model whose base is outside of the project."""

from __future__ import annotations

import pytest

from initlint.describe.build import describe
from initlint.describe.project import Project
from initlint.source.text import SourceText

HEAD = """
from torch import nn
from transformers import BertPreTrainedModel, PreTrainedModel
"""
BODY = """
    def __init__(self, config):
        super().__init__(config)
        self.tokens = nn.Embedding(100, 16)
        self.fc = nn.Linear(16, 4)
        self.norm = nn.LayerNorm(4)
        self.post_init()

    def forward(self, x):
        return self.norm(self.fc(self.tokens(x)))
"""
OWN = """
    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.01)
"""
MORE = """
    def _init_weights(self, module):
        super()._init_weights(module)
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.01)
"""


def schemes(text: str) -> dict[str, str]:
    """The scheme of each parameter of the one model."""
    file = describe(Project.index([SourceText("net.py", text)]), "net.py")
    return {one.name: one.effective.scheme for one in file.models[-1].parameters if one.effective}


@pytest.mark.parametrize("base", ["PreTrainedModel", "BertPreTrainedModel"])
@pytest.mark.parametrize(("method", "tokens", "fc"), [("", "unknown", "unknown"), (MORE, "unknown", "normal")])
def test_the_librarys_init_is_unknown(base: str, method: str, tokens: str, fc: str) -> None:
    """But a norm starts as the identity."""
    found = schemes(f"{HEAD}class Net({base}):{BODY}{method}")

    assert (tokens, fc, "ones") == (found["tokens.weight"], found["fc.weight"], found["norm.weight"])


def test_an_init_of_its_own_is_all_there_is() -> None:
    """What it does not name keeps torch's default."""
    found = schemes(f"{HEAD}class Net(PreTrainedModel):{BODY}{OWN}")

    assert ("normal", "normal") == (found["tokens.weight"], found["fc.weight"])
