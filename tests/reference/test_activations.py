"""Activation names from torch and transformers, and curves against torch's own functions."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from initlint.reference.activations import (
    CURVES,
    GATED,
    NORMALISING,
    RECTIFIERS,
    SATURATING,
    SMOOTH_RECTIFIERS,
    canonical_activation,
)
from initlint.reference.layers import LAYERS
from initlint.reference.modules import ACTIVATION_FUNCTIONS, ACTIVATIONS, NORMS, PASSTHROUGH

pytestmark = pytest.mark.torch

IN_TORCH = {
    "identity": lambda x: x, "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
    "relu_squared": lambda x: torch.relu(x) ** 2, "log_sigmoid": functional.logsigmoid, "sin": torch.sin,
    "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"), "prelu": lambda x: functional.leaky_relu(x, 0.25),
    "tanh": torch.tanh, "sigmoid": torch.sigmoid,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(CURVES) - {"hardmish"}))
def test_curves_are_torch_functions(name: str) -> None:
    """f and f' agree with torch's function and its autograd over [-8, 8]."""
    function = IN_TORCH.get(name) or getattr(functional, name)
    points = torch.linspace(-8, 8, 401, dtype=torch.float64) + 1e-3
    points.requires_grad_()
    values = function(points)
    (slopes,) = torch.autograd.grad(values.sum(), points)

    assert values.tolist() == pytest.approx([CURVES[name].f(x) for x in points.tolist()], abs=1e-9)
    # torch keeps hardsigmoid's 1/6 in float32
    assert slopes.tolist() == pytest.approx([CURVES[name].derivative(x) for x in points.tolist()], abs=1e-8)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("ReLU", "relu"), ("torch.nn.LeakyReLU", "leaky_relu"), ("F.leaky_relu_", "leaky_relu"),
        ("leakyrelu", "leaky_relu"), ("NewGELUActivation", "gelu_tanh"),
        ("SiLU", "silu"), ("Swish", "silu"), ("swish", "silu"), ("NewGELU", "gelu_tanh"),
        ("GELUActivation", "gelu"), ("gelu_new", "gelu_tanh"), ("gelu_pytorch_tanh", "gelu_tanh"), ("gelu_10", "gelu"),
        ("QuickGELU", "quick_gelu"), ("relu2", "relu_squared"), ("linear", "identity"), ("hard_swish", "hardswish"),
        ("nn.functional.log_softmax", "log_softmax"), ("Tanh", "tanh"), ("TANH", "tanh"), ("torch.sigmoid", "sigmoid"),
        ("swiglu", "swiglu"), ("SwiGLU", "swiglu"), ("hardmish", "hardmish"), ("relu_", "relu"),
        ("Linear", "identity"), ("nonsense", None), ("", None), ("Conv2d", None),
    ],
)  # fmt: skip
def test_canonical_names(name: str, canonical: str | None) -> None:
    """One name for each activation, however it is spelt."""
    assert canonical == canonical_activation(name)


def test_every_canonical_name_is_its_own() -> None:
    """Canonical names are fixed points, and the groups use no others."""
    names = set(CURVES) | set(ACTIVATIONS.values()) | set(ACTIVATION_FUNCTIONS.values())
    grouped = RECTIFIERS | SMOOTH_RECTIFIERS | SATURATING | GATED | NORMALISING

    assert {name: canonical_activation(name) for name in names} == {name: name for name in names}
    assert grouped <= names


def test_every_configuration_string_of_transformers_is_known() -> None:
    """All of ACT2FN has a canonical name, but for the learned xielu."""
    activations = pytest.importorskip("transformers.activations")

    assert {name for name in activations.ACT2CLS if canonical_activation(name) is None} <= {"xielu"}


def test_every_activation_module_of_torch_is_known() -> None:
    """torch.nn.modules.activation holds nothing that is neither an activation here nor a layer."""
    from torch.nn.modules import activation

    assert set(activation.__all__) - set(ACTIVATIONS) == {"MultiheadAttention"}


def test_every_module_of_torch_is_classified() -> None:
    """Each class of torch.nn is a layer, an activation, a norm, passthrough, a container or a loss."""
    classes = {
        name for name in dir(nn) if isinstance(getattr(nn, name), type) and issubclass(getattr(nn, name), nn.Module)
    }
    others = {
        "AdaptiveLogSoftmaxWithLoss", "Container", "CosineSimilarity", "DataParallel", "Module", "ModuleDict",
        "ModuleList", "PairwiseDistance", "ParameterDict", "ParameterList", "RNNBase", "RNNCellBase", "Sequential",
    }  # fmt: skip
    losses = {name for name in classes if "Loss" in name}

    assert classes - set(LAYERS) - set(ACTIVATIONS) - NORMS - PASSTHROUGH - losses == others - losses
    assert {name for name, kind in LAYERS.items() if kind.role == "norm"} <= NORMS
