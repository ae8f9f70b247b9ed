"""The tape knows what every weight was drawn from, without memory, and where it was written."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.init import trunc_normal_ as imported_by_name

from tests.runtime.tape_harness import held, rows, taped

pytestmark = pytest.mark.torch
HERE = str(Path(__file__))


def init(function: Callable[..., object], *shape: int, **arguments: object) -> Callable[[], torch.Tensor]:
    """A tensor of that shape, given to that function."""

    def make() -> torch.Tensor:
        tensor = torch.empty(*shape)
        function(tensor, **arguments)
        return tensor

    return make


def erfinv_chain() -> torch.Tensor:
    """The way timm and torch up to 2.9 draw a truncated normal."""
    low, high = math.erf(-2 / math.sqrt(2)), math.erf(2 / math.sqrt(2))
    return torch.empty(8, 8).uniform_(low, high).erfinv_().mul_(0.02 * math.sqrt(2)).add_(0.0).clamp_(-0.04, 0.04)


CUT = 0.8796256610342398  # std of N(0, 1) cut at 2 sigma

FORMS = {
    "normal_": (init(nn.init.normal_, 4, 8, mean=0.5, std=0.02), "normal", 0.5, 0.02),
    "uniform_": (init(nn.init.uniform_, 4, 8, a=-1.0, b=1.0), "uniform", 0.0, 1 / math.sqrt(3)),
    "constant_": (init(nn.init.constant_, 4, 8, val=0.3), "constant", 0.3, 0.0),
    "zeros_": (init(nn.init.zeros_, 4, 8), "zeros", 0.0, 0.0),
    "ones_": (init(nn.init.ones_, 4, 8), "ones", 1.0, 0.0),
    "eye_": (init(nn.init.eye_, 4, 4), "eye", 0.25, math.sqrt(0.1875)),
    "dirac_": (init(nn.init.dirac_, 4, 4, 3), "dirac", 1 / 12, math.sqrt(11) / 12),
    "xavier_uniform_": (init(nn.init.xavier_uniform_, 4, 8, gain=2.0), "xavier_uniform", 0.0, 2 * math.sqrt(2 / 12)),
    "xavier_normal_": (init(nn.init.xavier_normal_, 4, 8), "xavier_normal", 0.0, math.sqrt(2 / 12)),
    "kaiming_uniform_": (
        init(nn.init.kaiming_uniform_, 4, 8, a=math.sqrt(5)),
        "kaiming_uniform",
        0.0,
        math.sqrt(1 / 24),
    ),
    "kaiming_normal_": (init(nn.init.kaiming_normal_, 4, 8, mode="fan_out"), "kaiming_normal", 0.0, math.sqrt(2 / 4)),
    "trunc_normal_": (init(nn.init.trunc_normal_, 4, 8, std=0.5, a=-1.0, b=1.0), "trunc_normal", 0.0, 0.5 * CUT),
    "imported by name": (init(imported_by_name, 4, 8), "trunc_normal", 0.0, CUT),
    "orthogonal_": (init(nn.init.orthogonal_, 4, 16, gain=2.0), "orthogonal", 0.0, 2 / 4),
    "sparse_": (init(nn.init.sparse_, 10, 8, sparsity=0.75, std=0.1), "sparse", 0.0, 0.1 * math.sqrt(0.2)),
    "erfinv chain": (erfinv_chain, "trunc_normal", 0.0, 0.02 * CUT),
    "randn times": (lambda: torch.randn(4, 8) * 0.02, "normal", 0.0, 0.02),
    "rand stretched": (lambda: torch.rand(4, 8) * 2 - 1, "uniform", 0.0, 1 / math.sqrt(3)),
    "one minus rand": (lambda: 1 - torch.rand(4, 8), "uniform", 0.5, 1 / math.sqrt(12)),
    "negated": (lambda: -torch.randn(4, 8).add(1), "normal", -1.0, 1.0),
    "randn over root": (lambda: torch.randn(4, 8) / math.sqrt(5), "normal", 0.0, math.sqrt(0.2)),
    "method": (lambda: torch.empty(4, 8).normal_(0, 0.1), "normal", 0.0, 0.1),
    "chained methods": (lambda: torch.empty(4, 8).uniform_().mul_(2).sub_(1), "uniform", 0.0, 1 / math.sqrt(3)),
    "default arguments": (lambda: torch.empty(4, 8).uniform_(-1), "uniform", 0.0, 1 / math.sqrt(3)),
    "torch.normal": (lambda: torch.normal(0.0, 0.1, (4, 8)), "normal", 0.0, 0.1),
    "randn_like": (lambda: torch.randn_like(torch.empty(4, 8)), "normal", 0.0, 1.0),
    "new_full": (lambda: torch.empty(1).new_full((4, 8), 2.0), "constant", 2.0, 0.0),
    "legacy constructor": (lambda: torch.Tensor(4, 8).fill_(1), "ones", 1.0, 0.0),
    "sum of normals": (lambda: torch.randn(4, 8) * 3 + torch.randn(4, 8) * 4, "normal", 0.0, 5.0),
    "constants computed": (lambda: (torch.ones(4, 8) * 4).sqrt().log(), "constant", math.log(2), 0.0),
    "copied": (lambda: torch.empty(4, 8).copy_(torch.randn(4, 8) * 0.1), "normal", 0.0, 0.1),
    "cast": (lambda: (torch.randn(4, 8) * 0.1).double(), "normal", 0.0, 0.1),
    "transposed": (lambda: (torch.randn(8, 4) * 0.1).t(), "normal", 0.0, 0.1),
    "copied eye": (lambda: torch.empty(4, 4).copy_(torch.eye(4)), "eye", 0.25, math.sqrt(0.1875)),
}


@pytest.mark.parametrize("case", FORMS)
def test_closed_form(case: str) -> None:
    """Each way to draw a tensor is read as the distribution it has."""
    make, scheme, mean, std = FORMS[case]
    row = held(make)

    assert (scheme, pytest.approx(mean, abs=1e-7), pytest.approx(std, rel=1e-6)) == (row.scheme, row.mean, row.std)
    assert ("meta", 0.0) == (row.method, row.uninitialized)


RAW = {
    "empty": lambda: torch.empty(4, 8),
    "legacy constructor": lambda: torch.Tensor(4, 8),
    "FloatTensor": lambda: torch.FloatTensor(4, 8),
    "empty_like": lambda: torch.empty_like(torch.ones(4, 8)),
    "new_empty": lambda: torch.ones(1).new_empty(4, 8),
    "scaled garbage": lambda: torch.empty(4, 8).mul_(0.02),
    "cloned garbage": lambda: torch.empty(4, 8).clone(),
    "cast garbage": lambda: torch.empty(4, 8).double(),
}


@pytest.mark.parametrize("case", RAW)
def test_raw_memory(case: str) -> None:
    """Memory that nothing filled is known for certain, whatever was computed from it."""
    assert 1.0 == held(RAW[case]).uninitialized


def test_half_filled() -> None:
    """Of a tensor filled in part, the share left raw is exact; filled piece by piece, none is."""

    def fill(*parts: slice) -> torch.Tensor:
        tensor = torch.empty(4, 8)
        for part in parts:
            nn.init.ones_(tensor[part])
        return tensor

    assert 0.75 == held(lambda: fill(slice(0, 1))).uninitialized
    assert 0.0 == held(lambda: fill(slice(0, 2), slice(2, 4))).uninitialized


def test_columns_fill_too() -> None:
    """Interleaved writes add up to the whole."""

    def fill() -> torch.Tensor:
        tensor = torch.empty(4, 8)
        tensor[:, :4] = 0
        tensor[:, 4:] = 1
        return tensor

    row = held(fill)

    assert (0.0, 0.5, 0.5) == (row.uninitialized, row.mean, row.std)
    assert ["[:, :4]", "[:, 4:]"] == [part.region for part in row.overlays]


class Everyday(nn.Module):
    """Layers and idioms of every day."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 16)
        nn.init.xavier_uniform_(self.linear.weight)  # the line of `linear`
        self.table = nn.Embedding(10, 4, padding_idx=2)
        self.lstm = nn.LSTM(4, 4)
        self.lstm.bias_ih_l0.data[4:8].fill_(1)
        self.copied = copy.deepcopy(self.linear)
        self.normed = nn.utils.parametrizations.weight_norm(nn.Linear(3, 4))
        self.tied = nn.Linear(4, 10, bias=False)
        self.tied.weight = self.table.weight
        self.half = nn.Linear(4, 4, dtype=torch.bfloat16)
        self.replaced = nn.Linear(4, 4)
        self.replaced.weight.data = torch.rand(4, 4) * 2 - 1
        self.literal = nn.Parameter(torch.tensor([1.0, 2.0, 4.0]))
        self.attention = nn.MultiheadAttention(8, 2)
        self.batch = nn.BatchNorm1d(4)


@pytest.fixture(scope="module")
def everyday() -> dict[str, object]:
    """The survey of `Everyday`."""
    return dict(rows(Everyday))


def test_users_line(everyday: dict) -> None:  # type: ignore[type-arg]
    """A write is placed on the user's line and columns, not on the library's."""
    lines = Path(HERE).read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "line of `linear`" in text)
    place = everyday["linear.weight"].history[-1].place

    assert (HERE, line, 9, "Everyday.__init__") == (place.path, place.line, place.column, place.function)


def test_order_of_writes(everyday: dict) -> None:  # type: ignore[type-arg]
    """The history holds every write with its literal arguments, the constructor's first."""
    history = everyday["linear.weight"].history

    assert ["empty", "kaiming_uniform", "xavier_uniform"] == [event.scheme for event in history]
    assert {"gain": 1.0} == history[-1].arguments
    assert [True, True, False] == [event.default for event in history]


def test_padding_row(everyday: dict) -> None:  # type: ignore[type-arg]
    """The padding row is a region of its own, and the whole tensor's std takes it in."""
    row = everyday["table.weight"]

    assert [("[2]", "constant", 0.0, 0.1)] == [(p.region, p.family, p.mean, p.fraction) for p in row.overlays]
    assert pytest.approx(math.sqrt(0.9)) == row.std


def test_gate_slice(everyday: dict) -> None:  # type: ignore[type-arg]
    """A forget gate set to one is seen as the slice it is."""
    assert [("[4:8]", 1.0)] == [(part.region, part.mean) for part in everyday["lstm.bias_ih_l0"].overlays]


def test_deepcopy(everyday: dict) -> None:  # type: ignore[type-arg]
    """A deep copy holds the same draw as its original, and has its history."""
    original, copied = everyday["linear.weight"], everyday["copied.weight"]

    assert original.draw == copied.draw is not None
    assert [event.function for event in original.history] == [event.function for event in copied.history][:-1]


def test_tied_weights(everyday: dict) -> None:  # type: ignore[type-arg]
    """Tied weights are one row with one history, under both names."""
    row = everyday["table.weight"]

    assert (("tied.weight",), ("Embedding", "Linear")) == (row.aliases, row.owners)


def test_weight_norm(everyday: dict) -> None:  # type: ignore[type-arg]
    """The direction of a weight-normed layer keeps the default's distribution."""
    row = everyday["normed.parametrizations.weight.original1"]

    assert ("kaiming_uniform", pytest.approx(1 / 3)) == (row.scheme, row.std)


def test_data_assigned(everyday: dict) -> None:  # type: ignore[type-arg]
    """Assigning `.data` brings the new tensor's history with it."""
    row = everyday["replaced.weight"]

    assert ["rand", "mul", "sub"] == [event.function for event in row.history]
    assert (0.0, pytest.approx(1 / math.sqrt(3))) == (row.mean, row.std)


def test_literal(everyday: dict) -> None:  # type: ignore[type-arg]
    """Numbers spelled out stay known."""
    assert ("copy", 4.0) == (everyday["literal"].scheme, everyday["literal"].measured.high)


def test_buffers(everyday: dict) -> None:  # type: ignore[type-arg]
    """Buffers are on the tape like parameters."""
    assert {("running_mean", 0.0), ("running_var", 1.0), ("num_batches_tracked", 0.0)} == {
        (name.removeprefix("batch."), row.mean) for name, row in everyday.items() if row.kind == "buffer"
    }


def test_nothing_is_allocated() -> None:
    """A model of four terabytes is taped in closed form."""

    class Huge(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(1 << 20, 1 << 20, bias=False) for _ in range(1))
            nn.init.orthogonal_(self.layers[0].weight)

    row = rows(Huge)["layers.0.weight"]

    assert ("orthogonal", 2.0**-10, 1 << 40) == (row.scheme, row.std, row.numel)


def test_init_functions_are_put_back() -> None:
    """After the recording torch's init functions are as they were."""
    before = nn.init.normal_.__code__
    taped(lambda: nn.Linear(2, 2))

    assert before is nn.init.normal_.__code__


def test_identical_encoder_layers() -> None:
    """nn.TransformerEncoder holds copies of one draw in every layer."""
    found = rows(lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 3))

    assert 1 == len({found[f"layers.{number}.linear1.weight"].draw for number in range(3)})


def test_independent_layers_differ() -> None:
    """Layers built one by one hold draws of their own."""
    found = rows(lambda: nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)))

    assert 2 == len({found["0.weight"].draw, found["1.weight"].draw})


def test_lazy_modules() -> None:
    """A lazy layer's parameters have no shape yet; the rest is surveyed."""
    assert ["1.weight", "1.bias"] == list(rows(lambda: nn.Sequential(nn.LazyLinear(4), nn.Linear(4, 2))))
