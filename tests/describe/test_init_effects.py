"""A pass of `_init_weights` that is repeated is told as if it had been read."""

from __future__ import annotations

import re

import pytest

from initlint.describe import calls, init_effects
from initlint.describe.build import describe
from initlint.describe.nodes import FileModel, InitCall
from initlint.describe.project import Project
from initlint.describe.values import Tensor
from initlint.source.text import SourceText

MODELS = """
import math
from torch import nn
from torch.nn import init
from transformers import PreTrainedModel

class Base(PreTrainedModel):
    def _init_weights(self, module):
        std = self.config.initializer_range
        if isinstance(module, nn.Linear):
            init.normal_(module.weight, mean=0.0, std={std})
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            init.normal_(module.weight, std=std)
            if module.padding_idx is not None:
                init.zeros_(module.weight[module.padding_idx])
        elif isinstance(module, Block):
            init.xavier_uniform_(module.fc.weight)

class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.fc = nn.Linear(n, n)
        self.out = nn.Linear(n, 2 * n, bias=False)

class A(Base):
    def __init__(self, config):
        super().__init__(config)
        self.tokens = nn.Embedding(100, 16, padding_idx=0)
        self.types = nn.Embedding(3, 16)
        self.block = Block(16)
        self.post_init()

class B(Base):
    def __init__(self, config):
        super().__init__(config)
        self.tokens = nn.Embedding(50, 8)
        self.block = Block(8)
        self.other = Block(16)
        self.fc = nn.Linear(8, 4)
        self.post_init()
"""


def given(call: InitCall) -> dict[str, object]:
    """The arguments; a tensor as whether it is the target, and its shape."""
    return {
        name: (value.storage is call.target.storage, value.storage.shape, value.region)
        if isinstance(value, Tensor) and value.storage is not None
        else value
        for name, value in call.values.items()
    }


def told(text: str) -> list[str]:
    """Every write to every parameter and every call, with all that can be compared."""
    file: FileModel = describe(Project.index([SourceText("net.py", text)]), "net.py")
    rows = [
        f"{model.name}.{one.name} {event.scheme} {event.mean} {event.std} {event.region} {event.order} {event.guards}"
        f" {event.call and (event.call.target.storage is one.storage, event.call.target.shape, event.call.target.slot)}"
        for model in file.models
        for one in model.parameters
        for event in one.history
    ]
    rows += [f"{one.site.line} {file.name_of(one.target.storage)} {given(one)}" for one in file.facts(InitCall)]
    return [re.sub(r"0x\w+|#\d+", "", row) for row in rows]


@pytest.mark.parametrize("std", ["std", "1 / math.sqrt(module.in_features)", "0.1 * module.weight.shape[0]"])
def test_nothing_is_told_otherwise(std: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers of other sizes, without a bias, with a padding row, written to by the block that holds them."""
    text = MODELS.replace("{std}", std)
    repeated: list[object] = []
    real = init_effects._repeat
    monkeypatch.setattr(init_effects, "_repeat", lambda *args: (repeated.append(args), real(*args)))
    fast = told(text)

    def read(run: object, function: object, module: object, node: object, frame: object) -> None:
        calls.call_function(run, function, [module], {}, node, frame)  # type: ignore[arg-type]

    monkeypatch.setattr(init_effects, "init_weights", read)

    assert told(text) == fast
    assert repeated
