"""Kinds of models that users have: each is examined to the end, with nothing said that is not so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from initlint.runtime.check import check_model
from initlint.runtime.outputs import tensors
from tests.runtime.targets import initlint as command

pytestmark = pytest.mark.torch


class MLP(nn.Module):
    """Two layers."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 64), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Any:
        return self.fc2(torch.relu(self.fc1(x)))


@dataclass
class Result:
    """An output of the user's own making."""

    logits: Tensor
    steps: int = 3


class Slotted:
    """Another one."""

    __slots__ = ("logits",)

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits


class Wrapped(MLP):
    """Returns what `wrap` makes of its output."""

    wrap: Callable[[Tensor], Any] = staticmethod(Result)

    def forward(self, x: Tensor) -> Any:
        return self.wrap(super().forward(x))


@pytest.mark.parametrize(
    "wrap",
    [Result, Slotted, lambda x: torch.distributions.Categorical(logits=x), lambda x: {"a": [(x, None, "text")]}],
)
def test_outputs(wrap: Callable[[Tensor], Any]) -> None:
    """The signal is followed whatever the output is wrapped in."""
    model = Wrapped()
    model.wrap = wrap
    report = check_model(model)

    assert ["fc1", "fc2"] == [layer["name"] for layer in (report.model.propagation or {})["layers"]]
    assert report.parameters["fc1.weight"].followed_by == ("relu",)


def test_an_output_that_holds_itself() -> None:
    """Cycles end, and each tensor comes once."""
    x = torch.ones(2)
    loop: dict[str, Any] = {"x": x, "again": x, "model": MLP()}
    loop["self"] = loop

    assert [x] == list(tensors(loop))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, on loading its compiler
def test_compiled() -> None:
    """A compiled model is measured as it was before it was compiled."""
    model = torch.compile(MLP())
    report = check_model(model)  # type: ignore[arg-type]

    assert ("MLP", ["fc1", "fc2"]) == (
        report.model.name,
        [layer["name"] for layer in (report.model.propagation or {})["layers"]],
    )


def test_compiled_in_the_child(tmp_path: Any) -> None:
    """So it is where the command builds it."""
    (tmp_path / "net.py").write_text(
        "import torch\nfrom torch import nn\n\n\ndef Net():\n    return torch.compile(nn.Sequential(nn.Linear(4, 4)))\n"
    )
    done = command("runtime", "--output-format", "json", "net.py:Net", cwd=tmp_path)

    assert '"name": "0.weight"' in done.stdout, done.stderr


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_scripted() -> None:
    """No hook reaches into a ScriptModule: its weights are judged, and a note says that its signal is not."""
    report = check_model(torch.jit.trace(MLP(), torch.randn(2, 32)))

    assert ("the signal inside a ScriptModule cannot be followed" in report.model.notes[-1]) is bool(report)
    assert report.parameters["fc1.weight"].measured is not None


class Physics(nn.Module):
    """Its output is a gradient of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = x.requires_grad_(True)
        return torch.autograd.grad(self.net(x).sum(), x, create_graph=True)[0]


class Locked(nn.Module):
    """Holds what cannot be copied."""

    def __init__(self) -> None:
        super().__init__()
        self.lock, self.net = threading.Lock(), MLP()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.net(x)
        return out


class Spectral(nn.Module):
    """Complex weights."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(16, 16, dtype=torch.cfloat) * 0.25)
        self.fc = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc(torch.fft.ifft(torch.fft.fft(x) @ self.weight).real)
        return out


class Quantised(nn.Module):
    """Buffers of integers, and of quantised numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("q", torch.randint(-8, 8, (16, 16), dtype=torch.int8))
        self.scale, self.fc = nn.Parameter(torch.ones(16)), nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc(x @ (self.q.to(x.dtype) * self.scale / 16))
        return out


class Tokens(nn.Module):
    """A sparse table, tied to the output by a property."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(50, 16, sparse=True)
        nn.init.normal_(self.table.weight, std=0.02)

    @property
    def weight(self) -> Tensor:
        return self.table.weight

    def forward(self, ids: Tensor) -> Tensor:
        return nn.functional.linear(self.table(ids), self.weight)


class Frozen(MLP):
    """Runs without gradients."""

    @torch.inference_mode()
    def forward(self, x: Tensor) -> Any:
        return super().forward(x)


class Noisy(nn.Module):
    """Draws in forward."""

    def __init__(self) -> None:
        super().__init__()
        self.encode, self.mean, self.width = nn.Linear(32, 64), nn.Linear(64, 8), nn.Linear(64, 8)
        self.decode, self.drop = nn.Linear(8, 32), nn.Dropout(0.9)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        hidden = self.drop(torch.relu(self.encode(x)))
        mean, width = self.mean(hidden), self.width(hidden)
        return torch.sigmoid(self.decode(mean + torch.randn_like(mean) * width.exp())), mean, width


class Hooked(nn.Module):
    """A hook keeps a layer's output in the model it was made for."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(16, 16), nn.Linear(16, 2)
        self.kept: dict[str, Tensor] = {}
        self.fc1.register_forward_hook(lambda module, inputs, output: self.kept.__setitem__("fc1", output))

    def forward(self, x: Tensor) -> Tensor:
        self.fc1(x)
        out: Tensor = self.fc2(torch.relu(self.kept["fc1"]))
        return out


class Nothing(nn.Module):
    """No parameter at all."""

    def forward(self, x: Tensor) -> Tensor:
        return x


class Hollow(nn.Module):
    """A parameter without entries, and one without dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.none, self.one = nn.Parameter(torch.empty(0, 4)), nn.Parameter(torch.tensor(1.0))
        self.fc = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc(x) * self.one
        return out


def meta() -> nn.Module:
    """Never given any numbers."""
    with torch.device("meta"):
        return MLP()


def _kinds() -> Iterator[Callable[[], nn.Module]]:
    yield from (Physics, Locked, Spectral, Quantised, Tokens, Frozen, Noisy, Nothing, Hollow, Hooked)
    yield from (lambda: MLP().half(), lambda: MLP().bfloat16(), lambda: MLP().double())


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("build", list(_kinds()))
def test_kinds(build: Callable[[], nn.Module], live: bool) -> None:
    """As a live model and under the tape: a report without findings and without a problem in forward."""
    torch.manual_seed(0)
    report = check_model(build() if live else build)

    assert () == report.codes, str(report)
    assert (report.model.propagation or {})["problem"] is None


def test_meta() -> None:
    """Of a model without numbers the tape is read, and the note says where it stands."""
    report = check_model(meta)

    assert () == report.codes
    assert "the model is on the meta device" in report.model.notes[-1]
