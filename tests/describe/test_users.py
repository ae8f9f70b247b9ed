"""Who, elsewhere in the project, uses a class or writes to its weights."""

from __future__ import annotations

from pathlib import Path

import pytest

import initlint
from initlint.config import Settings
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


LAYER = """
import copy
import torch
from torch import nn

class Layer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.w = nn.Parameter(torch.randn(width, 64))
        self.raw = nn.Parameter(torch.empty(64))
        block = nn.Linear(64, 64)
        self.blocks = nn.ModuleList([copy.deepcopy(block) for _ in range(4)])

    def forward(self, x):
        x = torch.relu(x @ self.w)
        for block in self.blocks:
            x = block(x)
        return x * self.raw
"""
FILLS = """
from torch import nn
from layer import Layer

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = Layer(64)
        for p in self.parameters():
            nn.init.normal_(p, std=0.02)

    def forward(self, x):
        return self.layer(x)
"""
RESUMES = """
import torch
from layer import Layer

def main(args):
    model = Layer(64)
    if args.resume:
        model.load_state_dict(torch.load(args.resume))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(2, 64)).sum().backward()
"""


def codes(tmp_path: Path, **files: str) -> set[str]:
    """What is said of layer.py in a project of these files."""
    for name, text in {"layer": LAYER, **files}.items():
        (tmp_path / f"{name}.py").write_text(text)
    return {
        one.code
        for one in initlint.lint_paths([str(tmp_path)], Settings(cache=False))
        if Path(one.path).name == "layer.py"
    }


def test_a_layer_is_wrong_on_its_own(tmp_path: Path) -> None:
    """N(0, 1), raw memory and copies."""
    assert {"INI302", "INI103", "INI105"} == codes(tmp_path)


def test_what_an_owner_draws_anew_is_not_wrong(tmp_path: Path) -> None:
    """In whatever file it stands."""
    assert set() == codes(tmp_path, model=FILLS)


def test_a_checkpoint_that_some_runs_resume_from_fills_nothing(tmp_path: Path) -> None:
    """Every training script has such a branch."""
    assert {"INI302", "INI103", "INI105"} == codes(tmp_path, train=RESUMES)


ASKS = """
from layer import Layer

class Engine:
    def __init__(self, model):
        self.model = model
        for p in self.model.parameters():
            p.grad = None

    def special(self):
        found = []
        for module in self.model.modules():
            if isinstance(module, Layer):
                found.append(module)
        return found
"""

FILLS_BY_TYPE = """
from torch import nn
from layer import Layer

class Engine:
    def __init__(self, model):
        self.model = model

    def start(self):
        for module in self.model.modules():
            if {test}
                for p in module.parameters():
                    nn.init.normal_(p, std=0.02)
"""

TESTS = """
from torch import nn
from layer import Layer

class TestLayer:
    def test_sum(self):
        layer = Layer(64)
        for p in layer.parameters():
            nn.init.ones_(p)
"""


def test_who_only_asks_for_the_type_fills_nothing(tmp_path: Path) -> None:
    """An engine that cannot be read as a model may do anything to one that it builds, not to one that it counts."""
    assert {"INI302", "INI103", "INI105"} == codes(tmp_path, engine=ASKS)


@pytest.mark.parametrize(
    "test", ["isinstance(module, Layer):", "not isinstance(module, Layer):\n                pass\n            else:"]
)
def test_who_asks_for_the_type_may_fill_it(tmp_path: Path, test: str) -> None:
    """Wherever the function does so."""
    assert not {"INI103", "INI105"} & codes(tmp_path, engine=FILLS_BY_TYPE.format(test=test))


def test_what_a_test_draws_says_nothing_of_the_library(tmp_path: Path) -> None:
    """It is for its own comparison."""
    assert "INI105" in codes(tmp_path, test_layer=TESTS)


CHOSEN = """
import torch
from torch import nn
from layer import Layer

class Training:
    def __init__(self, options):
        self.model = options.model(64)
        for part in self.model.children():
            for p in part.parameters():
                options.draw(p)

def main(options):
    {models}
    options.draw = nn.init.xavier_uniform_
    Training(options)
"""


def test_what_is_chosen_from_a_table_may_be_filled_by_whoever_builds_it(tmp_path: Path) -> None:
    """Also where the table stands in a function; one that builds the class and does nothing more fills nothing."""
    table = "models = {'layer': Layer}\n    options.model = models[options.name]"

    assert not {"INI103", "INI105"} & codes(tmp_path, training=CHOSEN.format(models=table))
    assert "INI103" in codes(tmp_path, training=CHOSEN.format(models="Layer(64)"))


POLICY = """
import torch
from layer import Layer

class Policy:
    def __init__(self, device="cpu", path=None):
        self.layer = Layer(64).to(device)
        weights = torch.load("policy.pt", map_location=device)
        {loads}

    def predict(self, x):
        return self.layer(x)
"""


def test_a_policy_that_loads_what_it_builds_has_filled_it(tmp_path: Path) -> None:
    """Though it is no module; not where it loads only if asked to."""
    loads = 'self.layer.load_state_dict(weights["layer"])'

    assert not {"INI302", "INI103"} & codes(tmp_path, policy=POLICY.format(loads=loads))
    assert "INI302" in codes(tmp_path, policy=POLICY.format(loads=f"if path: {loads}"))


def test_what_a_policy_loads_says_nothing_of_a_training_from_the_start(tmp_path: Path) -> None:
    """The script of the training builds one of its own."""
    loads = 'self.layer.load_state_dict(weights["layer"])'
    trains = RESUMES.replace("if args.resume:\n        model.load_state_dict(torch.load(args.resume))", "pass")

    assert "INI302" in codes(tmp_path, policy=POLICY.format(loads=loads), train=trains)
