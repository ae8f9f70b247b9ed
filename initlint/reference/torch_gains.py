"""The constants of `torch.nn.init.calculate_gain`, and the names it takes (torch 2.13 and 2.15 agree)."""

from __future__ import annotations

from initlint.reference.quantity import Quantity, is_number

LINEAR_NAMES: frozenset[str] = frozenset(
    ["linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]
)
TORCH_NONLINEARITIES: frozenset[str] = LINEAR_NAMES | {"sigmoid", "tanh", "relu", "leaky_relu", "selu"}
"""Every string that `calculate_gain` and `kaiming_*_(nonlinearity=)` take; any other raises ValueError."""

DEFAULT_SLOPE = 0.01

_SQUARED: dict[str, float] = {**dict.fromkeys(LINEAR_NAMES, 1), "sigmoid": 1, "tanh": 25 / 9, "relu": 2, "selu": 9 / 16}

TORCH_GAINS: dict[str, float] = {
    **dict.fromkeys(sorted(LINEAR_NAMES), 1),
    "sigmoid": 1,
    "tanh": 5 / 3,
    "relu": 2**0.5,
    "leaky_relu": (2 / (1 + DEFAULT_SLOPE**2)) ** 0.5,
    "selu": 3 / 4,
}
"""nonlinearity -> gain, `leaky_relu` at its default slope of 0.01. Dimensionless factors on a std."""


def torch_gain(nonlinearity: str, param: Quantity | None = None) -> Quantity:
    """What `torch.nn.init.calculate_gain(nonlinearity, param)` returns.

    leaky_relu: sqrt(2 / (1 + param^2)) (He et al. 2015, eq. 15), param 0.01 when not given, which is not the default
    of `kaiming_*_`: that passes a = 0. Other names ignore `param`. tanh 5/3, sigmoid 1 and selu 3/4 are conventions,
    not exact gains (see `gains.GAINS`). Raises ValueError where torch does; `param` may be a symbol.
    """
    if nonlinearity == "leaky_relu" and param is not None:
        gain: Quantity = torch_gain_squared(nonlinearity, param) ** 0.5
        return gain
    if nonlinearity not in TORCH_GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return TORCH_GAINS[nonlinearity]


def torch_gain_squared(nonlinearity: str, param: Quantity | None = None) -> Quantity:
    """The square of `torch_gain`, without the detour over a rounded root: relu gives exactly 2."""
    if nonlinearity == "leaky_relu":
        slope = DEFAULT_SLOPE if param is None else param
        if isinstance(slope, bool | str):
            raise ValueError(f"negative_slope {slope} not a valid number")
        if is_number(slope) and slope == 0:
            return 2
        squared: Quantity = 2 / (1 + slope**2)
        return squared
    if nonlinearity not in _SQUARED:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return _SQUARED[nonlinearity]
