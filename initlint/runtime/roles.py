"""Which part a parameter plays in its module, and the fans of the sums it really enters. (child)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from initlint.reference.fans import torch_fans
from initlint.reference.layer_kind import ParameterSpec
from initlint.reference.layers import LAYERS

_NORM_WORDS = ("norm", "layernorm", "rmsnorm", "batchnorm", "groupnorm", "ln_")
_EXAMINED = ("padding_idx", "groups", "stride", "in_channels", "out_channels", "kernel_size", "transposed")


@dataclass(frozen=True, slots=True)
class Role:
    """What is known of a parameter from the module that holds it."""

    role: str
    fan_in: int | None = None
    fan_out: int | None = None
    effective_fan_in: float | None = None
    effective_fan_out: float | None = None
    packed: int = 1
    default: str | None = None  # the scheme that the layer's own constructor leaves
    default_std: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def role_of(module: nn.Module, name: str, tensor: torch.Tensor) -> Role:
    """The role of `module.name`."""
    shape = tuple(tensor.shape)
    spec = _spec(module, name)
    fans = torch_fans(shape)
    fan_in, fan_out = (int(fans[0]), int(fans[1])) if fans and None not in fans else (None, None)  # type: ignore[arg-type]
    if spec is None:
        return Role(_guess(module, name, tensor), fan_in, fan_out, facts=_facts(module))
    return Role(
        spec.role,
        fan_in,
        fan_out,
        _number(spec.effective_fan_in),
        _number(spec.effective_fan_out),
        spec.packed,
        spec.scheme,
        _number(spec.std),
        _facts(module),
    )


def _spec(module: nn.Module, name: str) -> ParameterSpec | None:
    name = {"weight_v": "weight", "original1": "weight", "original": "weight"}.get(name, name)
    for kind in type(module).__mro__:
        layer = LAYERS.get(kind.__name__)
        if layer is None:
            continue
        arguments = {key: getattr(module, key) for key, _ in layer.every_argument if _plain(getattr(module, key, None))}
        if "bias" in dict(layer.every_argument):
            arguments["bias"] = getattr(module, "bias", None) is not None
        specs: Mapping[str, ParameterSpec] = {spec.name: spec for spec in layer.parameters(arguments)}
        return specs.get(name)
    return None


def _plain(value: object) -> bool:
    return isinstance(value, (int, float, bool, str)) or (
        isinstance(value, (tuple, list)) and all(isinstance(item, (int, float)) for item in value)
    )


def _guess(module: nn.Module, name: str, tensor: torch.Tensor) -> str:
    kind = type(module).__name__.lower()
    if any(word in kind for word in _NORM_WORDS) and tensor.dim() <= 1:
        return "norm_bias" if "bias" in name or name == "beta" else "norm_weight"
    if "bias" in name:
        return "bias"
    if name == "weight_g" or name == "original0":
        return "magnitude"
    return "raw"


def _facts(module: nn.Module) -> dict[str, Any]:
    return {key: value for key in _EXAMINED if _plain(value := getattr(module, key, None))}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
