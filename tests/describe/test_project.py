"""Tests of the way from a name in one file to its definition in another."""

from __future__ import annotations

import pytest

from initlint.describe.build import describe
from initlint.describe.index import FileIndex
from initlint.describe.nodes import InitCall
from initlint.describe.project import Project
from initlint.describe.values import Function
from initlint.source.text import SourceText

MODEL = """
import torch
from helpers import draw

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(4, 4)
        draw(self.fc)
"""
HELPERS = """
import torch

def draw(layer):
    torch.nn.init.xavier_uniform_(layer.weight)
"""


@pytest.mark.parametrize("folder", ["", "src/", "./", "/home/me/my.project/src/"])
def test_imports_are_followed_from_any_folder(folder: str) -> None:
    """A helper in the file beside is found, however the user named the folder."""
    sources = [SourceText(f"{folder}{name}.py", text) for name, text in (("net", MODEL), ("helpers", HELPERS))]

    met = [call.name for call in describe(Project.index(sources), f"{folder}net.py").facts(InitCall)]

    assert ["xavier_uniform_"] == met


@pytest.mark.parametrize("path", ["a/b/c.py", "./a/b/c.py", "/a/b/c.py", "/a/b/c/__init__.py"])
def test_parts_know_no_root(path: str) -> None:
    """A file's package names are the same for a path from the root and from here."""
    assert ("a", "b", "c") == FileIndex(SourceText(path, "")).parts


def test_a_file_called_torch_is_not_torch() -> None:
    """`import torch` means the library, also beside the project's own `utils/torch.py`; a relative import may not."""
    sources = [
        SourceText("net/model.py", MODEL),
        SourceText("net/helpers.py", HELPERS),
        SourceText("net/utils/torch.py", "nn = None\n"),
    ]
    project = Project.index(sources)
    importer = project.file("net/model.py")
    assert importer is not None

    assert project.module("torch", importer) is None
    assert project.module(".net.utils.torch", importer) is project.file("net/utils/torch.py")


HANDED_ON = {
    "pkg/__init__.py": "",
    "pkg/layers/__init__.py": "from .draws import draw\nfrom .names import draw_nothing\n",
    "pkg/layers/draws.py": HELPERS,
    "pkg/layers/names.py": "def draw_nothing(layer):\n    return str(layer)\n",
}


def handing_on(model: str) -> tuple[Project, list[str]]:
    """A project in which the packages' own files and names.py are not read; and the calls of init that net.py makes."""
    texts = {path: SourceText(path, text) for path, text in HANDED_ON.items()}
    read = [texts["pkg/layers/draws.py"], SourceText("pkg/net.py", model)]
    project = Project.index(read, texts.keys() - {"pkg/layers/draws.py"}, texts.get)
    return project, [call.name for call in describe(project, "pkg/net.py").facts(InitCall)]


@pytest.mark.parametrize("imported", ["from .layers import draw", "from pkg.layers import draw"])
def test_a_package_hands_on_what_its_files_define(imported: str) -> None:
    """Though nothing in its `__init__.py` speaks of models."""
    _, met = handing_on(MODEL.replace("from helpers import draw", imported))

    assert ["xavier_uniform_"] == met


def test_a_function_of_a_file_that_is_not_read_may_do_anything() -> None:
    """A weight that it is given is no longer known."""
    text = MODEL.replace("from helpers import draw", "from .layers import draw_nothing as draw")
    project, met = handing_on(text.replace("draw(self.fc)", "draw(self.fc.weight)"))
    (weight,) = (one for one in describe(project, "pkg/net.py").models[0].parameters if one.role != "bias")

    assert [] == met
    assert weight.effective is not None
    assert "unknown" == weight.effective.scheme


def test_the_standard_library_is_not_looked_for_in_folders() -> None:
    """`import ast` does not mean models/ast; a script's own token.py lies beside it."""
    paths = ["models/ast/__init__.py", "scripts/token.py", "scripts/train.py", "net.py"]
    project = Project.index(SourceText(path, "x = 1\n") for path in paths)
    net, script = project.file("net.py"), project.file("scripts/train.py")
    assert net is not None
    assert script is not None

    assert project.module("ast", net) is None
    assert project.module("token", net) is None
    assert project.module("token", script) is project.file("scripts/token.py")


def test_of_two_files_that_are_equally_near_none_is_meant() -> None:
    """Recipes in many folders have a `scaling.py` of their own; one that lacks it means none of theirs."""
    paths = ["a/scaling.py", "a/train.py", "b/scaling.py", "c/train.py"]
    project = Project.index(SourceText(path, "x = 1\n") for path in paths)
    beside, lost = project.file("a/train.py"), project.file("c/train.py")
    assert beside is not None
    assert lost is not None

    assert project.module("scaling", beside) is project.file("a/scaling.py")
    assert project.module("scaling", lost) is None


@pytest.mark.parametrize("base", ["nn.Module", "object"])
def test_a_static_method_gets_no_self(base: str) -> None:
    """Neither from a module nor from a plain object."""
    text = (
        f"from torch import nn\nclass A({base}):\n    @staticmethod\n    def draw(layer, scale):\n"
        "        nn.init.normal_(layer.weight, std=scale)\n\ndef main():\n    A().draw(nn.Linear(4, 4), 0.5)\n"
    )
    calls = describe(Project.index([SourceText("net.py", text)]), "net.py").facts(InitCall)

    assert 0.5 in [call.values.get("std") for call in calls]


def test_the_last_star_import_binds_a_name() -> None:
    """Of two files that bring one name, `from file import *` binds the one that comes last."""
    texts = {
        "first": "def draw(layer):\n    ...\n",
        "second": "def draw(layer):\n    ...\n",
        "both": "import torch\nfrom first import *\nfrom second import *\n",
    }
    project = Project.index([SourceText(f"{name}.py", f"import torch\n{text}") for name, text in texts.items()])
    both = project.file("both.py")
    assert both is not None

    found = project.member(both, "draw")

    assert isinstance(found, Function)
    assert "second.py" == found.file.path
