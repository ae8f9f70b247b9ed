"""What an init reaches: its writes, the kinds its code names, the calls that an apply runs."""

from __future__ import annotations

import ast

import pytest

from initlint.describe.build import describe
from initlint.describe.nodes import Applied, FileModel, InitCall
from initlint.describe.project import Project
from initlint.describe.reach import applied_by, code, doing, inits, named_kinds
from initlint.source.text import SourceText

MODEL = """
from torch import nn

def init(module):
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.weight)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(8, 8)
        self.apply(init)
        nn.init.ones_(self.fc.bias)

class Other(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        for m in self.modules():
            if isinstance(m, (nn.Linear, nn.Conv2d)):
                m.weight.data.fill_(0)
"""


@pytest.fixture(scope="module")
def file() -> FileModel:
    """The description of the text above."""
    return describe(Project.index([SourceText("net.py", MODEL)]), "net.py")


def test_an_apply_is_known_by_its_writes(file: FileModel) -> None:
    """Those by name, before or after, are not its doing."""
    net = file.models[0]
    (applied,) = inits(file, net)

    assert ["fc.weight"] == [one.name for one in net.parameters if doing(applied, one)]


def test_inits_belong_to_their_model(file: FileModel) -> None:
    """Readings count their writes anew, so an init is looked for in its own model only."""
    assert [["apply"], ["loop"]] == [[one.how for one in inits(file, model)] for model in file.models]


def test_the_kinds_that_an_init_names(file: FileModel) -> None:
    """As its type tests have them."""
    first, second = file.facts(Applied)

    assert [{"Linear"}, {"Linear", "Conv2d"}] == [named_kinds(code(file, one)) for one in (first, second)]


def test_a_call_knows_the_apply_that_runs_it(file: FileModel) -> None:
    """A loop and a straight line are no apply."""
    by = applied_by(file)

    assert [13, None, None] == [by[id(one)].site.line if id(one) in by else None for one in file.facts(InitCall)]


@pytest.mark.parametrize(
    ("test", "kinds"),
    [
        ("isinstance(m, (nn.Linear, Conv1D))", {"Linear", "Conv1D"}),
        ("isinstance(m, nn.Linear | nn.Conv2d)", {"Linear", "Conv2d"}),
        ("type(m) in [nn.Conv1d]", {"Conv1d"}),
        ("name.find('Conv') != -1", {"Conv"}),
        ("m.__class__.__name__ == 'Linear'", {"Linear"}),
        ("len(m) == count", set()),
    ],
)
def test_spellings_of_type_tests(test: str, kinds: set[str]) -> None:
    """Classes, tuples, unions, exact types and class names."""
    assert kinds == named_kinds([ast.parse(test)])
