"""Weights by the statement that writes them, what is asked for, how deep a series is, and what a number measures."""

from __future__ import annotations

import pytest

from initlint.describe.asked import asked
from initlint.describe.build import describe
from initlint.describe.formula import measured, spread
from initlint.describe.groups import Group, groups, members, mismatch, places
from initlint.describe.nodes import FileModel, InitCall
from initlint.describe.paths import longest
from initlint.describe.project import Project
from initlint.source.text import SourceText

HEAD = "import math\nimport torch\nfrom torch import nn\n\n"


def read(body: str, **others: str) -> FileModel:
    """The description of net.py, beside other files of its project."""
    texts = {"net": body, **others}
    project = Project.index(SourceText(f"{name}.py", HEAD + text) for name, text in texts.items())
    return describe(project, "net.py")


def net(writes: str, forward: str = "self.c(torch.relu(self.b(torch.tanh(self.a(x)))))") -> str:
    return (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.a = nn.Linear(8, 16)\n        self.b = nn.Linear(16, 16)\n        self.c = nn.Linear(16, 2)\n"
        f"        {writes}\n\n    def forward(self, x):\n        return {forward}\n"
    )


LOOP = (
    "for m in self.modules():\n            if isinstance(m, nn.Linear):\n"
    "                nn.init.xavier_uniform_(m.weight)"
)


def only(file: FileModel) -> Group:
    (group,) = groups(file)
    return group


def test_one_statement_is_one_group() -> None:
    """All weights that a loop writes last, in order; biases are no weights."""
    names = [member.name for member in only(read(net(LOOP))).members]

    assert ["Net.a.weight", "Net.b.weight", "Net.c.weight"] == names


def test_a_later_write_takes_a_weight_out_of_the_group() -> None:
    """The last write counts."""
    found = groups(read(net(f"{LOOP}\n        nn.init.zeros_(self.c.weight)")))

    assert [2, 1] == [len(group.members) for group in found]


def test_a_statement_that_serves_others_well_is_not_alone() -> None:
    """A hidden layer that is served well keeps its statement; a last layer does not."""
    group = only(read(net(LOOP)))
    rectified = mismatch(group, lambda member: member.activation == "relu", lambda member: True)
    either = mismatch(group, lambda member: member.activation is not None, lambda member: True)

    assert rectified is not None
    assert either is not None
    assert (True, False) == (rectified.plain, rectified.alone)
    assert (True, True) == (either.plain, either.alone)


def test_residual_blocks_ease_a_whole_loop() -> None:
    """A loop over a network with residual branches was written for these."""
    forward = "self.c(self.a(x) + torch.relu(self.b(self.a(x))))"
    found = mismatch(only(read(net(LOOP, forward))), lambda member: member.activation == "relu", lambda member: False)

    assert found is not None
    assert not found.plain


def test_a_part_of_another_module_is_not_plain() -> None:
    """What stands around it is in another file."""
    alone = read(net(LOOP))
    owner = "from net import Net\nclass Owner(nn.Module):\n    def __init__(self):\n        self.net = Net()\n"
    part = read(net(LOOP), owner=owner)

    assert [True, True, False] == [member.plain for member in members(alone) if member.parameter.slot == "weight"]
    assert [False, False, False] == [member.plain for member in members(part) if member.parameter.slot == "weight"]


@pytest.mark.parametrize(
    ("call", "family", "gain", "word"),
    [
        ("nn.init.xavier_normal_(self.a.weight)", "xavier", 1, None),
        ("nn.init.xavier_normal_(self.a.weight, gain=nn.init.calculate_gain('tanh'))", "xavier", 5 / 3, "tanh"),
        ("nn.init.xavier_normal_(self.a.weight, 5 / 3)", "xavier", 5 / 3, "tanh"),
        ("nn.init.kaiming_normal_(self.a.weight)", "fan_in", 2**0.5, "leaky_relu"),
        ("nn.init.kaiming_normal_(self.a.weight, mode='fan_out', nonlinearity='selu')", "fan_out", 0.75, "selu"),
        ("nn.init.orthogonal_(self.a.weight, gain=math.sqrt(2))", "orthogonal", 2**0.5, "relu"),
        ("self.a.weight.data.normal_(0, math.sqrt(2 / self.a.in_features))", "fan_in", 2**0.5, None),
        ("self.a.weight.data.normal_(0, (2 / (8 + self.a.out_features)) ** 0.5)", "xavier", 1, None),
    ],
)
def test_every_spelling_is_understood(call: str, family: str, gain: float, word: str | None) -> None:
    """Functions, gains by name or number, formulas by hand."""
    scheme = asked(only(read(net(call))).members[0].parameter)

    assert scheme is not None
    assert (family, pytest.approx(gain), word) == (scheme.family, scheme.gain, scheme.word)


@pytest.mark.parametrize(
    "call", ["nn.init.kaiming_uniform_(self.a.weight, a=math.sqrt(5))", "nn.init.normal_(self.a.weight, 0, 0.5)"]
)
def test_what_follows_no_fan_asks_for_nothing(call: str) -> None:
    """torch's own default, and plain numbers, also when a fan happens to give them."""
    assert asked(only(read(net(call))).members[0].parameter) is None


def test_a_layer_made_in_a_loop_counts_as_often_as_it_runs() -> None:
    """`range(n)` with a default, read once, and a list spelt out."""
    body = (
        "class Net(nn.Module):\n    def __init__(self, depth=20):\n        super().__init__()\n        layers = []\n"
        "        for _ in range(depth):\n            layers += [nn.Linear(8, 8), nn.ReLU()]\n"
        "        self.body = nn.Sequential(*layers)\n"
        "        self.more = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))\n\n"
        "    def forward(self, x):\n        x = self.body(x)\n        for layer in self.more:\n"
        "            x = torch.relu(layer(x))\n        return x\n"
    )
    weights = [member for member in members(read(body)) if member.parameter.slot == "weight"]

    assert 23 == longest(weights, lambda member: member.activation == "relu")[1]


def test_a_number_is_measured_by_the_fans_of_its_tensor() -> None:
    """Symbols cancel, sums included."""
    body = (
        "def fill(n, m):\n    w = torch.empty(m, n)\n    nn.init.normal_(w, 0, 2 / (n + m))\n"
        "    nn.init.uniform_(w, -math.sqrt(6 / n), math.sqrt(6 / n))\n"
    )
    normal, uniform = list(read(body).facts(InitCall))
    first, second = spread(normal), spread(uniform)

    assert first is not None
    assert second is not None
    assert {"sum": 2} == {one.fan: one.once for one in measured(normal, first.value) if one.once is not None}
    assert [("fan_in", pytest.approx(6))] == [
        (one.fan, one.squared) for one in measured(uniform, second.value) if one.squared is not None
    ]


def test_a_number_handed_to_a_helper_stands_where_it_is_handed_over() -> None:
    """Two layers by one helper are two places."""
    helper = "def fill(layer, std):\n    nn.init.normal_(layer.weight, std=std)\n\n\n"
    group = only(read(helper + net("fill(self.a, 0.1)\n        fill(self.b, std=0.2)")))

    assert ["fill(self.a, 0.1)", "fill(self.b, std=0.2)"] == [site.text for site, _ in places(group.members, "std")]


HELPER = "def glorot(w):\n    nn.init.xavier_uniform_(w)\n"
CALLS = "glorot(self.a.weight); glorot(self.b.weight)"


def test_a_helper_of_another_file_is_named_where_it_is_called() -> None:
    """It serves other files too: each file answers for its own calls, and the helper is not rewritten."""
    found = groups(read(f"from helper import glorot\n{net(CALLS)}", helper=HELPER))

    assert ["glorot(self.a.weight)", "glorot(self.b.weight)"] == [group.site.text for group in found]
    assert [None, None] == [group.call for group in found]


def test_a_helper_of_the_same_file_is_named_itself() -> None:
    """There the scheme is written."""
    group = only(read(f"{HELPER}\n\n{net(CALLS)}"))

    assert "nn.init.xavier_uniform_(w)" == group.site.text
    assert group.call is group.event.call
