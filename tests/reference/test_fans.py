"""Fans: torch's reading of shapes, and the sums that layers really form, counted by running them on ones."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from initlint.describe.symbols import Sym
from initlint.reference.fans import effective_fans, torch_fans
from initlint.reference.layers import LAYERS

pytestmark = pytest.mark.torch


@given(st.lists(st.integers(1, 6), min_size=2, max_size=6))
def test_torch_fans_of_any_shape(shape: list[int]) -> None:
    """For every rank from two on, the fans are those of torch.nn.init."""
    assert nn.init._calculate_fan_in_and_fan_out(torch.empty(shape, device="meta")) == torch_fans(shape)


@pytest.mark.parametrize("shape", [(), (5,)])
def test_vectors_have_no_fans(shape: tuple[int, ...]) -> None:
    """Below rank two torch raises; here it is None."""
    assert torch_fans(shape) is None


def test_unknown_axes_make_their_fans_unknown() -> None:
    """An unknown axis spoils the fans it enters and no other."""
    wide = Sym.atom("wide")

    assert torch_fans((64, None, 3, 3)) == (None, 576)
    assert torch_fans((None, wide)) == (wide, None)


CONVOLUTIONS: list[tuple[str, dict[str, Any]]] = [
    ("Conv1d", {"in_channels": 6, "out_channels": 4, "kernel_size": 5}),
    ("Conv2d", {"in_channels": 6, "out_channels": 4, "kernel_size": (3, 5)}),
    ("Conv2d", {"in_channels": 8, "out_channels": 8, "kernel_size": 3, "groups": 8}),
    ("Conv2d", {"in_channels": 8, "out_channels": 16, "kernel_size": 3, "groups": 4, "dilation": 2}),
    ("Conv3d", {"in_channels": 2, "out_channels": 4, "kernel_size": 3, "groups": 2}),
    ("ConvTranspose1d", {"in_channels": 6, "out_channels": 4, "kernel_size": 4, "stride": 2}),
    ("ConvTranspose2d", {"in_channels": 6, "out_channels": 4, "kernel_size": 3}),
    ("ConvTranspose2d", {"in_channels": 8, "out_channels": 4, "kernel_size": (4, 6), "stride": (2, 3), "groups": 2}),
    ("ConvTranspose3d", {"in_channels": 4, "out_channels": 2, "kernel_size": 2, "stride": 2}),
]


@pytest.mark.parametrize(("name", "arguments"), CONVOLUTIONS)
def test_effective_fans_of_convolutions(name: str, arguments: dict[str, Any]) -> None:
    """With ones everywhere an inner output is the number of terms summed, and an inner gradient too."""
    rank = int(name[-2])
    layer = getattr(nn, name)(**arguments, bias=False)
    nn.init.ones_(layer.weight)
    x = torch.ones(1, arguments["in_channels"], *[24 if rank < 3 else 16] * rank, requires_grad=True)
    y = layer(x)
    y.sum().backward()
    assert x.grad is not None
    inner = (slice(None), slice(None), *[slice(6, -6)] * rank)
    forward, backward = y[inner].mean().item(), x.grad[inner].mean().item()

    assert effective_fans(name, LAYERS[name].complete(arguments)) == (forward, backward)


def test_effective_fans_of_bilinear() -> None:
    """Each output sums in1 * in2 products; the gradient of the first input sums out * in2."""
    layer = nn.Bilinear(3, 4, 5, bias=False)
    nn.init.ones_(layer.weight)
    left, right = torch.ones(1, 3, requires_grad=True), torch.ones(1, 4)
    out = layer(left, right)
    out.sum().backward()
    assert left.grad is not None

    arguments = {"in1_features": 3, "in2_features": 4, "out_features": 5}

    assert (out[0, 0].item(), left.grad[0, 0].item()) == effective_fans("Bilinear", arguments)


@pytest.mark.parametrize(
    ("kind", "arguments", "expected"),
    [
        ("Linear", {"in_features": 3, "out_features": 5}, (3, 5)),
        ("LazyLinear", {"out_features": 5}, (None, 5)),
        ("Conv1D", {"nx": 768, "nf": 2304}, (768, 2304)),
        ("Embedding", {"num_embeddings": 1000, "embedding_dim": 64}, (1, 64)),
        ("EmbeddingBag", {"num_embeddings": 1000, "embedding_dim": 64}, (None, 64)),
        ("LSTM", {"input_size": 3, "hidden_size": 5}, (5, 5)),
        ("LSTM", {"input_size": 3, "hidden_size": 5, "proj_size": 2}, (2, 5)),
        ("GRUCell", {"input_size": 3, "hidden_size": 5}, (5, 5)),
        ("MultiheadAttention", {"embed_dim": 64}, (64, 64)),
        ("matrix", {"shape": (3, 5)}, (3, 5)),
        ("matrix", {"shape": (5, 3), "transposed": True}, (3, 5)),
        ("experts", {"shape": (8, 16, 32)}, (16, 32)),
        ("experts", {"shape": (8, 32, 16), "transposed": True}, (16, 32)),
        ("matrix", {"shape": (3,)}, None),
        ("LayerNorm", {"normalized_shape": 3}, None),
    ],
)
def test_effective_fans(kind: str, arguments: dict[str, Any], expected: object) -> None:
    """Packed, transposed and stacked storage is told apart from what is summed."""
    assert expected == effective_fans(kind, arguments)


def test_where_torch_reads_other_fans() -> None:
    """The cases that mislead: depthwise fan_out, swapped transposed convolutions, expert stacks."""
    depthwise, *_ = LAYERS["Conv2d"].parameters({"in_channels": 64, "out_channels": 64, "kernel_size": 3, "groups": 64})
    swapped, *_ = LAYERS["ConvTranspose2d"].parameters({"in_channels": 16, "out_channels": 64, "kernel_size": 3})

    assert ((9, 576), (9, 9)) == (
        (depthwise.fan_in, depthwise.fan_out), (depthwise.effective_fan_in, depthwise.effective_fan_out)
    )  # fmt: skip
    assert ((576, 144), (144, 576)) == (
        (swapped.fan_in, swapped.fan_out), (swapped.effective_fan_in, swapped.effective_fan_out)
    )  # fmt: skip
    assert torch_fans((8, 16, 32)) == (512, 256)
