"""Weights whose scale is taken from another size than the one that forward sums over."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from typing import Any

from initlint.describe.asked import by_formula
from initlint.describe.formula import times_fan
from initlint.describe.nodes import InitCall, Parameter
from initlint.describe.origin import parts
from initlint.describe.symbols import number
from initlint.describe.values import Function

# What std**2 * fan comes to in the usual formulas: torch's U(+-1/sqrt n), LeCun, He, and U(+-sqrt(6/n)).
_POWERS = (1 / 3, 1, 2)
# A Linear's weight is (out, in): what is called fan_in here is the number of its outputs.
_OUTPUTS_AS_FAN_IN = re.compile(
    r"\bfan_?in\b\s*=[^=\n]*(\bsize(\(\))?\s*\[0\]|\.size\(0\)|\.shape\[0\]|\bout_features\b)", re.IGNORECASE
)


def takes_other_axis(parameter: Parameter) -> bool:
    """Whether a hand-made matrix is scaled by the size of its outputs, where forward sums over its inputs."""
    event, shape = parameter.effective, parameter.shape
    summed, other = parameter.effective_fan_in, parameter.fan_in
    if parameter.spec is not None or event is None or shape is None or summed is None or other is None:
        return False
    if any(how == "product" for how, _ in parameter.storage.uses):  # summed with another weight or a fixed basis
        return False
    if event.each and (event.call is None or event.call.target.shape != parameter.drawn_shape):
        return False  # the parts have another shape where they are drawn: it is not the stack that is summed over
    if not _is_told(summed) or summed == other or (number(summed) is not None and number(summed) == number(other)):
        return False
    if event.scheme.startswith("kaiming"):
        call = event.call
        return call is None or (call.values.get("mode", "fan_in") == "fan_in" and not call.target.transposed)
    if event.scheme.startswith("xavier"):
        return len(parameter.drawn_shape or ()) > 2
    if not by_formula(event) or _scaled_by(event.std, summed):
        return False
    return _scaling_size(parameter) is not None


def size_taken(parameter: Parameter) -> Any:
    """The size that the init divides by: the one in its formula, or the fan that torch reads."""
    event = parameter.effective
    if event is not None and by_formula(event) and not event.scheme.startswith(("kaiming", "xavier")):
        return _scaling_size(parameter)
    outward = event is not None and event.call is not None and event.call.values.get("mode") == "fan_out"
    return parameter.fan_out if outward else parameter.fan_in


def _scaling_size(parameter: Parameter) -> Any:
    event, shape = parameter.effective, parameter.drawn_shape or ()
    sizes = (parameter.fan_in,) if len(shape) == 2 else shape
    std = event.std if event is not None else None
    return next((size for size in sizes if _is_told(size) and _scaled_by(std, size)), None)


def _is_told(size: Any) -> bool:
    """Whether the source has a name for the size: two that only the reader counts, `size#1`, may be the same one."""
    return "#" not in repr(size)


def lacks_kernel(parameter: Parameter) -> bool:
    """Whether the formula of a convolution's std counts channels alone, or of three axes of its kernel only two."""
    event, shape = parameter.effective, parameter.shape
    if parameter.spec is None or event is None or shape is None or len(shape) < 3 or event.default:
        return False
    if not by_formula(event) or number(shape[2]) in (None, 1):
        return False
    if any(_scaled_by(event.std, fan) for fan in (parameter.fan_in, parameter.fan_out)):
        return False
    planes = len(shape) == 5 and number(shape[4]) not in (None, 1)
    return _counts(event.std, shape, ()) or (planes and _counts(event.std, shape, shape[2:4]))


def _counts(std: Any, shape: tuple[Any, ...], kernel: tuple[Any, ...]) -> bool:
    """Whether the std is one by the usual formulas of the channels times these axes of the kernel alone."""
    outwards, inwards = _product(shape[0], *kernel), _product(shape[1], *kernel)
    outputs = times_fan(std, outwards, power=2) if outwards is not None else None
    by_outputs = outputs is not None and math.isclose(outputs, 2, rel_tol=1e-3)  # He's, by the fan-out
    return by_outputs or _scaled_by(std, inwards)


def _product(*sizes: Any) -> Any:
    return None if None in sizes else math.prod(sizes)


def _scaled_by(std: Any, fan: Any) -> bool:
    square = times_fan(std, fan, power=2) if std is not None and fan is not None else None
    return square is not None and any(math.isclose(square, power, rel_tol=1e-3) for power in _POWERS)


def counts_outputs(parameter: Parameter) -> bool:
    """Whether the weight of a Linear is scaled by the number of its outputs, which the source takes for its fan-in."""
    event = parameter.effective
    if parameter.spec is None or parameter.role != "weight" or "Linear" not in parameter.module.bases:
        return False
    if event is None or event.call is None or not by_formula(event):
        return False
    if not _scaled_by(event.std, parameter.fan_out) or _scaled_by(event.std, parameter.fan_in):
        return False
    return any(_OUTPUTS_AS_FAN_IN.search(text) for text in _formulas(parameter, event.call))


def _formulas(parameter: Parameter, call: InitCall) -> Iterator[str]:
    """The functions that make the std or the bounds: the one that draws, and those it asks for them."""
    function = call.site.function
    if function is not None:
        yield call.site.source.code_lines(function)
    file = parameter.flow.project.file(call.site.path)
    for inner in (one for node in call.nodes.values() for one in parts(call.site, node)):
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and file is not None:
            helper = parameter.flow.project.member(file, inner.func.id)
            if isinstance(helper, Function):
                yield helper.file.source.code_lines(helper.node)
