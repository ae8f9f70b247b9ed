"""The names that torch's layers have of their own, against torch."""

from __future__ import annotations

import pytest

from initlint.reference.layers import LAYERS
from initlint.reference.module_attributes import MODULE_ATTRIBUTES, may_have

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

LAYERS_TO_BUILD = {
    "Linear": (4, 4), "Bilinear": (4, 4, 4), "Conv2d": (4, 4, 3), "ConvTranspose1d": (4, 4, 3), "Embedding": (4, 4),
    "LSTM": (4, 4), "GRUCell": (4, 4), "BatchNorm2d": (4,), "LayerNorm": (4,), "GroupNorm": (2, 4), "RMSNorm": (4,),
    "MultiheadAttention": (4, 2), "PReLU": (), "TransformerDecoderLayer": (4, 2), "LazyLinear": (4,),
}  # fmt: skip


def test_modules_have_these_names() -> None:
    """A newer torch may have more; those listed are there."""
    assert set() == {name for name in MODULE_ATTRIBUTES if not hasattr(torch.nn.Module, name)} - {"training"}


@pytest.mark.parametrize("kind", LAYERS_TO_BUILD)
def test_what_a_layer_has_is_known(kind: str) -> None:
    """Every public name of a live layer is an argument, a part or a name in the lists."""
    layer = getattr(torch.nn, kind)(*LAYERS_TO_BUILD[kind])
    arguments = {name for name, _ in LAYERS[kind].every_argument}
    public = {name for name in dir(layer) if not name.startswith("_")}

    assert set() == {name for name in public - arguments - set(dir(torch.nn.Module)) if not may_have(name)}


@pytest.mark.parametrize("name", ["_no_reinit", "_is_hf_initialized", "NANOGPT_SCALE_INIT", "stddev"])
def test_marks_are_no_names_of_torch(name: str) -> None:
    """What authors put on layers to steer an init function."""
    assert not may_have(name)
