"""How far functions are followed that handle no modules."""

from __future__ import annotations

import pytest

from initlint.describe import plumbing
from initlint.describe.build import describe
from initlint.describe.project import Project
from initlint.source.text import SourceText

HEAD = "import importlib\nimport torch\nfrom torch import nn\n\n"
NET = """
class Net(nn.Module):
    def __init__(self, path):
        super().__init__()
        {calls}
        self.fc = nn.Linear({width}(4), 2)

    def forward(self, x):
        return self.fc(x)

def short(n):
    return n * 2
"""
LONG = "def long(n):\n" + "    n = abs(n)\n" * 60 + "    return n * 2\n"


def fan_in(calls: str, width: str) -> object:
    """What is known of the layer that is built after the calls."""
    text = HEAD + LONG + NET.format(calls=calls, width=width)
    (model,) = describe(Project.index([SourceText("net.py", text)]), "net.py").models
    return next(one.fan_in for one in model.parameters if one.role != "bias")


def test_helpers_are_followed_for_their_results() -> None:
    """They may be widths of layers."""
    assert 8 == fan_in("pass", "short")
    assert 8 == fan_in("pass", "long")


def test_long_searches_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """And so, from there on, is all of their kind that is long; the model itself and its short helpers are read."""
    searches = "; ".join(["long(path)"] * 12)

    assert 8 != fan_in(searches, "long")
    assert 8 == fan_in(searches, "short")
    monkeypatch.setattr(plumbing, "LINES", 10**6)
    assert 8 == fan_in(searches, "long")


@pytest.mark.parametrize(
    "body",
    [
        "    return nn.Linear(4, 4)\n",
        "    layer.weight.data.zero_()\n",
        "    nn.init.zeros_(layer)\n",
        "    return other(layer)\n\ndef other(layer):\n    return Block(layer)\n\nclass Block(nn.Module):\n    pass\n",
        "    return layer.make_layer()\n",
        "    return [torch.zeros(3) for _ in layer]\n",
    ],
)
def test_what_may_make_or_fill_a_module_is_always_followed(body: str) -> None:
    """Also through a helper of its own."""
    assert not _is_plumbing(f"def names(layer):\n{body}")


@pytest.mark.parametrize(
    "body", ["    return importlib.import_module(layer)\n", "    return names(str(layer).lower())\n"]
)
def test_names_and_files_are_plumbing(body: str) -> None:
    """What the standard library and a function itself do makes no modules."""
    assert _is_plumbing(f"def names(layer):\n{body}")


def _is_plumbing(text: str) -> bool:
    project = Project.index([SourceText("net.py", HEAD + text)])
    file = project.file("net.py")
    assert file is not None
    return plumbing._handles_no_models(project, plumbing.Function(file.functions["names"], file))
