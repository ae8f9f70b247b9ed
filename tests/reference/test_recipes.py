"""The numbers of published recipes."""

from __future__ import annotations

import pytest

from initlint.describe.symbols import Sym
from initlint.reference import recipes


@pytest.mark.parametrize(("layers", "std"), [(12, 0.0040825), (24, 0.0028868), (36, 0.0023570), (48, 0.0020412)])
def test_gpt2_residual_std(layers: int, std: float) -> None:
    """The four sizes of GPT-2."""
    assert recipes.residual_std(layers) == pytest.approx(std, abs=5e-8)


def test_t_fixup_at_six_layers() -> None:
    """Encoder .4281, decoder .3689."""
    assert recipes.t_fixup_encoder_factor(6) == pytest.approx(0.4281, abs=5e-5)
    assert recipes.t_fixup_decoder_factor(6) == pytest.approx(0.3689, abs=5e-5)


def test_fixup() -> None:
    """Branches of two layers: L^-1/2; of three: L^-1/4; of one the exponent has no value."""
    assert recipes.fixup_factor(16) == pytest.approx(1 / 4)
    assert recipes.fixup_factor(16, depth=3) == pytest.approx(1 / 2)
    with pytest.raises(ValueError, match="at least two layers, got 1"):
        recipes.fixup_factor(16, depth=1)


def test_focal_bias() -> None:
    """Prior .01: -4.59512; no prior at or beyond 0 and 1."""
    assert recipes.focal_bias() == pytest.approx(-4.59512, abs=5e-6)
    with pytest.raises(ValueError, match="between 0 and 1, got 0"):
        recipes.focal_bias(0)


def test_siren() -> None:
    """First layer +-1/n, hidden +-sqrt(6/n)/30: through sin(30 W x) that is He's bound."""
    assert recipes.siren_first_bound(256) == 1 / 256
    assert 30 * recipes.siren_hidden_bound(256) == pytest.approx((6 / 256) ** 0.5)


def test_forget_gate_adds_two_biases() -> None:
    """torch adds b_ih and b_hh: 1 in each starts the gate at 2."""
    assert recipes.forget_bias() == 2
    assert recipes.forget_bias(biases=1) == 1


def test_symbols() -> None:
    """A depth that only the configuration knows gives a formula."""
    depth = Sym.atom("n_layer")

    assert recipes.residual_std(depth) == 0.02 / (2 * depth) ** 0.5
    assert recipes.fixup_factor(depth) == depth**-0.5
