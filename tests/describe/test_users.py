"""Who, elsewhere in the project, uses a class or writes to its weights."""

from __future__ import annotations

import pytest

from initlint.describe import owners
from initlint.describe.project import Project
from initlint.source.text import SourceText

SCRIPT = "import torch\nfrom torch import nn\ndef main():\n    return nn.Linear(2, 2)\n"
MODEL = "from torch import nn\nclass Net(nn.Module):\n    pass\n"


def project(**files: str) -> Project:
    return Project.index([SourceText(name.replace("__", "/") + ".py", text) for name, text in files.items()])


@pytest.mark.parametrize(
    ("writer", "written"),
    [
        ("def load(layer, w):\n    layer.mlp.inter_w.data = w\n", True),
        ("def load(layer, w):\n    layer.mlp.inter_w = w\n", True),
        ("def load(layer, w):\n    layer.mlp.inter_w.copy_(w)\n", True),
        ("def load(layer, w):\n    if isinstance(layer, Other):\n        layer.inter_w.data = w\n", False),
        ("def load(layer, w):\n    return layer.mlp.inter_w + w\n", False),
        ("class Other:\n    def load(self, w):\n        self.inter_w = w\n", False),
    ],
)
def test_a_name_of_its_own_is_written_to(writer: str, written: bool) -> None:
    """By a file that does not name the class."""
    assert written is owners.written_by_name(project(model=MODEL, writer=writer), "Net", "inter_w")


def test_a_common_name_says_little() -> None:
    """Nearly every file writes to some `weight`: only where it names the class may it be this one."""
    writer = "def load(layer, w):\n    layer.weight.data = w\n"

    assert not owners.written_by_name(project(model=MODEL, writer=writer), "Net", "weight")
    assert owners.written_by_name(project(model=MODEL, writer=f"from model import Net\n{writer}"), "Net", "weight")


@pytest.mark.parametrize(
    ("user", "found"),
    [
        ("from model import Net\nnet = Net()\n", True),
        ("from pkg import Net\nnet = Net()\n", True),
        ("from . import Net\nnet = Net()\n", True),
        ("import pkg.model\nnet = pkg.model.Net()\n", True),
        ("from elsewhere import Net\nnet = Net()\n", False),
        ("class Net:\n    pass\nnet = Net()  # not of pkg\n", False),
    ],
)
def test_users_import_what_they_use(user: str, found: bool) -> None:
    """From the file itself, or from a package above that may hand it on."""
    made = project(pkg____init__="from .model import Net\n", pkg__model=MODEL, pkg__user=user)
    home = made.file("pkg/model.py")
    assert home is not None

    assert found is (("pkg/user.py", None) in [(file.path, scope) for file, scope in owners._users(made, home, "Net")])


def test_no_script_is_parsed_for_the_main_of_another() -> None:
    """Hundreds of scripts of a project have one, or speak of one in a string."""
    scripts = {f"script{number}": f"{SCRIPT}y = {number}\n" for number in range(9)}
    made = project(model=MODEL, mention="branch = 'main'\n", **scripts)
    home = made.file("script0.py")
    assert home is not None

    assert [] == list(owners._users(made, home, "main"))
    assert {"script0.py"} == {path for path, source in made.sources.items() if "tree" in vars(source)}
