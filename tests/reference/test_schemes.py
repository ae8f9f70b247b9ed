"""The schemes: exact values by hand, and properties that all of them share."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from initlint.describe.symbols import Sym
from initlint.reference.schemes import FAMILIES, MODES, SCHEMES, article_scale, bound, chosen_fan, larger, std

FAN = st.integers(1, 100_000)
SCALING = [name for names in FAMILIES.values() for name in names if name not in {"zeros", "uniform", "normal"}]


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("zeros", 0),
        ("xavier_uniform", Fraction(2, 150)),
        ("xavier_normal", Fraction(2, 150)),
        ("kaiming_uniform", Fraction(2, 100)),
        ("kaiming_normal", Fraction(2, 100)),
        ("lecun_uniform", Fraction(1, 100)),
        ("lecun_normal", Fraction(1, 100)),
        ("variance_scaling", Fraction(1, 100)),
        ("orthogonal", Fraction(1, 100)),
        ("uniform", Fraction(1, 3) * Fraction(1, 4)),
        ("normal", Fraction(1, 4)),
        ("trunc_normal", Fraction(1, 4)),
    ],
)
def test_variances_by_hand(name: str, variance: Fraction) -> None:
    """fan_in 100, fan_out 50, eps = sigma = 1/2: each variance as its formula gives it."""
    assert std(name, 100, 50, spread=0.5) == pytest.approx(float(variance) ** 0.5, rel=1e-15)


def test_sparse_keeps_what_is_not_zero() -> None:
    """A tenth of N(0, 1/4) set to zero leaves nine tenths of the variance."""
    assert std("sparse", 100, 50, spread=0.5, sparsity=0.1) == pytest.approx((0.9 / 4) ** 0.5)


def test_the_seven_families_are_whole() -> None:
    """Each of the seven schemes is there, with both forms where it has two."""
    assert list(FAMILIES) == ["zero", "random", "xavier", "he", "orthogonal", "lecun", "variance_scaling"]
    assert {name for names in FAMILIES.values() for name in names} <= set(SCHEMES)


@given(fan_in=FAN, fan_out=FAN, gain=st.floats(0.1, 10), scale=st.floats(0.1, 10), mode=st.sampled_from(MODES))
@pytest.mark.parametrize("name", SCALING)
def test_every_scheme(name: str, fan_in: int, fan_out: int, gain: float, scale: float, mode: str) -> None:
    """Positive, homogeneous in the fans to the power -1/2, proportional to the gain, one variance in both forms."""
    chosen = mode if name != "kaiming_uniform" and name != "kaiming_normal" else mode.replace("geo_", "")
    value = std(name, fan_in, fan_out, gain=gain, scale=scale, mode=chosen)
    wider = std(name, 4 * fan_in, 4 * fan_out, gain=gain, scale=scale, mode=chosen)
    louder = std(name, fan_in, fan_out, gain=2 * gain, scale=4 * scale, mode=chosen)
    edge = bound(name, fan_in, fan_out, gain=gain, scale=scale, mode=chosen)
    other = std(name.replace("normal", "uniform"), fan_in, fan_out, gain=gain, scale=scale, mode=chosen)

    assert isinstance(value, float)
    assert value > 0
    assert wider == pytest.approx(value / 2)
    assert louder == pytest.approx(2 * value)
    assert other == value
    assert edge is None or edge == pytest.approx(3**0.5 * value)
    assert (edge is None) == (SCHEMES[name].distribution not in {"uniform", "any"})


@given(FAN, FAN)
def test_symbols_and_numbers_agree(fan_in: int, fan_out: int) -> None:
    """A formula over symbols takes the value that the numbers give."""
    left, right = Sym.atom("n", fan_in), Sym.atom("m", fan_out)
    for name in SCALING:
        if name == "orthogonal":
            continue
        symbolic = std(name, left, right)

        assert symbolic.default == pytest.approx(std(name, fan_in, fan_out))  # type: ignore[union-attr]


def test_orthogonal_of_symbols_is_unknown_unless_square() -> None:
    """Which of two symbols is larger nobody can tell; a square matrix needs no telling."""
    left, right = Sym.atom("n"), Sym.atom("m")

    assert std("orthogonal", left, right) is None
    assert std("orthogonal", left, left) == (1 / left) ** 0.5
    assert larger(3, None) is None


def test_the_article_divides_by_s_and_keras_multiplies_by_scale() -> None:
    """Var W = 2/(n_in s) is Keras' scale 2/s in mode fan_in."""
    assert std("variance_scaling", 100, scale=article_scale(4)) == pytest.approx((2 / (100 * 4)) ** 0.5)
    assert bound("variance_scaling", 100, scale=article_scale(4)) == pytest.approx((6 / (100 * 4)) ** 0.5)


@given(FAN, FAN)
def test_variance_scaling_contains_the_others(fan_in: int, fan_out: int) -> None:
    """He is scale 2 and LeCun scale 1 in mode fan_in, Xavier scale 1 in mode fan_avg."""
    assume(fan_in)

    assert std("variance_scaling", fan_in, fan_out, scale=2) == std("kaiming_normal", fan_in, fan_out)
    assert std("variance_scaling", fan_in, fan_out) == std("lecun_normal", fan_in, fan_out)
    assert std("variance_scaling", fan_in, fan_out, mode="fan_avg") == std("xavier_normal", fan_in, fan_out)


def test_he_2015_filters() -> None:
    """The paper's 3x3 layers of 64, 128, 256, 512 filters: std .059, .042, .029, .021 (He et al. 2015, sec. 2.2)."""
    widths = [64, 128, 256, 512]

    assert [round(std("kaiming_normal", 9 * width), 3) for width in widths] == [0.059, 0.042, 0.029, 0.021]  # type: ignore[arg-type]


def test_modes() -> None:
    """Each mode names its fan; another word is refused."""
    values = {mode: (lambda pair: pair[1] / pair[0])(chosen_fan(mode, 4, 16)) for mode in MODES}  # type: ignore[operator]

    assert values == {"fan_in": 4, "fan_out": 16, "fan_avg": 10, "fan_geo_avg": 8}
    with pytest.raises(ValueError, match="fan_max"):
        chosen_fan("fan_max", 4, 16)


def test_unknown_fans_give_unknown_stds() -> None:
    """No scheme makes up a number for a fan it does not know."""
    assert [std(name, None, 3) for name in SCALING] == [None] * len(SCALING)


def test_what_draws_nothing_has_no_std() -> None:
    """Raw memory, copies and the unknown have no std, and bound knows uniform forms only."""
    assert [std(name, 3, 4) for name in ("empty", "copy", "unknown", "eye", "dirac")] == [None] * 5
    assert bound("lecun_normal", 3, 4) is None
    assert bound("empty", 3, 4) is None
