"""`initlint describe`: tables, JSON, and what it says when it cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from initlint.api import describe
from tests.commands.invoke import run
from tests.line_rules import put

NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, wide=784, hidden=256, heavy=False):
        super().__init__()
        self.fc1 = nn.Linear(wide, hidden)
        self.fc2 = nn.Linear(hidden, 10)
        nn.init.xavier_uniform_(self.fc1.weight)
        if heavy:
            nn.init.normal_(self.fc1.weight, std=0.5)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))
"""


def described(text: str, *names: str) -> dict[str, dict[str, Any]]:
    """The parameters that `describe -` tells of a text, by name."""
    done = run("describe", "-", "--output-format", "json", "--isolated", stdin=text.encode())
    assert done.status == 0, done.err
    models = json.loads(done.out)["models"]
    return {row["name"]: row for model in models if not names or model["class"] in names for row in model["parameters"]}


def test_logarithms_are_computed_or_written_out() -> None:
    """A focal prior is a number where the default tells it, and a formula where nothing does."""
    text = """
import math
from torch import nn
class Net(nn.Module):
    def __init__(self, share, prior=0.01):
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)
        nn.init.constant_(self.a.bias, -math.log((1 - prior) / prior))
        nn.init.constant_(self.b.bias, math.log(share))
"""
    found = described(text)

    assert -4.595 == round(found["a.bias"]["init"]["mean"], 3)
    assert "math.log(share)" == found["b.bias"]["init"]["mean"]


def test_only_names_of_the_source_stand_in_formulas() -> None:
    """What the reader calls an unknown is null; a cast is what it casts."""
    text = """
from typing import cast
from torch import nn
class Net(nn.Module):
    def __init__(self, config, width):
        super().__init__()
        self.a = nn.Linear(guess(config), 4)
        self.b = nn.Linear(cast(int, width), 4)
        self.c = nn.ModuleList([nn.Linear(8 * 2**i, 4) for i in range(config.depth)])
"""
    found = described(text)

    assert [None, "width"] == [found[name]["fan_in"] for name in ("a.weight", "b.weight")]
    assert "i" in str(found["c.*.weight"]["fan_in"])


def test_the_documented_shape() -> None:
    """Every documented key is there, with the documented words."""
    done = run(
        "describe", "-", "--stdin-filename", "net.py", "--output-format", "json", "--isolated", stdin=NET.encode()
    )
    content = json.loads(done.out)
    (model,) = content["models"]
    fc1, bias, *_ = model["parameters"]

    assert 1 == content["version"]
    assert ("net.py", "Net", 6) == (model["path"], model["class"], model["line"])
    assert ("fc1.weight", "Linear", 9, 784, 256) == tuple(
        fc1[key] for key in ("name", "layer", "layer_line", "fan_in", "fan_out")
    )
    assert (["relu"], False, False, "kaiming_normal") == tuple(
        fc1[key] for key in ("followed_by", "normalised", "residual", "suggested")
    )
    assert {"line": 11, "default": False, "mean": 0, "distribution": "uniform", "scheme": "xavier_uniform"} == {
        key: value for key, value in fc1["init"].items() if key != "std"
    }
    assert pytest.approx((2 / (784 + 256)) ** 0.5) == fc1["init"]["std"]
    assert (None, True, "uniform", 9) == (bias["fan_in"], *(bias["init"][key] for key in ("default", "scheme", "line")))


def test_configuration_that_decides_gives_alternatives() -> None:
    """`init` is what the defaults give; the others come after it, each once."""
    fc1 = described(NET)["fc1.weight"]

    assert [("normal", 0.5, 13)] == [(one["scheme"], one["std"], one["line"]) for one in fc1["alternatives"]]
    assert [] == described(NET)["fc2.weight"]["alternatives"]


def test_the_constructor_is_an_alternative_to_what_is_only_done_on_demand() -> None:
    """Of `if`, `elif` and nothing, each side is told."""
    text = NET.replace(
        "        if heavy:\n            nn.init.normal_(self.fc1.weight, std=0.5)\n",
        "        if heavy == 1:\n            nn.init.zeros_(self.fc2.weight)\n"
        "        elif wide == 3:\n            nn.init.normal_(self.fc2.weight, std=0.02)\n",
    )
    fc2 = described(text)["fc2.weight"]

    assert ("kaiming_uniform", True) == (fc2["init"]["scheme"], fc2["init"]["default"])
    assert {"zeros", "normal"} == {one["scheme"] for one in fc2["alternatives"]}


def test_what_depends_on_unknown_dimensions_is_a_formula() -> None:
    """Fans, shapes and stds are written in the constructor's own names."""
    fc1 = described(NET.replace("wide=784, hidden=256", "wide, hidden"))["fc1.weight"]

    assert ("wide", "hidden", ["hidden", "wide"]) == (fc1["fan_in"], fc1["fan_out"], fc1["shape"])
    assert "sqrt(2/(wide + hidden))" == fc1["init"]["std"]


def test_a_matrix_stored_the_other_way_round_has_its_true_fans() -> None:
    """transformers' Conv1D: (in, out). Its init still draws by what torch reads off the shape."""
    text = """
from torch import nn
from transformers.pytorch_utils import Conv1D
class Net(nn.Module):
    def __init__(self, config, width=64):
        super().__init__()
        self.up, self.down = Conv1D(4 * width, width), Conv1D(config.out, config.inner)
        nn.init.kaiming_normal_(self.up.weight)
"""
    found = described(text)

    assert (64, 256, [64, 256]) == tuple(found["up.weight"][key] for key in ("fan_in", "fan_out", "shape"))
    assert ("config.inner", "config.out") == (found["down.weight"]["fan_in"], found["down.weight"]["fan_out"])
    assert pytest.approx((2 / 256) ** 0.5) == found["up.weight"]["init"]["std"]


PARTS = """
import torch
from torch import nn


class Part(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2, self.out = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        for layer in (self.fc1, self.fc2, self.out):
            nn.init.xavier_uniform_(layer.weight)

    def forward(self, x):
        return self.out(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


class Whole(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.part = Part(width)

    def forward(self, x):
        return self.part(x)
"""


def test_every_parameter_that_a_finding_is_true_of_has_its_verdict() -> None:
    """Not the one alone that its message names, and not the others of the same line; a part's like its owner's."""
    found = described(PARTS)
    told = {name: row["verdict"] for name, row in found.items() if row["verdict"] is not None}
    names = ("fc1.weight", "fc2.weight", "part.fc1.weight", "part.fc2.weight")

    assert dict.fromkeys(names, "INI201") == told


BLOCKS = """
import math
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        return x + self.out(torch.relu(self.fc(self.norm(x))))


class Net(nn.Module):
    def __init__(self, depth=3, width=32):
        super().__init__()
        self.table = nn.Parameter(torch.randn(7, width))
        self.blocks = nn.ModuleList([Block(width) for _ in range(3)])
        self.more = nn.ModuleList([Block(width) for _ in range(depth)])
        self.head = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        self.apply(self._init)
        for number, block in enumerate(self.blocks):
            nn.init.normal_(block.out.weight, std=0.02 / math.sqrt(2 * (number + 1)))

    def _init(self, module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.02)

    def forward(self, x):
        x = x + self.table
        for block in self.blocks:
            x = block(x)
        for block in self.more:
            x = block(x)
        return self.head(x)
"""


def test_alike_members_of_a_list_are_one_row() -> None:
    """`*` stands for them; where they differ each has its index; neighbours in a Sequential are not alike."""
    rows = described(BLOCKS, "Net")

    assert ("normal", 0.02, 31) == tuple(rows["blocks.*.fc.weight"]["init"][key] for key in ("scheme", "std", "line"))
    assert [0.02 / 2**0.5, 0.01] == [pytest.approx(rows[f"blocks.{i}.out.weight"]["init"]["std"]) for i in (0, 1)]
    assert "more.*.out.weight" in rows
    assert {"head.0.weight", "head.0.bias", "head.2.weight", "head.2.bias"} <= rows.keys()
    assert not {"blocks.*.out.weight", "head.*.weight", "blocks.0.fc.weight"} & rows.keys()


def test_a_parameter_that_is_only_added_has_no_fans() -> None:
    """A raw parameter's fans come from the product it takes part in, not from its shape."""
    rows = described(BLOCKS, "Net")

    assert ("Parameter", None, None, [7, 32]) == tuple(
        rows["table"][key] for key in ("layer", "fan_in", "fan_out", "shape")
    )


def test_a_matrix_used_as_x_at_w_has_the_fans_of_its_use() -> None:
    """torch would read them the other way round."""
    text = "import torch\nfrom torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.w = nn.Parameter(torch.empty(784, 10))\n        nn.init.xavier_normal_(self.w)\n    def forward(self, x):\n        return torch.tanh(x @ self.w)\n"  # noqa: E501
    row = described(text)["w"]

    assert (784, 10, ["tanh"], "xavier_uniform") == (
        row["fan_in"],
        row["fan_out"],
        row["followed_by"],
        row["suggested"],
    )


@pytest.mark.parametrize(
    ("forward", "suggestion"),
    [
        ("torch.relu(self.norm(self.fc(x)))", "kaiming_normal"),
        ("torch.selu(self.fc(x))", "lecun_normal"),
        ("torch.tanh(self.fc(x))", "xavier_uniform"),
        ("self.fc(x)", "xavier_uniform"),
        ("mystery(self.fc(x))", None),
    ],
)
def test_the_suggestion_follows_the_activation(forward: str, suggestion: str | None) -> None:
    """Past a normalisation too; nothing is suggested where what follows is not known."""
    text = f"import torch\nfrom mystery import mystery\nfrom torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(8, 8)\n        self.norm = nn.LayerNorm(8)\n    def forward(self, x):\n        return {forward}\n"  # noqa: E501
    rows = described(text)

    assert suggestion == rows["fc.weight"]["suggested"]
    assert ("zeros", "ones", "zeros") == tuple(
        rows[name]["suggested"] for name in ("fc.bias", "norm.weight", "norm.bias")
    )


def test_partial_writes_are_told_beside() -> None:
    """They do not replace the whole."""
    text = NET.replace("        nn.init.xavier", "        self.fc1.bias.data[3:5] = 1.0\n        nn.init.xavier")
    bias = described(text)["fc1.bias"]

    assert ("uniform", [("ones", "[3:5]", 11)]) == (
        bias["init"]["scheme"],
        [(one["scheme"], one["region"], one["line"]) for one in bias["partial"]],
    )


def test_what_another_file_writes_names_it(here: Path) -> None:
    """The line alone would mislead."""
    put(
        here,
        blocks="from torch import nn\ndef fill(layer):\n    nn.init.orthogonal_(layer.weight)\n",
        net="from torch import nn\nfrom blocks import fill\nclass Net(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.fc = nn.Linear(4, 4)\n        fill(self.fc)\n",
    )
    found = describe(["."])
    (net,) = (model for model in found.models if model.name == "Net")

    assert ("orthogonal", 3, "blocks.py") == (
        net.parameters[0].init.scheme,
        net.parameters[0].init.line,
        net.parameters[0].init.path,
    )
    assert "orthogonal" == net.parameters[0].init.distribution


def test_the_verdict_is_what_linting_says(here: Path) -> None:
    """The code of the rule that speaks on that parameter, unless it is switched off."""
    put(here, net=NET)
    told = {row.name: row.verdict for row in describe(["net.py"]).models[0].parameters}
    (here / "initlint.toml").write_text("ignore = ['INI201']\n", encoding="utf-8")
    silent = {row.name: row.verdict for row in describe(["net.py"]).models[0].parameters}

    assert {"fc1.weight": "INI201", "fc1.bias": None, "fc2.weight": None, "fc2.bias": None} == told
    assert {None} == set(silent.values())


def test_a_table_for_people() -> None:
    """With what matters at a glance, plain in a pipe."""
    done = run("describe", "-", "--stdin-filename", "net.py", "--isolated", stdin=NET.encode())
    (line,) = (line for line in done.out.splitlines() if line.lstrip().startswith("fc1.weight"))

    assert done.out.startswith("Net  class at net.py:6\n")
    assert "fc1.weight Linear 784 -> 256 xavier_uniform 0.04385 11 relu kaiming_normal INI201" == " ".join(line.split())
    assert "or normal" in done.out
    assert "\x1b" not in done.out


def test_colours_on_demand() -> None:
    """As everywhere."""
    assert "\x1b[" in run("describe", "-", "--color", "always", stdin=NET.encode()).out


def test_hostile_names_come_out_harmless() -> None:
    """A file name with an escape sequence is shown, not obeyed."""
    for form in ("text", "json"):
        done = run("describe", "-", "--stdin-filename", "a\x1b[31m.py", "--output-format", form, stdin=NET.encode())
        assert "\x1b" not in done.out


def test_a_file_that_does_not_parse_is_named_and_the_others_described(here: Path) -> None:
    """Exit status 2: there is something to repair."""
    put(here, net=NET, bad="import torch\ndef f(:\n")
    done = run("describe", ".", "--output-format", "json")

    assert 2 == done.status
    assert done.err.startswith("error: bad.py:2:7: does not parse as Python")
    assert ["Net"] == [model["class"] for model in json.loads(done.out)["models"]]


def test_a_missing_file_is_one_line(here: Path) -> None:
    """As in linting."""
    done = run("describe", "nowhere.py")

    assert (2, "", "error: no such file or folder: nowhere.py\n") == (done.status, done.out, done.err)


def test_a_model_can_be_picked(here: Path) -> None:
    """One that is not there is an error."""
    put(here, net=BLOCKS)
    done = run("describe", "net.py", "--model", "Block", "--output-format", "json")
    missing = run("describe", "net.py", "--model", "Blok")

    assert ["Block"] == [model["class"] for model in json.loads(done.out)["models"]]
    assert (2, "error: --model: there is no Blok in net.py\n") == (missing.status, missing.err)


def test_nothing_to_describe_is_said(here: Path) -> None:
    """An empty table could be a mistake of the user's."""
    put(here, net="import torch\n")
    done = run("describe", "net.py")

    assert (0, "", "no model in net.py\n") == (done.status, done.out, done.err)


def test_standard_input_stands_alone() -> None:
    """It cannot be mixed with paths."""
    done = run("describe", "-", "net.py")

    assert 2 == done.status
    assert "standard input" in done.err


def test_the_report_can_go_to_a_file(here: Path) -> None:
    """Without colour."""
    put(here, net=NET)
    done = run("describe", "net.py", "-o", "out.txt", "--color", "always")

    assert ("", 0) == (done.out, done.status)
    assert (here / "out.txt").read_text(encoding="utf-8").startswith("Net  class at net.py:6\n")
