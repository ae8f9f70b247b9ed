"""Calls of layers bound to their arguments, and what becomes of the unknown."""

from __future__ import annotations

from typing import Any

import pytest

from initlint.describe.symbols import Sym
from initlint.reference.layers import LAYERS, REQUIRED, UNKNOWN, LayerKind

WIDE, OUT = Sym.atom("wide"), Sym.atom("out")


def test_bind_fills_defaults() -> None:
    """A call is bound by position and name, defaults filled in."""
    bound = LAYERS["Linear"].bind((3,), {"out_features": 4})

    assert bound == {"in_features": 3, "out_features": 4, "bias": True, "device": None, "dtype": None}


@pytest.mark.parametrize(
    ("positional", "keywords"),
    [((1, 2, True, None, None, 6), {}), ((1,), {"in_features": 1}), ((1, 2), {"features": 3})],
)
def test_bind_refuses_what_raises(positional: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    """Too many arguments, one given twice, and an unknown keyword give None."""
    assert LAYERS["Linear"].bind(positional, keywords) is None


def test_bind_knows_keyword_only_arguments() -> None:
    """The `bias` of a batch norm is keyword-only: by position it is refused."""
    kind = LAYERS["BatchNorm2d"]
    bound = kind.bind((8,), {"bias": False})

    assert bound is not None
    assert bound["bias"] is False
    assert kind.bind((8, 1e-5, 0.1, True, True, None, None, False), {}) is None


def test_missing_required_argument_is_unknown() -> None:
    """A required argument that nobody gave is UNKNOWN, not an error: the call may be a `**config`."""
    assert LAYERS["Linear"].complete({})["in_features"] is UNKNOWN


def test_symbols_pass_through() -> None:
    """Fans and stds of symbolic sizes are formulas."""
    weight, bias = LAYERS["Linear"].parameters({"in_features": WIDE * 4, "out_features": OUT})

    assert weight.shape == (OUT, WIDE * 4)
    assert (weight.std, weight.high) == ((1 / (WIDE * 12)) ** 0.5, (1 / (WIDE * 4)) ** 0.5)
    assert bias.shape == (OUT,)


def test_symbolic_convolution() -> None:
    """Kernel areas and groups enter the fans as formulas; a depthwise convolution has one input channel a group."""
    arguments = {"in_channels": WIDE, "out_channels": WIDE, "kernel_size": OUT, "groups": WIDE}
    weight, _ = LAYERS["Conv2d"].parameters(arguments)

    assert weight.shape == (WIDE, 1, OUT, OUT)
    assert (weight.fan_in, weight.fan_out) == (OUT**2, WIDE * OUT**2)
    assert (weight.effective_fan_in, weight.effective_fan_out) == (OUT**2, OUT**2)


@pytest.mark.parametrize("name", sorted(LAYERS))
@pytest.mark.parametrize("unknown", [UNKNOWN, None], ids=["UNKNOWN", "None"])
def test_nothing_known_is_no_error(name: str, unknown: object) -> None:
    """With every required argument unknown, parameters keep their names, and no formula is made up."""
    kind = LAYERS[name]
    specs = kind.parameters({argument: unknown for argument, default in kind.signature if default is REQUIRED})
    drawn = [spec for spec in specs if spec.scheme.startswith(("kaiming", "xavier")) and kind.role != "composite"]

    assert all(spec.name for spec in specs)
    assert [spec.std for spec in drawn] == [None] * len(drawn)


@pytest.mark.parametrize(
    ("name", "argument", "doubtful"),
    [
        ("Linear", "bias", {"bias"}),
        ("Conv2d", "bias", {"bias"}),
        ("GRU", "bias", {"bias_ih_l0", "bias_hh_l0"}),
        ("LSTM", "proj_size", {"weight_hr_l0"}),
        ("BatchNorm1d", "affine", {"weight", "bias"}),
        ("LayerNorm", "bias", {"bias"}),
        ("MultiheadAttention", "add_bias_kv", {"bias_k", "bias_v"}),
        ("MultiheadAttention", "kdim", {"q_proj_weight", "k_proj_weight", "v_proj_weight"}),
    ],
)
def test_an_unknown_switch_leaves_doubt(name: str, argument: str, doubtful: set[str]) -> None:
    """Parameters that an unknown flag decides about are told, and marked uncertain."""
    specs = LAYERS[name].parameters({argument: UNKNOWN, "embed_dim": 8})

    assert doubtful == {spec.name for spec in specs if not spec.certain}


def test_unknown_depth_shows_the_first_layer() -> None:
    """A recurrent layer of unknown depth tells of layer 0, which is certain to be there."""
    specs = LAYERS["LSTM"].parameters({"input_size": 3, "hidden_size": 4, "num_layers": UNKNOWN})

    assert [spec.name for spec in specs] == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]


def test_plain_layers_have_no_parts() -> None:
    """Only composites are made of other layers."""
    composites = {name for name, kind in LAYERS.items() if kind.parts({"norm": None})}

    assert {name for name, kind in LAYERS.items() if kind.role == "composite"} == composites


def test_a_kind_may_have_no_parameters() -> None:
    """A kind given no builder makes none: how a pack describes a layer without weights."""
    assert LayerKind("Quiet", ("pack.Quiet",), "activation", ()).parameters({}) == ()


def test_marks_show_their_names() -> None:
    """REQUIRED and UNKNOWN print as themselves in messages."""
    assert f"{REQUIRED!r} {UNKNOWN!r}" == "REQUIRED UNKNOWN"
