"""Sharing, seeding and rewriting that are meant, and the second way to each weight."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.runtime.check_harness import HEAD, said
from tests.runtime.targets import runtime

pytestmark = pytest.mark.torch

SILENT = {
    "shared in a loop": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                block = nn.Linear(16, 16)
                self.blocks = nn.ModuleList(block for _ in range(3))

            def forward(self, x):
                for block in self.blocks:
                    x = x + block(x).relu()
                return x
        """,
    "shared, and said so": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                # the weights are tied over depth
                self.blocks = nn.ModuleList([nn.Linear(16, 16)] * 3)

            def forward(self, x):
                for block in self.blocks:
                    x = x + block(x).relu()
                return x
        """,
    "seeded once": """\
        def Net():
            torch.manual_seed(3)
            return nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 16))
        """,
    "seeded for a target network": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                torch.manual_seed(3)
                self.online = nn.Linear(16, 16)
                torch.manual_seed(3)
                self.target = nn.Linear(16, 16)

            def forward(self, x):
                return self.online(x) - self.target(x).detach()
        """,
    "an adapter that starts small": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.base = nn.Linear(16, 16)
                self.lora_A = nn.Linear(16, 4, bias=False)
                self.lora_B = nn.Linear(4, 16, bias=False)
                nn.init.normal_(self.lora_B.weight, std=1e-3)

            def forward(self, x):
                return self.base(x) + self.lora_B(self.lora_A(x))
        """,
    "a broad init, then a narrow one": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.fc2 = nn.Linear(16, 16), nn.Linear(16, 16)
                for module in self.modules():
                    if isinstance(module, nn.Linear):
                        nn.init.kaiming_normal_(module.weight)
                nn.init.xavier_normal_(self.fc2.weight)

            def forward(self, x):
                return self.fc2(self.fc1(x).relu())
        """,
    "a draw that is read before it is overwritten": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.fc2 = nn.Linear(16, 16), nn.Linear(16, 16)
                nn.init.kaiming_normal_(self.fc1.weight)
                self.register_buffer('first', self.fc1.weight.detach().clone())
                nn.init.kaiming_uniform_(self.fc1.weight)

            def forward(self, x):
                return self.fc2((self.fc1(x) + x @ self.first).relu())
        """,
    "deferred, and complete": """\
        def Net():
            with torch.device('meta'):
                net = nn.Sequential(nn.Linear(16, 16), nn.LayerNorm(16))
            net.to_empty(device='cpu')
            for layer in net:
                layer.reset_parameters()
            return net
        """,
}


@pytest.mark.parametrize("case", SILENT)
def test_silent(case: str, tmp_path: Path) -> None:
    """What is meant is not reported."""
    assert set() == said(tmp_path, SILENT[case])


_TWO_WAYS = (
    HEAD
    + """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(16, 16)
        self.norm = nn.LayerNorm(16)
        self.gate = nn.Parameter(torch.zeros(16))
        {init}

    {method}

    def forward(self, x):
        return x + self.gate * self.fc(self.norm(x))
"""
)


def second_way(folder: Path, *, init: str = "pass", method: str = "") -> list[tuple[int, str]]:
    """The lines and messages of a run with --deferred."""
    (folder / "net.py").write_text(_TWO_WAYS.format(init=init, method=method.replace("\n", "\n    ")))
    done = runtime("--deferred", "--no-forward", "--output-format", "json", "net.py:Net", cwd=folder)
    findings = json.loads(done.stdout)["findings"]

    assert {"INI513"} >= {one["code"] for one in findings}
    return [(one["line"], one["message"]) for one in findings]


def test_layers_on_the_second_way(tmp_path: Path) -> None:
    """Where each layer resets itself, a parameter of a class without reset_parameters is left raw."""
    message = (
        "after to_empty() and each layer's reset_parameters(), `gate` is raw memory: `Net` has no reset_parameters"
    )

    assert [(12, message)] == second_way(tmp_path)


def test_the_ways_part(tmp_path: Path) -> None:
    """An init that only the constructor makes is told with both distributions."""
    found = dict(second_way(tmp_path, init="nn.init.normal_(self.fc.weight, std=0.02)"))

    assert [12, 13] == sorted(found)
    assert (
        "the constructor leaves `fc.weight` at normal (mean 0, std 0.02), "
        "to_empty() and each layer's reset_parameters() at kaiming_uniform (mean 0, std 0.144)"
    ) == found[13]


def test_a_method_for_both_ways(tmp_path: Path) -> None:
    """A complete init method that the constructor calls as well leaves nothing to say."""
    calls = ("self.fc.reset_parameters()", "self.norm.reset_parameters()", "nn.init.zeros_(self.gate)")
    method = "\n    ".join(("def init_weights(self):", *calls))

    assert [] == second_way(tmp_path, init="self.init_weights()", method=method)


def test_a_method_that_raises(tmp_path: Path) -> None:
    """The first way is told all the same; a note says why there is no second."""
    text = _TWO_WAYS.format(init="pass", method="def init_weights(self):\n        raise RuntimeError('not yet')")
    (tmp_path / "net.py").write_text(text)
    done = runtime("--deferred", "--no-forward", "--output-format", "json", "net.py:Net", cwd=tmp_path)

    assert (0, ["to_empty() and the init methods: RuntimeError: not yet"]) == (
        done.returncode,
        json.loads(done.stdout)["models"][0]["notes"],
    )


def test_layers_of_torch_are_whole(tmp_path: Path) -> None:
    """Owners come after their parts: attention's zero bias survives its projection's reset."""
    (tmp_path / "net.py").write_text(
        "from torch import nn\n\n\ndef net():\n    return nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)\n"
    )

    assert 0 == runtime("--deferred", "--no-forward", "net.py:net", cwd=tmp_path).returncode
