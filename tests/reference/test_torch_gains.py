"""torch's constants, against torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from initlint.describe.symbols import Sym
from initlint.reference.torch_gains import TORCH_GAINS, TORCH_NONLINEARITIES, torch_gain, torch_gain_squared

pytestmark = pytest.mark.torch

REFUSED = ["gelu", "silu", "elu", "identity", "ReLU", "relu6", "prelu", "swish", "softmax", ""]


@pytest.mark.parametrize("name", sorted(TORCH_NONLINEARITIES))
@pytest.mark.parametrize("param", [None, 0, 0.2, 5**0.5])
def test_gain_is_that_of_torch(name: str, param: float | None) -> None:
    """The number is calculate_gain's to the last bit, and its square is its square."""
    assert nn.init.calculate_gain(name, param) == torch_gain(name, param)  # type: ignore[arg-type]
    assert torch_gain_squared(name, param) == pytest.approx(torch_gain(name, param) ** 2, rel=1e-15)


def test_the_table_is_torch_at_its_defaults() -> None:
    """TORCH_GAINS holds every name that torch takes, without a parameter."""
    assert {name: nn.init.calculate_gain(name) for name in TORCH_NONLINEARITIES} == TORCH_GAINS  # type: ignore[arg-type]


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_is_refused(name: str) -> None:
    """A name that raises ValueError in torch raises it here, and in kaiming_normal_ too."""
    for refusing in (torch_gain, torch_gain_squared, nn.init.calculate_gain):
        with pytest.raises(ValueError, match="Unsupported nonlinearity"):
            refusing(name)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Unsupported nonlinearity"):
        nn.init.kaiming_normal_(torch.empty(2, 2), nonlinearity=name)  # type: ignore[arg-type]


@pytest.mark.parametrize("param", [True, "0.2"])
def test_a_slope_that_is_no_number_is_refused(param: object) -> None:
    """torch takes no bool and no string for a slope; neither do we."""
    for refusing in (torch_gain, nn.init.calculate_gain):
        with pytest.raises(ValueError, match="not a valid number"):
            refusing("leaky_relu", param)  # type: ignore[arg-type]


def test_symbolic_slope() -> None:
    """A slope not known until run time gives a formula."""
    slope = Sym.atom("slope")

    assert torch_gain_squared("leaky_relu", slope) == 2 / (1 + slope**2)
