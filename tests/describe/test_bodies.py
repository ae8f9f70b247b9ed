"""Scripts and notebooks: what runs at the top level, and what the variables of functions hold."""

from __future__ import annotations

import pytest

from initlint.describe.build import describe
from initlint.describe.nodes import FileModel, InitCall
from initlint.describe.project import Project
from initlint.source.text import SourceText

HEAD = "import torch\nfrom torch import nn\n\n"
NET = "net = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))\n"
XAVIER = "def init(m):\n    if isinstance(m, nn.Linear):\n        nn.init.xavier_uniform_(m.weight)\n\n"
CLASS = (
    "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.a = nn.Linear(8, 8)\n"
    "        self.b = nn.Linear(8, 2)\n        nn.init.kaiming_normal_(self.a.weight)\n\n"
    "    def forward(self, x):\n        return self.b(self.a(x).relu())\n\n"
)


def read(text: str, path: str = "train.py") -> FileModel:
    return describe(Project.index([SourceText(path, HEAD + text)]), path)


def schemes(file: FileModel) -> dict[str, list[str | None]]:
    """The effective scheme of each weight, by the variable or class that holds it."""
    return {
        model.name: [one.effective.scheme if one.effective else None for one in model.parameters if one.role != "bias"]
        for model in file.models
    }


@pytest.mark.parametrize(
    "text",
    [
        f"{XAVIER}{NET}net.apply(init)\n",
        f"{NET}for m in net:\n    if isinstance(m, nn.Linear):\n        nn.init.xavier_uniform_(m.weight)\n",
        f"{NET}def init():\n    for m in net.modules():\n        if isinstance(m, nn.Linear):\n"
        "            nn.init.xavier_uniform_(m.weight)\ninit()\n",
        f"{XAVIER}if __name__ == '__main__':\n    {NET}    net.apply(init)\n",
        f"{XAVIER}def main():\n    {NET}    net.apply(init)\n\nif __name__ == '__main__':\n    main()\n",
        f"{XAVIER}def train(args):\n    {NET}    net.apply(init)\n    args.optimizer(net)\n",
    ],
    ids=["apply", "loop", "global", "guard", "main", "local"],
)
def test_a_script_is_followed_to_its_end(text: str) -> None:
    """Its variables are models."""
    assert {"net": ["xavier_uniform", "xavier_uniform"]} == schemes(read(text))


def test_of_an_object_of_a_class_only_the_change_is_the_script_s() -> None:
    """The class answers for the rest, where it is defined."""
    file = read(f"{CLASS}{XAVIER}net = Net()\nnn.init.zeros_(net.b.weight)\nother = Net()\n")

    assert {"Net": ["kaiming_normal", "kaiming_uniform"], "net": ["zeros"]} == schemes(file)


def test_writes_at_the_top_level_are_met() -> None:
    """Also where the model is not known."""
    file = read("nn.init.normal_(given.weight, 0.02)\n")

    assert ["normal_"] == [call.name for call in file.facts(InitCall)]


def test_parts_and_loaded_models_are_no_models_of_their_own() -> None:
    """A layer of a model that another variable holds belongs to that model; what is loaded was initialised before."""
    loaded = f"import torchvision\nbackbone = torchvision.models.resnet18(pretrained=True)\n{NET}first = net[0]\n"

    assert ["net"] == [model.name for model in read(f"{loaded}nn.init.zeros_(first.bias)\n").models]


@pytest.mark.parametrize("path", ["tests/net.py", "test_net.py", "net_test.py"])
def test_what_a_test_builds_is_no_model(path: str) -> None:
    """It may be constant on purpose."""
    assert () == read(f"{NET}nn.init.ones_(net[0].weight)\n", path).models
