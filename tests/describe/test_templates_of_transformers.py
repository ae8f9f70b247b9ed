"""transformers' modular files, from which the files that run are generated."""

from __future__ import annotations

from initlint.describe.build import describe
from initlint.describe.project import Project
from initlint.source.text import SourceText

NET = "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
GENERATED = "# This file was automatically generated from modular_net.py. Do not edit it by hand.\n"


def names(**files: str) -> list[str]:
    """The models that the modular file is said to hold."""
    project = Project.index(SourceText(f"net/{name}.py", text) for name, text in files.items())
    return [model.name for model in describe(project, "net/modular_net.py").models]


def test_the_file_made_from_it_is_read_instead() -> None:
    """Its classes are only taken apart; `super().__init__()` may stand where Python could not run it."""
    assert [] == names(modular_net=NET, modeling_net=GENERATED + NET)


def test_a_file_of_that_name_is_read_like_any_other() -> None:
    """Where nothing is generated from it."""
    assert ["Net"] == names(modular_net=NET)
    assert ["Net"] == names(modular_net=NET, modeling_net=NET)
