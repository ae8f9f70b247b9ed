"""Which files can matter."""

from __future__ import annotations

import pytest

from initlint.source.prefilter import can_matter


@pytest.mark.parametrize(
    "text",
    [
        "import torch\nw = torch.randn(3, 3)",
        "import torch.nn as N",
        "from .layers import nn\nnn.Linear(2, 2)",
        "from lib import nn",
        "model.apply(f)",
        "def f(m):\n    m.weight.data.zero_()",
        "from net import init_weights, net\ninit_weights(net)",
        "net._init_layers()",
        "weights_init(net)",
        "finite_init(net)",
        "net.INIT(w)",
        "class A(PreTrainedModel): pass",
        "m.reset_parameters()",
        "self.w = Parameter(x)",
        "from timm.models import create_model",
    ],
)
def test_what_can_matter_is_kept(text: str) -> None:
    """A model, a helper of one, a script that initialises one."""
    assert can_matter(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x = 1",
        "import torch\nx = torch.load(p)",
        "class A:\n    def __init__(self):\n        super().__init__()",
        "def __post_init__(self): ...",
        "if isfinite(cnn) or __reinit__(x_ (y)): ...",
    ],
)
def test_other_files_are_dropped(text: str) -> None:
    """Constructors alone are no initialisation of weights."""
    assert not can_matter(text.encode())
