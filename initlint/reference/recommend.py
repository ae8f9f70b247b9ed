"""Which scheme suits the activation that really follows a layer, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from initlint.reference.activations import (
    GATED,
    NORMALISING,
    RECTIFIERS,
    RRELU_BOUNDS,
    SATURATING,
    SMOOTH_RECTIFIERS,
    canonical_activation,
)
from initlint.reference.gains import GAINS, gain_of
from initlint.reference.quantity import Maybe, Quantity, is_number
from initlint.reference.schemes import SCHEMES, Options
from initlint.reference.torch_gains import DEFAULT_SLOPE, TORCH_GAINS, torch_gain, torch_gain_squared


@dataclass(frozen=True, slots=True)
class Code:
    """A call of torch.nn.init in pieces: `function` without its prefix, keyword arguments as source text."""

    function: str
    keywords: tuple[tuple[str, str], ...] = ()

    def call(self, tensor: str, prefix: str = "nn.init.") -> str:
        """The call as source text, for example `nn.init.kaiming_normal_(w, nonlinearity="relu")`."""
        return f"{prefix}{self.function}({', '.join([tensor, *(f'{name}={text}' for name, text in self.keywords)])})"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A scheme and what to write for it.

    `scheme` is a name of SCHEMES; `arguments` are the call's keyword arguments as values, `code` the same as text;
    `nonlinearity` the word given to torch, if any; `gain` the factor on the std; `why` one or two sentences.
    """

    scheme: str
    nonlinearity: str | None
    gain: Quantity
    why: str
    code: Code
    arguments: Mapping[str, Any] = field(default_factory=dict)
    power: Quantity = 1
    fan: str = "fan_in"

    def std(self, fan_in: Maybe, fan_out: Maybe = None) -> Maybe:
        """The std it asks for, from the *effective* fans of the layer; numbers or symbols, None where unknown."""
        return SCHEMES[self.scheme].std(fan_in, fan_out, Options(power=self.power, mode=self.fan))


def recommend(
    activation: str | None,
    *,
    distribution: str | None = None,
    mode: str | None = None,
    kind: str | None = None,
    normalised: bool = False,
    residual: bool = False,
    slope: Quantity | None = None,
) -> Recommendation:
    """The scheme for a layer whose output meets `activation` (any spelling; None where nothing follows).

    Rectifiers: He with the right word and slope (He et al. 2015, eqs. 10 and 15). SELU: LeCun normal, gain 1
    (Klambauer et al. 2017). GELU, SiLU, ELU and their like: He for ReLU, the nearest that torch has a word for.
    Saturating ones: Xavier (Glorot and Bengio 2010) with torch's constant where it has one, else the exact gain.
    Nothing, softmax, gates: Xavier with gain 1. `kind="recurrent"` (hidden to hidden): orthogonal (Saxe et al. 2013).

    `distribution` (uniform, normal) and `mode` keep the author's choice; `kind` is a role of LAYERS: for
    conv_transpose the mode written is the other one, because torch swaps its fans. `normalised` and `residual` say
    whether something makes the scale harmless; they change the reason given, not the scheme. `slope` is a leaky
    activation's. Raises ValueError for an activation it does not know.
    """
    canonical = "identity" if activation is None else canonical_activation(activation)
    if canonical is None:
        raise ValueError(f"unknown activation {activation!r}")
    safe = normalised or residual
    if kind == "recurrent":
        return Recommendation("orthogonal", None, 1, _RECURRENT, Code("orthogonal_"))
    if canonical == "selu":
        return _lecun(_swapped("fan_in", kind))
    if canonical in RECTIFIERS:
        return _he(canonical, distribution, mode or "fan_in", kind, slope)
    if canonical in SMOOTH_RECTIFIERS:
        return _he_for_smooth(canonical, distribution, mode or "fan_in", kind, safe=safe)
    return _xavier(canonical, distribution, safe=safe)


_RECURRENT = (
    "an orthogonal hidden-to-hidden matrix keeps the norm of the state over many steps; "
    "packed gates want one orthogonal matrix each"
)


def _swapped(mode: str, kind: str | None) -> str:
    """The mode to write: torch reads the fans of a transposed convolution the wrong way round."""
    if kind != "conv_transpose":
        return mode
    return "fan_out" if mode == "fan_in" else "fan_in"


def _text(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else f"{value}"


def _code(function: str, arguments: Mapping[str, Any]) -> Code:
    return Code(function, tuple((name, _text(value)) for name, value in arguments.items()))


def _lecun(mode: str) -> Recommendation:
    arguments = {**({} if mode == "fan_in" else {"mode": mode}), "nonlinearity": "linear"}
    why = "SELU keeps mean 0 and variance 1 only at Var W = 1/fan_in; torch's own gain for selu, 3/4, breaks that"
    return Recommendation("lecun_normal", "linear", 1, why, _code("kaiming_normal_", arguments), arguments)


def _he(
    canonical: str, distribution: str | None, mode: str, kind: str | None, slope: Quantity | None
) -> Recommendation:
    slope = _default_slope(canonical) if slope is None else slope
    leaky = canonical in ("leaky_relu", "prelu", "rrelu") and not (is_number(slope) and slope == 0)
    word = "leaky_relu" if leaky else "relu"
    power = torch_gain_squared(word, slope if leaky else None)
    why = (
        f"{canonical} with slope {slope:g} passes (1 + slope^2)/2 of the second moment"
        if leaky and isinstance(slope, int | float)
        else f"{canonical} halves the second moment of the signal, which gain sqrt(2) makes up for"
    )
    return _kaiming(word, slope if leaky else None, power, distribution, mode, kind, why)


def _default_slope(canonical: str) -> float:
    low, high = RRELU_BOUNDS
    return {"leaky_relu": DEFAULT_SLOPE, "prelu": 0.25, "rrelu": (low + high) / 2}.get(canonical, 0.0)


def _he_for_smooth(
    canonical: str, distribution: str | None, mode: str, kind: str | None, *, safe: bool
) -> Recommendation:
    gain = GAINS[canonical]
    why = f"torch has no gain for {canonical} (exact: {gain.forward:.3f}); ReLU's sqrt(2) is the nearest"
    if not safe and not gain.stable:
        why += (
            f". No gain alone holds a deep {canonical} path: deviations grow by {gain.slope:.2f} a layer, "
            "so normalise or add a residual path"
        )
    elif safe:
        why += ", and what follows fixes the scale anyway"
    return _kaiming("relu", None, 2, distribution, mode, kind, why)


def _kaiming(
    word: str, slope: Quantity | None, power: Quantity, distribution: str | None, mode: str, kind: str | None, why: str
) -> Recommendation:
    scheme = f"kaiming_{distribution or 'normal'}"
    written = _swapped(mode, kind)
    arguments: dict[str, Any] = {} if slope is None else {"a": slope}
    if written != "fan_in":
        arguments["mode"] = written
    arguments["nonlinearity"] = word
    gain = torch_gain(word, slope)
    return Recommendation(scheme, word, gain, why, _code(f"{scheme}_", arguments), arguments, power, mode)


def _xavier(canonical: str, distribution: str | None, *, safe: bool) -> Recommendation:
    scheme = f"xavier_{distribution or 'uniform'}"
    gain, text, why = _xavier_gain(canonical, safe=safe)
    keywords = () if gain == 1 else (("gain", text),)
    arguments = {} if gain == 1 else {"gain": gain}
    return Recommendation(scheme, None, gain, why, Code(f"{scheme}_", keywords), arguments, gain * gain, "fan_avg")


def _xavier_gain(canonical: str, *, safe: bool) -> tuple[float, str, str]:
    exact = gain_of(canonical)
    if canonical == "tanh":
        why = "tanh shrinks the signal: 5/3 is torch's constant against it, 1.593 the exact one"
        return TORCH_GAINS["tanh"], "5 / 3", why
    if canonical in ("sigmoid", "hardsigmoid"):
        return 1, "1", f"{canonical} saturates; gain 1 (torch's for sigmoid) keeps most units off its flat ends"
    if canonical in SATURATING or (exact is not None and exact.stable and canonical not in _PLAIN):
        forward = round(GAINS[canonical].forward, 4)
        return forward, f"{forward}", f"{forward} is the exact gain of {canonical}, E[f^2]^-1/2; torch has none"
    if canonical == "identity":
        return 1, "1", "nothing bends the signal here, so gain 1 keeps its variance both ways"
    note = "" if safe or exact is None or exact.stable else "; no gain alone holds a deep path of it, so normalise"
    return 1, "1", f"{canonical} has no gain of its own in torch; Xavier with gain 1 is the neutral choice{note}"


_PLAIN = GATED | NORMALISING | {"identity"}
