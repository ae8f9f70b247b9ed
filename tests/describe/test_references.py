"""Uses of init functions over a project, and the definitions that have none."""

from __future__ import annotations

from initlint.describe.project import Project
from initlint.describe.references import References
from initlint.source.text import SourceText


def references(**files: str) -> References:
    return References(Project.index(SourceText(f"{name}.py", text) for name, text in files.items()))


def uncalled(index: References, path: str) -> list[str]:
    return [one.node.name for one in index.definitions(path) if one.certain and not one.exported and not one.used]


CLASS = """
from torch import nn
class Net(nn.Module):
    def init_weights(self):
        nn.init.zeros_(self.fc.bias)
"""


def test_a_method_that_no_file_names_has_no_use() -> None:
    """A definition is no use of its name, nor is a comment or a docstring."""
    index = references(net=CLASS, train='"""Call init_weights first."""\n# model.init_weights()\n')

    assert ["init_weights"] == uncalled(index, "net.py")


def test_a_call_from_another_file_is_a_use() -> None:
    """Whatever the object is called."""
    index = references(net=CLASS, train="def main(model):\n    model.init_weights()\n")

    assert [] == uncalled(index, "net.py")


def test_self_of_an_unrelated_class_is_no_use() -> None:
    """`self.init_weights()` in a class that has nothing to do with it calls another method."""
    other = "class Other:\n    def __init__(self):\n        self.init_weights()\n    def init_weights(self): ...\n"

    assert ["init_weights"] == uncalled(references(net=CLASS, other=other), "net.py")


def test_self_of_a_class_that_is_mixed_in_is_a_use() -> None:
    """A third class that inherits from both joins them."""
    mixin = "class Starts:\n    def __init__(self):\n        self.init_weights()\n"
    joined = "from net import Net\nfrom mixin import Starts\nclass Both(Starts, Net): ...\n"

    assert [] == uncalled(references(net=CLASS, mixin=mixin, joined=joined), "net.py")


def test_a_string_is_a_use() -> None:
    """`getattr(model, "init_weights")()` and `__all__`."""
    index = references(net=CLASS, train='def main(model):\n    getattr(model, "init_weights")()\n')

    assert [] == uncalled(index, "net.py")


def test_a_call_of_itself_is_no_use() -> None:
    """A function that only its own body names is never begun."""
    text = "def _init(module):\n    for child in module.children():\n        _init(child)\n"

    assert ["_init"] == uncalled(references(net=text), "net.py")


def test_a_base_that_is_not_known_may_call_anything() -> None:
    """Frameworks call the hooks of their subclasses."""
    text = "from frame import Trainer\nclass Net(Trainer):\n    def _init_weights(self): ...\n"

    assert [] == uncalled(references(net=text), "net.py")


def test_a_file_that_does_not_parse_is_left_out() -> None:
    """One broken file does not keep the others from being read."""
    index = references(net=CLASS, broken="def init_weights(:\n")

    assert [] == list(index.of("init_weights"))


def test_a_name_that_a_star_import_brings_is_a_use() -> None:
    """`from net import *`, and then the function by its bare name."""
    net = "import torch\ndef init_all(m):\n    torch.nn.init.zeros_(m.bias)\nif __name__ == '__main__':\n    print()\n"
    train = "import torch\nfrom net import *\ntorch.nn.Linear(2, 2).apply(init_all)\n"

    assert ["init_all"] == uncalled(references(net=net), "net.py")
    assert [] == uncalled(references(net=net, train=train), "net.py")
