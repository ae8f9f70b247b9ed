"""Tests of what a checkpoint that one script loads says of a class."""

from __future__ import annotations

from initlint.describe.build import describe
from initlint.describe.owners import usage
from initlint.describe.project import Project
from initlint.source.text import SourceText

NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(4))

    def forward(self, x):
        return x * self.scale
"""
PREDICT = """
import torch
from net import Net

def main():
    model = Net()
    model.load_state_dict(torch.load("best.pt"))
    return model
"""
TRAIN = """
import torch
from net import Net

def train(batches):
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for batch in batches:
        model(batch).sum().backward()
        optimizer.step()
"""


def _is_filled(**files: str) -> bool:
    project = Project.index(SourceText(f"{name}.py", text) for name, text in files.items())
    (parameter,) = describe(project, "net.py").models[0].parameters
    assert parameter.site is not None
    return usage(project, parameter.site).rewrites(parameter.site)


def test_a_model_that_is_only_loaded_is_filled() -> None:
    """Where nobody trains it from the start, a checkpoint fills every parameter."""
    assert _is_filled(net=NET, predict=PREDICT)


def test_a_script_that_trains_needs_values_of_its_own() -> None:
    """The script that loads the result does not fill what the training script starts from."""
    assert not _is_filled(net=NET, predict=PREDICT, train=TRAIN)


def test_a_package_at_the_very_root_has_an_end() -> None:
    """Above `__init__.py` in the current folder there is no other folder to look into."""
    net = "import torch\nclass Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    net += "        self.v = torch.nn.Parameter(torch.empty(4))\n"
    project = Project.index(
        [SourceText("net.py", net), SourceText("__init__.py", "import torch\nfrom .net import Net\n")]
    )
    (model,) = describe(project, "net.py").models
    site = model.parameters[0].site
    assert site is not None

    assert usage(project, site).sure


def test_the_best_checkpoint_comes_too_late() -> None:
    """What training itself left, loaded for a test, does not fill what training started from."""
    assert not _is_filled(net=NET, train=TRAIN + '    model.load_state_dict(torch.load("best.pt"))\n')


def test_a_checkpoint_before_training_fills() -> None:
    """What is loaded first is what is trained, also where another model was trained before."""
    load = '    model.load_state_dict(torch.load("start.pt"))\n'
    start = TRAIN.replace("    optimizer =", load + "    optimizer =")
    other = TRAIN.replace("    model =", "    torch.zeros(1, requires_grad=True).sum().backward()\n    model =")

    assert (True, True) == (
        _is_filled(net=NET, train=start),
        _is_filled(net=NET, train=other.replace("    optimizer =", load + "    optimizer =")),
    )


def test_a_class_is_known_under_another_name() -> None:
    """The script that fills it may import it as something else."""
    fills = "\nfor p in model.parameters():\n    torch.nn.init.uniform_(p)\n"
    script = f"import torch\nfrom net import Net as Model\n\nmodel = Model(){fills}"

    assert _is_filled(net=NET, script=script)


def test_sizes_are_no_table_to_build_from() -> None:
    """A script that keeps its sizes in tuples and dictionaries is read; one that keeps classes in them is not sure."""
    fills = "\nfor p in model.parameters():\n    torch.nn.init.uniform_(p)\n"
    head = "import torch\nfrom net import Net\n\n"
    sizes = 'shape, options = (args.channels, 64), {"lr": 1e-3, "betas": (0.5, args.beta)}\nshape = (3, args.height)\n'
    table = 'MODELS = {"net": Net}\n'

    assert _is_filled(net=NET, script=f"{head}{sizes}model = Net(){fills}")
    assert not _is_filled(net=NET, script=f"{head}{table}")
