"""Without a history the scheme is inferred where the sample decides, and left open where it cannot."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from initlint.runtime.infer import infer
from initlint.runtime.roles import role_of

pytestmark = pytest.mark.torch

SCHEMES: dict[str, Callable[[torch.Tensor], object]] = {
    "kaiming_normal": nn.init.kaiming_normal_,
    "xavier_normal": nn.init.xavier_normal_,
    "xavier_uniform": nn.init.xavier_uniform_,
    "lecun_uniform": lambda w: nn.init.kaiming_uniform_(w, nonlinearity="linear"),
    "kaiming_uniform": lambda w: nn.init.kaiming_uniform_(w, a=5**0.5),
    "orthogonal": nn.init.orthogonal_,
    "zeros": nn.init.zeros_,
    "constant": lambda w: nn.init.constant_(w, 0.3),
    "normal": lambda w: nn.init.normal_(w, std=0.37),
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_inferred(scheme: str) -> None:
    """A layer of 200 by 600 is enough for every scheme."""
    torch.manual_seed(1)
    layer = nn.Linear(600, 200)
    SCHEMES[scheme](layer.weight.data)
    guess = infer(layer.weight, role_of(layer, "weight", layer.weight))

    assert guess is not None
    assert (scheme, ()) == (guess.scheme, guess.rivals)


def test_cannot_tell() -> None:
    """Of 64 numbers nobody can say whether they are Xavier's or LeCun's: the rivals are named."""
    torch.manual_seed(1)
    layer = nn.Linear(10, 7)
    nn.init.xavier_normal_(layer.weight)
    guess = infer(layer.weight, role_of(layer, "weight", layer.weight))

    assert guess is not None
    assert guess.rivals


def test_too_few() -> None:
    """Below thirty numbers nothing is inferred."""
    layer = nn.Linear(4, 4)

    assert infer(layer.weight, role_of(layer, "weight", layer.weight)) is None


MEANT: dict[str, tuple[Callable[[torch.Tensor], object], tuple[str, float, float]]] = {
    "std as mean": (lambda w: nn.init.normal_(w, 0.02), ("normal", 0.0, 1.0)),
    "cut, std as mean": (lambda w: nn.init.trunc_normal_(w, 0.02), ("trunc_normal", 0.0, 0.88)),
    "of one sign": (nn.init.uniform_, ("uniform", 0.5, 0.29)),
    "mean plainly off": (lambda w: nn.init.normal_(w, 0.5), ("normal", 0.5, 1.0)),
}


@pytest.mark.parametrize("case", MEANT)
def test_every_draw_is_known(case: str) -> None:
    """A name does not come and go with the seed: seeds 1, 41, 110, 128 and 201 are unlucky ones of N(0.02, 1)."""
    draw, (scheme, mean, std) = MEANT[case]
    found = []
    for seed in (*range(12), 40, 41, 110, 128, 201, 239, 412):
        torch.manual_seed(seed)
        layer, _ = nn.Linear(32, 64), nn.Linear(64, 4)
        draw(layer.weight)
        guess = infer(layer.weight, role_of(layer, "weight", layer.weight))
        assert guess is not None, seed
        found.append((guess.scheme, guess.form.mean, guess.form.std))

    assert {scheme} == {one for one, _, _ in found}
    assert all(abs((m or 0.0) - mean) < 0.12 and abs((s or 0.0) - std) < 0.02 for _, m, s in found), found
