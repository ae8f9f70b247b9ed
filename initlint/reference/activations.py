"""The activations: one vocabulary of names, each one's function and derivative, and the groups that rules speak of."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from initlint.reference.modules import ACTIVATION_FUNCTIONS, ACTIVATIONS

Function: TypeAlias = Callable[[float], float]

RECTIFIERS: frozenset[str] = frozenset(["relu", "leaky_relu", "prelu", "rrelu", "relu6"])
"""Zero or a line below 0, a line above: He's derivation holds as it stands."""

SMOOTH_RECTIFIERS: frozenset[str] = frozenset(
    ["gelu", "gelu_tanh", "quick_gelu", "silu", "mish", "elu", "celu", "hardswish", "hardmish"]
)
"""Like a rectifier far from 0, rounded near it: He's gain is near, and not exact."""

SATURATING: frozenset[str] = frozenset(["tanh", "sigmoid", "softsign", "hardtanh", "hardsigmoid"])
"""Bounded above and below: large inputs lose their gradient."""

GATED: frozenset[str] = frozenset(["glu", "swiglu", "geglu"])
"""Products of one half of the features with an activation of the other."""

NORMALISING: frozenset[str] = frozenset(["softmax", "log_softmax"])
"""Not element-wise: no gain."""

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
RRELU_BOUNDS = (1 / 8, 1 / 3)
DEFAULT_SLOPES = {"relu": 0.0, "relu6": 0.0, "leaky_relu": 0.01, "prelu": 0.25}


@dataclass(frozen=True, slots=True)
class Curve:
    """An element-wise activation: `f`, its derivative, and its kinks."""

    f: Function
    derivative: Function
    breaks: tuple[float, ...] = ()


_OTHER_NAMES: dict[str, str] = {
    "approximate_gelu": "gelu_tanh",
    "expit": "sigmoid",
    "gelu_10": "gelu",
    "gelu_accurate": "gelu_tanh",
    "gelu_approximate": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_new": "gelu_tanh",
    "gelu_python": "gelu",
    "gelu_python_tanh": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "hard_mish": "hardmish",
    "hard_sigmoid": "hardsigmoid",
    "hard_swish": "hardswish",
    "hard_tanh": "hardtanh",
    "hsigmoid": "hardsigmoid",
    "hswish": "hardswish",
    "identity": "identity",
    "laplace": "laplace",
    "leakyrelu": "leaky_relu",
    "linear": "identity",
    "lrelu": "leaky_relu",
    "quick_gelu": "quick_gelu",
    "quickgelu": "quick_gelu",
    "relu2": "relu_squared",
    "relu_squared": "relu_squared",
    "sine": "sin",
    "sqrtsoftplus": "sqrt_softplus",
    "squared_relu": "relu_squared",
    "swish": "silu",
}


def canonical_activation(name: str) -> str | None:
    """The canonical name of an activation given by class name, function, method or configuration string, else None.

    `torch.nn.LeakyReLU`, `F.leaky_relu_`, `leakyrelu` are all `leaky_relu`; `gelu_new` (transformers' ACT2FN) is
    `gelu_tanh`, `swish` is `silu`, `linear` is `identity`. Dotted names are judged by their last part.
    """
    last = name.rpartition(".")[2]
    lower = last.lower()
    for table, key in (
        (ACTIVATIONS, last), (ACTIVATION_FUNCTIONS, last), (_OTHER_NAMES, lower),
        (ACTIVATION_FUNCTIONS, lower), (_CLASSES_LOWER, lower), (_CANONICAL, lower),
    ):  # fmt: skip
        if key in table:
            return table[key]
    return None


def leaky(slope: float) -> Curve:
    """max(x, 0) + slope min(x, 0): ReLU at 0, LeakyReLU .01, PReLU .25."""
    return Curve(lambda x: x if x > 0 else slope * x, lambda x: 1.0 if x > 0 else slope)


def elu(alpha: float = 1.0) -> Curve:
    """x above 0, alpha (exp(x) - 1) below (Clevert et al. 2016, arXiv:1511.07289)."""
    return Curve(lambda x: x if x > 0 else alpha * math.expm1(x), lambda x: 1.0 if x > 0 else alpha * math.exp(x))


def celu(alpha: float = 1.0) -> Curve:
    """x above 0, alpha (exp(x/alpha) - 1) below (Barron 2017, arXiv:1704.07483)."""
    return Curve(
        lambda x: x if x > 0 else alpha * math.expm1(x / alpha), lambda x: 1.0 if x > 0 else math.exp(x / alpha)
    )


def times_sigmoid(beta: float) -> Curve:
    """x sigmoid(beta x): SiLU at 1, quick GELU at 1.702 (Ramachandran et al. 2017, arXiv:1710.05941)."""

    def derivative(x: float) -> float:
        gate = _sigmoid(beta * x)
        return gate + beta * x * gate * (1 - gate)

    return Curve(lambda x: x * _sigmoid(beta * x), derivative)


def clamp(low: float, high: float) -> Curve:
    """min(max(x, low), high): Hardtanh."""
    return Curve(lambda x: min(max(x, low), high), lambda x: 1.0 if low < x < high else 0.0, (low, high))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _normal_cdf(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2


def _density(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


_TANH_GELU = math.sqrt(2 / math.pi), 0.044715  # Hendrycks and Gimpel 2016, arXiv:1606.08415


def _gelu_tanh(x: float) -> float:
    scale, cubic = _TANH_GELU
    return 0.5 * x * (1 + math.tanh(scale * (x + cubic * x**3)))


def _gelu_tanh_derivative(x: float) -> float:
    scale, cubic = _TANH_GELU
    bent = math.tanh(scale * (x + cubic * x**3))
    return 0.5 * (1 + bent) + 0.5 * x * (1 - bent * bent) * scale * (1 + 3 * cubic * x * x)


def _mish_derivative(x: float) -> float:
    bent = math.tanh(_softplus(x))
    return bent + x * (1 - bent * bent) * _sigmoid(x)


def _hardswish_derivative(x: float) -> float:
    return 0.0 if x <= -3 else 1.0 if x >= 3 else (2 * x + 3) / 6


def _squash_derivative(x: float) -> float:
    return 1 - math.tanh(x) ** 2


CURVES: dict[str, Curve] = {
    "identity": Curve(lambda x: x, lambda x: 1.0),
    "relu": leaky(0.0),
    "leaky_relu": leaky(DEFAULT_SLOPES["leaky_relu"]),
    "prelu": leaky(DEFAULT_SLOPES["prelu"]),
    "relu6": Curve(lambda x: min(max(x, 0.0), 6.0), lambda x: 1.0 if 0 < x < 6 else 0.0, (0.0, 6.0)),
    "elu": elu(),
    "celu": celu(),
    "selu": Curve(
        lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * math.expm1(x)),
        lambda x: SELU_SCALE * (1.0 if x > 0 else SELU_ALPHA * math.exp(x)),
    ),
    "gelu": Curve(lambda x: x * _normal_cdf(x), lambda x: _normal_cdf(x) + x * _density(x)),
    "gelu_tanh": Curve(_gelu_tanh, _gelu_tanh_derivative),
    "quick_gelu": times_sigmoid(1.702),
    "silu": times_sigmoid(1.0),
    "mish": Curve(lambda x: x * math.tanh(_softplus(x)), _mish_derivative),
    "softplus": Curve(_softplus, _sigmoid),
    "hardswish": Curve(lambda x: x * min(max(x + 3, 0.0), 6.0) / 6, _hardswish_derivative, (-3.0, 3.0)),
    "hardmish": Curve(
        lambda x: 0.5 * x * min(max(x + 2, 0.0), 2.0),
        lambda x: 0.0 if x <= -2 else 1.0 if x >= 0 else x + 1,
        (-2.0, 0.0),
    ),
    "hardtanh": clamp(-1.0, 1.0),
    "hardsigmoid": Curve(
        lambda x: min(max(x / 6 + 0.5, 0.0), 1.0), lambda x: 1 / 6 if -3 < x < 3 else 0.0, (-3.0, 3.0)
    ),
    "tanh": Curve(math.tanh, _squash_derivative),
    "sigmoid": Curve(_sigmoid, lambda x: _sigmoid(x) * (1 - _sigmoid(x))),
    "softsign": Curve(lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    "tanhshrink": Curve(lambda x: x - math.tanh(x), lambda x: math.tanh(x) ** 2),
    "sin": Curve(math.sin, math.cos),
    "relu_squared": Curve(lambda x: max(x, 0.0) ** 2, lambda x: 2 * max(x, 0.0)),
    "log_sigmoid": Curve(lambda x: -_softplus(-x), lambda x: _sigmoid(-x)),
    "hardshrink": Curve(lambda x: x if abs(x) > 0.5 else 0.0, lambda x: 1.0 if abs(x) > 0.5 else 0.0, (-0.5, 0.5)),
    "softshrink": Curve(
        lambda x: math.copysign(max(abs(x) - 0.5, 0.0), x), lambda x: 1.0 if abs(x) > 0.5 else 0.0, (-0.5, 0.5)
    ),
}
"""Canonical name -> the curve at torch's default arguments. `rrelu` is random; gates and softmax mix elements."""

_CLASSES_LOWER = {name.lower(): canonical for name, canonical in ACTIVATIONS.items()}
_CANONICAL = {name: name for name in (*CURVES, *ACTIVATIONS.values(), "sqrt_softplus")}
