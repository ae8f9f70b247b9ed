"""The table of weights: names give way before numbers do, and the history stands apart."""

from __future__ import annotations

import pytest

from initlint.runtime.protocol import Event, Measured, Model, Parameter, Place
from initlint.runtime.table import tables

NAME = "encoder.block.layer.SelfAttention.relative_attention.projection.weight"


def model(**more: object) -> Model:
    """A model of one weight with a long name."""
    place = Place("/home/me/net.py", 7, 1, 7, 9)
    event = Event("set", "xavier_uniform", "torch.nn.init.xavier_uniform_", {"gain": 1.0}, place=place)
    row = Parameter(
        NAME, (4096, 1024), 4096 * 1024, scheme="xavier_uniform", std=0.0198, mean=0.0, history=(event,),
        measured=Measured(9, std=0.0197), suggested="kaiming_uniform", suggested_std=0.0442, ratio=0.45,
        followed_by=("relu", "LayerNorm"),
    )  # fmt: skip
    return Model("net.py:Net", "Net", parameters=(row,), notes=("a note that is " + "very " * 40 + "long",), total=4)


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_numbers_are_whole(width: int) -> None:
    """At every width: shape, scheme, stds and ratio; and the end of the name, which tells weights apart."""
    told = tables([model()], color=False, width=width)
    line = next(line for line in told.splitlines() if "4096x1024" in line)

    assert ["4096x1024", "xavier_uniform", "0.0198"] == line.split()[1:4]
    assert "0.45" in line.split()
    assert (width > 80) == ({"kaiming_uniform", "0.0442"} <= set(line.split()))
    assert NAME[-20:] in line
    assert (width == 200, width == 200) == (NAME in line, "LayerNorm" in line)
    assert f"{'very ' * 40}long" in told


def test_history() -> None:
    """-v tells every write below the table, which stays as it is."""
    plain, verbose = tables([model()], color=False), tables([model()], color=False, verbose=True)
    expected = ["History of each weight", f"  {NAME}", "    torch.nn.init.xavier_uniform_(gain=1)  net.py:7"]

    assert (True, expected) == (verbose.startswith(plain), verbose.removeprefix(plain).splitlines()[:3])
