"""What a write asks for, under any spelling: which fan, which gain, named after which activation."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from typing import Any

from initlint.describe.formula import has_numerator, spread, times_fan
from initlint.describe.handing import handed_over
from initlint.describe.nodes import InitCall, InitEvent, Parameter
from initlint.describe.origin import divides, origin
from initlint.describe.symbols import Sym, number
from initlint.reference.quantity import plus
from initlint.reference.torch_gains import TORCH_GAINS, TORCH_NONLINEARITIES, torch_gain

_CLOSE = 1e-3  # a gain written with four digits still is that gain
TORCH_DEFAULT_SLOPE = math.sqrt(5)  # nn.Linear's own `kaiming_uniform_(a=math.sqrt(5))`
CAFFE2_SLOPE = 1  # caffe2's XavierFill, written `kaiming_uniform_(a=1)`


@dataclass(frozen=True, slots=True)
class Asked:
    """A fan-scaled scheme: std = gain / sqrt(fan), the fan being fan_in, fan_out, or their mean (xavier).

    `word` names the activation that the gain is taken from, `slope` is a leaky one's. `family` is xavier, fan_in,
    fan_out or orthogonal; `by_hand` tells that the formula was written out.
    """

    family: str
    gain: float
    word: str | None = None
    slope: float | None = None
    by_hand: bool = False

    @property
    def rectifying(self) -> bool:
        """Whether this is Kaiming's scheme with a rectifier's gain."""
        named = self.word in ("relu", "leaky_relu") and self.slope not in (CAFFE2_SLOPE, TORCH_DEFAULT_SLOPE)
        return self.family in ("fan_in", "fan_out") and (
            named if self.word is not None else abs(self.gain**2 - 2) < _CLOSE
        )

    @property
    def caffe2(self) -> bool:
        """Whether this is LeCun's scheme as `kaiming_uniform_(a=1)`, on purpose."""
        return self.word == "leaky_relu" and self.slope == CAFFE2_SLOPE


def asked(parameter: Parameter) -> Asked | None:
    """What the parameter's last write asks for; None for torch's own default and for what follows no fan."""
    event = parameter.effective
    if event is None or event.default:
        return None
    if event.scheme in ("normal", "uniform", "trunc_normal"):
        return _by_hand(parameter, event)
    if event.scaled or event.call is None:
        return None
    values = event.call.values
    match event.scheme:
        case "xavier_uniform" | "xavier_normal":
            return _with_gain("xavier", event.call)
        case "orthogonal":
            return _with_gain("orthogonal", event.call)
        case "kaiming_uniform" | "kaiming_normal":
            return _kaiming(values)
        case "lecun_uniform" | "lecun_normal":
            return Asked("fan_in", 1)
    return None


def _kaiming(values: dict[str, Any]) -> Asked | None:
    word, slope, mode = (
        values.get("nonlinearity", "leaky_relu"),
        number(values.get("a", 0)),
        values.get("mode", "fan_in"),
    )
    word = word.default if isinstance(word, Sym) else word
    mode = mode.default if isinstance(mode, Sym) else mode
    if word not in TORCH_NONLINEARITIES or mode not in ("fan_in", "fan_out") or slope is None:
        return None
    if word == "leaky_relu" and math.isclose(slope, TORCH_DEFAULT_SLOPE, rel_tol=_CLOSE):
        return None  # what torch does anyway
    gain = number(torch_gain(word, slope if word == "leaky_relu" else None))
    return None if gain is None else Asked(mode, gain, word, slope if word == "leaky_relu" else None)


def _with_gain(family: str, call: InitCall) -> Asked | None:
    gain = number(call.values.get("gain", 1))
    if gain is None or gain <= 0:
        return None
    word = named_gain(call)
    return Asked(family, gain, word)


def named_gain(call: InitCall) -> str | None:
    """The activation after which a `gain=` is named: by `calculate_gain("tanh")`, or by being 5/3."""
    node = origin(*handed_over(call.site, call.nodes.get("gain"), call.via))
    match node:
        case ast.Call(func=ast.Attribute(attr="calculate_gain") | ast.Name(id="calculate_gain"), args=[first, *_]):
            word = origin(call.site, first)
            if isinstance(word, ast.Constant) and word.value in TORCH_NONLINEARITIES:
                return str(word.value)
    gain = number(call.values.get("gain", 1))
    for name in ("relu", "tanh", "selu"):
        if gain is not None and math.isclose(gain, TORCH_GAINS[name], rel_tol=_CLOSE):
            return name
    return None


def _by_hand(parameter: Parameter, event: InitEvent) -> Asked | None:
    """`normal_(0, math.sqrt(2 / n))` and its like: the std squared, times a fan, is a plain number."""
    if event.std is None or number(event.mean) != 0 or event.call is None or not by_formula(event):
        return None
    squares = {family: times_fan(event.std, fan, power=2) for family, fan in fans(parameter).items()}
    readings = [
        Asked(family, math.sqrt(square), by_hand=True)
        for family, square in squares.items()
        if square is not None and any(math.isclose(square, power, rel_tol=_CLOSE) for power in (1, 2, 25 / 9))
    ]
    return _as_written(event.call, readings) if len(readings) > 1 else next(iter(readings), None)


def _as_written(call: InitCall, readings: list[Asked]) -> Asked:
    """Of two readings the one with the numerator that is written: `2 / n` is Kaiming's, also where one fan is twice
    the other, so that LeCun's has the same std."""
    written = spread(call)
    rectifying = [one for one in readings if one.rectifying]
    return rectifying[0] if rectifying and written is not None and has_numerator(written, 2) else readings[0]


def by_formula(event: InitEvent) -> bool:
    """Whether the std was computed in the source, not written as a number or taken whole from a configuration."""
    if isinstance(event.std, Sym):
        return event.std.single is None
    if event.call is None:
        return False
    return any(divides(event.call.site, node) for node in event.call.nodes.values())


def fans(parameter: Parameter) -> dict[str, Any]:
    """The counts that a scheme may divide by: the fans torch reads, and their mean."""
    fan_in, fan_out = parameter.fan_in, parameter.fan_out
    if parameter.spec is None:
        fan_in, fan_out = parameter.effective_fan_in, parameter.effective_fan_out
    both = plus(fan_in, fan_out)
    mean = None if both is None else both / 2
    return {name: fan for name, fan in (("fan_in", fan_in), ("fan_out", fan_out), ("xavier", mean)) if fan is not None}
