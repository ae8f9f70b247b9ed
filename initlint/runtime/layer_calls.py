"""A call of a linear map: its operands, its fans, and how many of its taps meet the input (runs in the child)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from torch import Tensor, nn

from initlint.runtime.chain import tag_of
from initlint.runtime.meanfield import taps_inside
from initlint.runtime.operations import CONVOLUTIONS, MATRIX_PRODUCTS

_CONVOLUTION = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_TRANSPOSED = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")


@dataclass(frozen=True, slots=True)
class LayerCall:
    """`output = weight · input + bias`; `reach` is the mean number of inputs that one output really sums over."""

    input: Tensor
    weight: Tensor
    bias: Tensor | None
    fan_in: int
    fan_out: int
    reach: float
    channel: int = -1


def is_weight(value: object) -> bool:
    """Whether a tensor is a parameter, or computed from parameters alone."""
    tag = tag_of(value)
    return isinstance(value, nn.Parameter) or (tag is not None and tag.weight)


def read_call(name: str, args: tuple[object, ...], kwargs: dict[str, object]) -> LayerCall | None:
    """The linear map that a torch function computes, if it does."""
    if name == "linear":
        return _linear(_bind(("input", "weight", "bias"), args, kwargs))
    if name in CONVOLUTIONS:
        transposed = "transpose" in name
        return _convolution(_bind(_TRANSPOSED if transposed else _CONVOLUTION, args, kwargs), transposed)
    if name in MATRIX_PRODUCTS:
        return _einsum(args) if name == "einsum" else _product(name, args, kwargs)
    return None


def convolution_numbers(args: tuple[object, ...], kwargs: dict[str, object]) -> dict[str, Any]:
    """The arguments of a call of `conv1d` to `conv3d` by their names, the defaults filled in."""
    defaults = {"bias": None, "stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    return defaults | _bind(_CONVOLUTION, args, kwargs)


def _bind(names: tuple[str, ...], args: tuple[object, ...], kwargs: dict[str, object]) -> dict[str, object]:
    return dict(zip(names, args, strict=False)) | kwargs


def _linear(bound: dict[str, object]) -> LayerCall | None:
    x, weight = bound.get("input"), bound.get("weight")
    if not (isinstance(x, Tensor) and isinstance(weight, Tensor) and is_weight(weight)) or weight.dim() != 2:
        return None
    fan_out, fan_in = weight.shape
    return LayerCall(x, weight, _tensor(bound.get("bias")), fan_in, fan_out, fan_in)


def _convolution(bound: dict[str, object], transposed: bool) -> LayerCall | None:
    x, weight = bound.get("input"), bound.get("weight")
    if not (isinstance(x, Tensor) and isinstance(weight, Tensor) and is_weight(weight)):
        return None
    kernel = tuple(weight.shape[2:])
    groups = int(str(bound.get("groups", 1)))
    area, axes = prod(kernel), len(kernel)
    stride = _tuple(bound.get("stride", 1), axes, 1)
    if transposed:
        fan_in, fan_out = weight.shape[0] // groups * area, weight.shape[1] * area
        reach = fan_in / prod(stride)
    else:
        fan_in, fan_out = weight.shape[1] * area, weight.shape[0] // groups * area
        padding = _padding(bound.get("padding", 0), kernel)
        dilation = _tuple(bound.get("dilation", 1), axes, 1)
        reach = fan_in * taps_inside(tuple(x.shape[-axes:]), kernel, (stride, padding, dilation))
    return LayerCall(x, weight, _tensor(bound.get("bias")), fan_in, fan_out, reach, channel=-1 - axes)


def _product(name: str, args: tuple[object, ...], kwargs: dict[str, object]) -> LayerCall | None:
    operands = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
    bias = operands.pop(0) if name in ("addmm", "baddbmm") and len(operands) == 3 else None
    if len(operands) != 2 or is_weight(operands[0]) == is_weight(operands[1]):
        return None
    left, right = reversed(operands) if name == "rmatmul" else operands
    if is_weight(right) and right.dim() >= 2:
        return LayerCall(left, right, bias, right.shape[-2], right.shape[-1], right.shape[-2])
    if is_weight(left) and left.dim() >= 2:
        return LayerCall(right, left, bias, left.shape[-1], left.shape[-2], left.shape[-1], channel=-2)
    return None


def _einsum(args: tuple[object, ...]) -> LayerCall | None:
    match args:
        case (str() as equation, Tensor() as one, Tensor() as two) | (
            str() as equation,
            [Tensor() as one, Tensor() as two],
        ):
            terms, _, output = equation.replace(" ", "").partition("->")
            subscripts = terms.split(",")
        case _:
            return None
    if is_weight(one) == is_weight(two) or len(subscripts) != 2 or "." in equation:
        return None
    x, weight, letters = (two, one, subscripts[0]) if is_weight(one) else (one, two, subscripts[1])
    shared = subscripts[1] if is_weight(one) else subscripts[0]
    sizes = dict(zip(letters, weight.shape, strict=True))
    fan_in = prod(size for letter, size in sizes.items() if letter in shared and letter not in output)
    fan_out = prod(size for letter, size in sizes.items() if letter not in shared)
    return LayerCall(x, weight, None, fan_in, fan_out, fan_in)


def _tensor(value: object) -> Tensor | None:
    return value if isinstance(value, Tensor) else None


def _tuple(value: object, axes: int, default: int) -> tuple[int, ...]:
    match value:
        case int():
            return (value,) * axes
        case tuple() | list() if value:
            found = tuple(int(item) for item in value)
            return found if len(found) == axes else found[:1] * axes
        case _:
            return (default,) * axes


def _padding(value: object, kernel: tuple[int, ...]) -> tuple[int, ...]:
    # "same" pads by half the kernel for the odd kernels it is used with; a dilated one is near enough.
    if isinstance(value, str):
        return tuple(size // 2 if value == "same" else 0 for size in kernel)
    return _tuple(value, len(kernel), 0)
