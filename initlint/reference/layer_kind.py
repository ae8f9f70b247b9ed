"""What the tables of layers are made of: a kind of layer, its parameters, its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from initlint.reference.quantity import REQUIRED, UNKNOWN, Maybe

Arguments: TypeAlias = Mapping[str, Any]
Shape: TypeAlias = tuple[Maybe, ...]


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """One parameter of a layer as its constructor leaves it.

    `fan_in` and `fan_out` are what torch.nn.init reads off the shape (None below two axes). The effective fans are
    the numbers of terms in the sums that forward and backward really form: groups divided out, packed gates taken
    apart, transposed storage turned round. They agree with torch's for a plain Linear.

    `std`, `mean`, `low`, `high` describe the numbers drawn (a constant has std 0); None is unknown. `arguments` are
    those of the torch.nn.init function that `scheme` names. `role` is weight, bias, norm_weight, norm_bias,
    embedding, token or slope. `packed` counts the matrices stacked along axis 0.
    `certain` is False when an unknown constructor argument decides whether the parameter exists.
    """

    name: str
    shape: Shape | None
    role: str
    fan_in: Maybe = None
    fan_out: Maybe = None
    effective_fan_in: Maybe = None
    effective_fan_out: Maybe = None
    scheme: str = "unknown"
    std: Maybe = None
    mean: Maybe = None
    low: Maybe = None
    high: Maybe = None
    arguments: Arguments = field(default_factory=dict)
    packed: int = 1
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """A layer that a composite layer builds. `path` is its attribute; `*` in it stands for alike members of a list.

    `kind` names the part's kind. Where the part is handed to the constructor instead, `kind` is None and `argument`
    names the argument. `copies` tells that the members are deep copies of one layer: equal numbers in all of them.
    """

    path: str
    kind: str | None
    arguments: Arguments = field(default_factory=dict)
    argument: str | None = None
    copies: bool = False


def _no_parameters(arguments: Arguments) -> tuple[ParameterSpec, ...]:
    return ()


def _no_parts(arguments: Arguments) -> tuple[Part, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class LayerKind:
    """A class of torch.nn (or a well-known one from elsewhere), as data.

    `signature` holds (argument, default) in positional order, `keyword_only` the rest; REQUIRED marks the ones
    without a default. `role` is linear, bilinear, conv, conv_transpose, embedding, recurrent, attention, norm,
    activation or composite. `inputs` and `outputs` name the arguments that size the feature axis.
    """

    name: str
    known_as: tuple[str, ...]
    role: str
    signature: tuple[tuple[str, Any], ...]
    keyword_only: tuple[tuple[str, Any], ...] = ()
    inputs: str | None = None
    outputs: str | None = None
    parameters_of: Callable[[Arguments], tuple[ParameterSpec, ...]] = _no_parameters
    parts_of: Callable[[Arguments], tuple[Part, ...]] = _no_parts
    lazy: bool = False

    def bind(self, positional: tuple[Any, ...], keywords: Arguments) -> dict[str, Any] | None:
        """The call's arguments by name, defaults filled in, missing ones UNKNOWN; None for a call that would raise."""
        if len(positional) > len(self.signature):
            return None
        named = {name: value for (name, _), value in zip(self.signature, positional, strict=False)}
        allowed = dict(self.signature + self.keyword_only)
        if any(name in named or name not in allowed for name in keywords):
            return None
        return self.complete({**named, **keywords})

    def complete(self, arguments: Arguments) -> dict[str, Any]:
        """`arguments` with the defaults filled in and what is required but missing UNKNOWN."""
        filled = {name: UNKNOWN if default is REQUIRED else default for name, default in self.every_argument}
        return {**filled, **arguments}

    @property
    def every_argument(self) -> tuple[tuple[str, Any], ...]:
        """Positional and keyword-only arguments with their defaults."""
        return self.signature + self.keyword_only

    def parameters(self, arguments: Arguments) -> tuple[ParameterSpec, ...]:
        """Every parameter of `Class(**arguments)`, those of the parts it builds under their dotted names.

        Values may be numbers, symbols, UNKNOWN or None. What depends on an unknown is None. Layers handed to the
        constructor ready-made are not included; recurrent layers of unknown depth show their first layer only.
        """
        return self.parameters_of(self.complete(arguments))

    def parts(self, arguments: Arguments) -> tuple[Part, ...]:
        """The layers that `Class(**arguments)` builds inside itself, if it is made of such."""
        return self.parts_of(self.complete(arguments))


def wanted(flag: Any) -> tuple[bool, bool]:
    """(present, certain) of what a boolean argument switches on; an unknown flag leaves it present, uncertainly."""
    return (bool(flag), True) if isinstance(flag, bool | int) else (True, False)
