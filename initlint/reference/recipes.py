"""The numbers of published recipes that set particular weights on purpose: to be recognised, not blamed."""

from __future__ import annotations

import math

from initlint.reference.quantity import Quantity


def residual_std(layers: Quantity, std: float = 0.02) -> Quantity:
    """GPT-2's std for projections onto the residual stream: std / sqrt(2 N), N blocks of two branches each.

    Radford et al. 2019, sec. 2.3. N = 12, 24, 36, 48: .0040825, .0028868, .0023570, .0020412.
    """
    scaled: Quantity = std / (2 * layers) ** 0.5
    return scaled


def fixup_factor(branches: Quantity, depth: int = 2) -> Quantity:
    """Fixup's factor on the weights inside a residual branch: L^(-1/(2m - 2)), L branches of m layers each.

    Zhang et al. 2019, arXiv:1901.09321, sec. 3. m must exceed 1. The last layer of each branch and the classifier
    start at 0.
    """
    if depth < 2:
        raise ValueError(f"a Fixup branch has at least two layers, got {depth}")
    factor: Quantity = branches ** (-1 / (2 * depth - 2))
    return factor


def t_fixup_encoder_factor(layers: Quantity) -> Quantity:
    """T-Fixup's factor on v, output and MLP weights of an encoder of N layers: 0.67 N^(-1/4).

    Huang et al. 2020, ICML, sec. 3.2. N = 6: .4281.
    """
    factor: Quantity = 0.67 * layers**-0.25
    return factor


def t_fixup_decoder_factor(layers: Quantity) -> Quantity:
    """T-Fixup's factor for a decoder of N layers, and for the embeddings: (9 N)^(-1/4). N = 6: .3689."""
    factor: Quantity = (9 * layers) ** -0.25
    return factor


def focal_bias(prior: float = 0.01) -> float:
    """The bias of a detector's last layer that starts its sigmoid at `prior`: -ln((1 - prior)/prior).

    Lin et al. 2017, arXiv:1708.02002, sec. 3.3 and 4.1. prior .01: -4.59512.
    """
    if not 0 < prior < 1:
        raise ValueError(f"a prior is a probability between 0 and 1, got {prior}")
    return -math.log((1 - prior) / prior)


def siren_first_bound(fan_in: Quantity) -> Quantity:
    """SIREN's first layer: U(+-1/n) (Sitzmann et al. 2020, arXiv:2006.09661, sec. 3.2 and supplement 1.5)."""
    bound: Quantity = 1 / fan_in
    return bound


def siren_hidden_bound(fan_in: Quantity, omega: float = 30.0) -> Quantity:
    """SIREN's hidden layers, which compute sin(omega W x): U(+-sqrt(6/n)/omega)."""
    bound: Quantity = (6 / fan_in) ** 0.5 / omega
    return bound


def forget_bias(each: float = 1.0, biases: int = 2) -> float:
    """What an LSTM's forget gate starts from: torch adds bias_ih and bias_hh, so 1 in each gives 2.

    Jozefowicz et al. 2015, ICML, recommend a sum of 1. Gates are packed i, f, g, o: the slice is [n/4 : n/2].
    """
    return each * biases
