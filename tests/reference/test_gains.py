"""Exact gains against scipy's quadrature and the published table."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from initlint.reference.activations import CURVES, GATED
from initlint.reference.gains import (
    GAINS,
    TORCH_GAINS,
    exact_gain,
    gain_of,
    leaky_gain,
    table_row,
    torch_nonlinearity,
)

KINKS = [-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 6]


def by_scipy(function: object) -> float:
    """E[function(z)] by adaptive quadrature, another algorithm than ours."""
    edges = [-12, *KINKS, 12]
    pieces = (
        integrate.quad(lambda z: function(z) * stats.norm.pdf(z), low, high, epsabs=1e-13)[0]  # type: ignore[operator]
        for low, high in pairwise(edges)
    )
    return math.fsum(pieces)


@pytest.mark.parametrize("name", sorted(CURVES))
def test_table_by_an_independent_quadrature(name: str) -> None:
    """Each row's moments are what scipy integrates, to ten digits."""
    curve, row = CURVES[name], GAINS[name]

    assert by_scipy(curve.f) == pytest.approx(row.mean, abs=1e-10)
    assert by_scipy(lambda z: curve.f(z) ** 2) == pytest.approx(row.second, rel=1e-10)
    assert by_scipy(lambda z: curve.derivative(z) ** 2) == pytest.approx(row.derivative_second, rel=1e-10)
    assert by_scipy(lambda z: z * curve.f(z) * curve.derivative(z)) == pytest.approx(row.covariance, rel=1e-10)


@pytest.mark.parametrize("name", sorted(CURVES))
def test_table_by_our_own_quadrature(name: str) -> None:
    """The quadrature that users' activations go through gives the table again."""
    new, row = table_row(name), GAINS[name]

    assert (new.second, new.derivative_second, new.covariance) == pytest.approx(
        (row.second, row.derivative_second, row.covariance), rel=1e-10
    )
    assert new.mean == pytest.approx(row.mean, abs=1e-11)


def test_every_row_is_integrated_or_derived() -> None:
    """No row of the table escapes the two tests above, but for the random slope and the gates."""
    assert set(GAINS) == set(CURVES) | GATED | {"rrelu"}


@pytest.mark.parametrize(
    ("name", "forward", "backward", "slope"),
    [
        ("relu", 1.414214, 1.414214, 1),
        ("prelu", 1.371989, 1.371989, 1),
        ("elu", 1.245198, 1.223429, 0.8910),
        ("selu", 1.000000, 0.966026, 0.7826),
        ("gelu", 1.533530, 1.481114, 1.1441),
        ("gelu_tanh", 1.533581, 1.481168, 1.1443),
        ("silu", 1.676532, 1.623320, 1.1726),
        ("mish", 1.486848, 1.444755, 1.0763),
        ("softplus", 1.041867, 1.846229, 0.4921),
        ("hardswish", 1.736657, 1.670076, 1.2239),
        ("hardtanh", 1.392036, 1.210287, 0.3851),
        ("tanh", 1.592537, 1.467414, 0.4611),
        ("sigmoid", 1.846229, 4.722646, 0.1063),
        ("softsign", 2.337533, 2.095781, 0.4767),
        ("quick_gelu", 1.539459, 1.491459, 1.1365),
        ("hardsigmoid", 1.897840, 6.008116, 0.0971),
        ("tanhshrink", 2.338368, 1.988139, 1.8262),
        ("relu_squared", 0.816497, 0.707107, 2),
        ("sin", 1.520867, 1.327251, 0.3130),
    ],
)
def test_published_gains(name: str, forward: float, backward: float, slope: float) -> None:
    """The gains as they were measured elsewhere, to the six digits given."""
    row = GAINS[name]

    assert (row.forward, row.backward) == pytest.approx((forward, backward), abs=6e-7)
    assert row.slope == pytest.approx(slope, abs=6e-5)
    assert row.stable == (slope <= 1)


@pytest.mark.parametrize(
    ("name", "second", "inner"),
    [("glu", 0.293379, "sigmoid"), ("swiglu", 0.355776, "silu"), ("geglu", 0.425221, "gelu")],
)
def test_gates_multiply_independent_halves(name: str, second: float, inner: str) -> None:
    """E[(a h(b))^2] = E[h^2]; with both halves growing, the slope is that of h plus one."""
    row = GAINS[name]

    assert row.second == pytest.approx(second, abs=5e-7)
    assert row.slope == pytest.approx(1 + GAINS[inner].slope, rel=1e-9)
    assert row.backward is None


def test_random_slope_of_rrelu() -> None:
    """rrelu averages over U(1/8, 1/3): E[a^2] = 97/1728, E[a] = 11/48."""
    row = GAINS["rrelu"]

    assert row.second == pytest.approx((1 + 97 / 1728) / 2, rel=1e-12)
    assert row.mean == pytest.approx((1 - 11 / 48) / math.sqrt(2 * math.pi), rel=1e-12)


def test_selu_normalises_itself() -> None:
    """Klambauer et al. 2017: mean 0, variance 1 kept by SELU's constants."""
    row = table_row("selu")

    assert (row.mean, row.second) == pytest.approx((0, 1), abs=1e-12)
    assert row.slope == pytest.approx(0.7826, abs=5e-5)


def test_lecun_tanh_is_only_nearly_neutral() -> None:
    """LeCun 1998: 1.7159 tanh(2x/3) maps 1 to 1, but E f^2 = .7504 and E f'^2 = .8040 at N(0, 1)."""
    row = exact_gain(lambda x: 1.7159 * math.tanh(2 * x / 3))

    assert 1.7159 * math.tanh(2 / 3) == pytest.approx(1, abs=5e-6)
    assert (row.second, row.derivative_second) == pytest.approx((0.7504, 0.8040), abs=5e-5)


@given(st.floats(0, 2))
def test_leaky_gain_is_exact(slope: float) -> None:
    """He et al. 2015, eq. 15, against the quadrature of the very function."""
    integrated = exact_gain(lambda x: x if x > 0 else slope * x, lambda x: 1.0 if x > 0 else slope)
    closed = leaky_gain(slope)

    assert (closed.mean, closed.second, closed.covariance) == pytest.approx(
        (integrated.mean, integrated.second, integrated.covariance), abs=1e-12
    )


def test_exact_gain_without_a_derivative() -> None:
    """Central differences stand in for the derivative, and the function's name is kept."""
    row = exact_gain(math.tanh)

    assert row.activation == "tanh"
    assert row.backward == pytest.approx(GAINS["tanh"].backward, rel=1e-8)


def test_a_jump_off_the_grid_needs_to_be_named() -> None:
    """A step at 0.3 is integrated exactly once it is listed."""
    row = exact_gain(lambda x: 1.0 if x > 0.3 else 0.0, lambda x: 0.0, breaks=(0.3,))

    assert row.second == pytest.approx(stats.norm.sf(0.3), rel=1e-12)


def test_variance_only_forgets_the_mean() -> None:
    """The recipe of dividing stds: for ReLU 1/sqrt(1/2 - 1/(2 pi)) = 1.7127 instead of sqrt 2."""
    assert GAINS["relu"].variance_only == pytest.approx((0.5 - 0.5 / math.pi) ** -0.5)


@pytest.mark.parametrize(
    ("activation", "param", "second"),
    [("leaky_relu", 0.2, 0.52), ("prelu", 0.1, 0.505), ("elu", 1.0, 0.644945417493), ("celu", 1.0, 0.644945417493)],
)
def test_parameters_enter_the_gain(activation: str, param: float, second: float) -> None:
    """Slope and alpha change the gain as the function says."""
    row = gain_of(activation, param)

    assert row is not None
    assert row.second == pytest.approx(second)


def test_no_gain_for_what_has_none() -> None:
    """softmax mixes elements, and an unknown name is no activation."""
    assert gain_of("softmax") is None
    assert gain_of("relu", 0.3) is not None


def test_where_torch_differs_from_the_exact_gain() -> None:
    """tanh is 4.7 % high, SELU 25 % low, sigmoid 46 % low; ReLU is exact."""
    ratios = {name: TORCH_GAINS[name] / GAINS[name].forward for name in ("relu", "tanh", "selu", "sigmoid")}

    assert ratios == pytest.approx({"relu": 1, "tanh": 1.0466, "selu": 0.75, "sigmoid": 0.5416}, abs=5e-4)


def test_torch_words_for_activations() -> None:
    """The word that torch takes for an activation, where it has one."""
    words = {name: torch_nonlinearity(name) for name in ("identity", "relu6", "prelu", "tanh", "gelu", "softmax")}

    assert words == {
        "identity": "linear", "relu6": "relu", "prelu": "leaky_relu", "tanh": "tanh", "gelu": None, "softmax": None,
    }  # fmt: skip
