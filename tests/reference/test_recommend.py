"""Recommendations: the scheme, the std, and code that torch runs to that very std."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from initlint.describe.symbols import Sym
from initlint.reference.fans import effective_fans
from initlint.reference.gains import GAINS
from initlint.reference.layers import LAYERS
from initlint.reference.recommend import recommend

pytestmark = pytest.mark.torch

KNOWN = sorted({*GAINS, "softmax", "log_softmax", "threshold", "sqrt_softplus"})


@pytest.mark.parametrize(
    ("activation", "options", "call"),
    [
        ("relu", {}, 'nn.init.kaiming_normal_(w, nonlinearity="relu")'),
        ("ReLU6", {}, 'nn.init.kaiming_normal_(w, nonlinearity="relu")'),
        ("relu", {"distribution": "uniform", "mode": "fan_out"},
         'nn.init.kaiming_uniform_(w, mode="fan_out", nonlinearity="relu")'),
        ("leaky_relu", {}, 'nn.init.kaiming_normal_(w, a=0.01, nonlinearity="leaky_relu")'),
        ("leaky_relu", {"slope": 0.2}, 'nn.init.kaiming_normal_(w, a=0.2, nonlinearity="leaky_relu")'),
        ("leaky_relu", {"slope": 0.0}, 'nn.init.kaiming_normal_(w, nonlinearity="relu")'),
        ("PReLU", {}, 'nn.init.kaiming_normal_(w, a=0.25, nonlinearity="leaky_relu")'),
        ("relu", {"kind": "conv_transpose"}, 'nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu")'),
        ("relu", {"kind": "conv_transpose", "mode": "fan_out"}, 'nn.init.kaiming_normal_(w, nonlinearity="relu")'),
        ("selu", {}, 'nn.init.kaiming_normal_(w, nonlinearity="linear")'),
        ("gelu", {}, 'nn.init.kaiming_normal_(w, nonlinearity="relu")'),
        ("silu", {"distribution": "uniform"}, 'nn.init.kaiming_uniform_(w, nonlinearity="relu")'),
        ("tanh", {}, "nn.init.xavier_uniform_(w, gain=5 / 3)"),
        ("sigmoid", {"distribution": "normal"}, "nn.init.xavier_normal_(w)"),
        ("softsign", {}, "nn.init.xavier_uniform_(w, gain=2.3375)"),
        ("hardtanh", {}, "nn.init.xavier_uniform_(w, gain=1.392)"),
        (None, {}, "nn.init.xavier_uniform_(w)"),
        ("softmax", {}, "nn.init.xavier_uniform_(w)"),
        ("swiglu", {}, "nn.init.xavier_uniform_(w)"),
        ("tanh", {"kind": "recurrent"}, "nn.init.orthogonal_(w)"),
    ],
)  # fmt: skip
def test_calls(activation: str | None, options: dict[str, Any], call: str) -> None:
    """What a person would write."""
    assert call == recommend(activation, **options).code.call("w")


@pytest.mark.parametrize("activation", [None, *KNOWN])
@pytest.mark.parametrize("distribution", [None, "uniform", "normal"])
def test_code_draws_the_std_promised(activation: str | None, distribution: str | None) -> None:
    """Running the code on a tensor gives the std of the formula."""
    torch.manual_seed(0)
    advice = recommend(activation, distribution=distribution)
    w = torch.empty(300, 500, dtype=torch.float64)
    exec(advice.code.call("w"), {"nn": nn, "w": w})
    same = getattr(nn.init, advice.code.function)(torch.empty_like(w), **advice.arguments)

    assert w.std().item() == pytest.approx(advice.std(500, 300), rel=0.01)
    assert same.std().item() == pytest.approx(advice.std(500, 300), rel=0.01)


def test_recurrent_code_is_orthogonal() -> None:
    """The orthogonal matrix of the advice has the std promised, too."""
    advice = recommend("tanh", kind="recurrent")
    w = torch.empty(64, 64, dtype=torch.float64)
    exec(advice.code.call("w"), {"nn": nn, "w": w})

    assert w.square().mean().sqrt().item() == pytest.approx(advice.std(64, 64))
    assert (w.T @ w - torch.eye(64)).abs().max().item() < 1e-12


def test_transposed_convolution_keeps_the_signal() -> None:
    """Advice for a ConvTranspose written with torch's swapped mode draws the std of its effective fan."""
    torch.manual_seed(0)
    advice = recommend("relu", kind="conv_transpose")
    layer = nn.ConvTranspose2d(32, 256, 3, bias=False)
    exec(advice.code.call("w"), {"nn": nn, "w": layer.weight})
    arguments = LAYERS["ConvTranspose2d"].complete({"in_channels": 32, "out_channels": 256, "kernel_size": 3})
    fans = effective_fans("ConvTranspose2d", arguments)
    assert fans is not None

    assert layer.weight.std().item() == pytest.approx(advice.std(*fans), rel=0.02)


@pytest.mark.parametrize("activation", ["gelu", "silu", "mish", "hardswish"])
def test_unstable_gains_ask_for_more_than_a_gain(activation: str) -> None:
    """Where the length map repels, the advice says to normalise, unless something does."""
    assert "normalise or add a residual path" in recommend(activation).why
    assert "normalise" not in recommend(activation, normalised=True).why
    assert "normalise" not in recommend(activation, residual=True).why


@pytest.mark.parametrize("activation", ["swiglu", "tanhshrink"])
def test_unstable_neutral_choices_say_so(activation: str) -> None:
    """The neutral Xavier comes with the same warning."""
    assert "so normalise" in recommend(activation).why
    assert "so normalise" not in recommend(activation, residual=True).why


def test_selu_warns_of_the_word_selu() -> None:
    """The scheme is LeCun normal, whatever distribution was there before."""
    advice = recommend("selu", distribution="uniform")

    assert (advice.scheme, advice.gain, advice.nonlinearity) == ("lecun_normal", 1, "linear")
    assert "3/4" in advice.why


def test_symbolic_fans_give_formulas() -> None:
    """The std of advice for a layer of unknown size is a formula, also with an unknown slope."""
    wide, slope = Sym.atom("wide"), Sym.atom("slope")

    assert recommend("relu").std(wide, 3) == (2 / wide) ** 0.5
    assert recommend("leaky_relu", slope=slope).std(wide) == (2 / (1 + slope**2) / wide) ** 0.5
    assert recommend("relu").std(None) is None


def test_unknown_activation_is_refused() -> None:
    """Advice is given for what is known only."""
    with pytest.raises(ValueError, match="unknown activation 'wobble'"):
        recommend("wobble")
