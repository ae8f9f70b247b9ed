"""Draw a model's weights anew under a named scheme; biases, norms and tables stay as they are (child)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from initlint.reference.activations import canonical_activation
from initlint.reference.recommend import recommend
from initlint.reference.schemes import SCHEMES, Options
from initlint.runtime.propagation_report import Propagation

#: The seven of the article, in its order. `normal` is the plain random one, N(0, 0.01²).
SEVEN = (
    "zeros",
    "normal",
    "xavier_normal",
    "kaiming_normal",
    "orthogonal",
    "lecun_normal",
    "variance_scaling",
)
SPREAD = 0.01
_MOVED = 0.1
_OPTIONS = {
    "normal": Options(spread=SPREAD),
    # Row 7 of the article in Keras' convention: scale / n with n the mean of the fans, and the scale for rectifiers.
    "variance_scaling": Options(scale=2, mode="fan_avg"),
}


@dataclass(frozen=True, slots=True)
class Weight:
    """One matrix to draw: `fans` of what it computes, `parts` how many matrices are stacked in its first axis."""

    name: str
    tensor: Tensor
    fan_in: int
    fan_out: int
    parts: int = 1
    recurrent: bool = False


def weights(model: nn.Module) -> Iterator[Weight]:
    """Every weight of a linear map, once. One that an Embedding shares is the table's."""
    tables = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    seen: set[int] = set()
    for path, module in model.named_modules():
        for weight in _of_module(path, module):
            if id(weight.tensor) not in tables | seen:
                seen.add(id(weight.tensor))
                yield weight


def _of_module(path: str, module: nn.Module) -> Iterator[Weight]:
    own = {name: value for name, value in module._parameters.items() if value is not None and value.dim() >= 2}
    match module:
        case nn.Linear():
            yield from _one(path, own, module.in_features, module.out_features)
        case nn.modules.conv._ConvNd():
            area = prod(module.kernel_size)
            fan_in = module.in_channels // module.groups * area
            fan_out = module.out_channels // module.groups * area
            # A transposed one spreads each input over kernel / stride outputs.
            reach = prod(module.stride) if module.transposed else 1
            yield from _one(path, own, max(1, fan_in // reach), fan_out)
        case nn.RNNBase() | nn.RNNCellBase():
            for name, value in own.items():
                gates = value.shape[0] // module.hidden_size
                yield Weight(f"{path}.{name}", value, value.shape[1], value.shape[0] // gates, gates, "_hh" in name)
        case nn.MultiheadAttention() if "in_proj_weight" in own:
            value = own["in_proj_weight"]
            yield Weight(path, value, value.shape[1], value.shape[0] // 3, 3)
        case _ if type(module).__name__ == "Conv1D" and "weight" in own:
            yield Weight(path, own["weight"], *own["weight"].shape)


def _one(path: str, own: dict[str, nn.Parameter], fan_in: int, fan_out: int) -> Iterator[Weight]:
    if "weight" in own:
        yield Weight(path, own["weight"], fan_in, fan_out)


def redraw(model: nn.Module, scheme: str) -> int:
    """Draw every weight under `scheme`; how many were drawn."""
    count = 0
    with torch.no_grad():
        for weight in weights(model):
            _draw(weight, scheme, _std(weight, scheme))
            count += 1
    return count


@dataclass(frozen=True, slots=True)
class Redrawn:
    """What was drawn where, in words; and the first weight whose std this changed by more than a tenth."""

    told: tuple[str, ...] = ()
    moved: str = ""


def redraw_as_recommended(model: nn.Module, signal: Propagation) -> Redrawn:
    """Draw each weight as the activation that follows it asks for."""
    follows = {layer.name: layer.follows for layer in signal.layers}
    told: list[str] = []
    moved: list[str] = []
    with torch.no_grad():
        for weight in weights(model):
            after = follows.get(weight.name, ())
            activation = next((name for item in after if (name := canonical_activation(item))), None)
            wanted = recommend(activation, kind="recurrent" if weight.recurrent else None, distribution="normal")
            std = wanted.std(weight.fan_in, weight.fan_out)
            gain = wanted.gain if isinstance(wanted.gain, (int, float)) else 1.0
            before = float(weight.tensor.std())
            _draw(weight, wanted.scheme, float(std) if isinstance(std, (int, float)) else None, gain)
            if abs(before - float(weight.tensor.std())) > _MOVED * before:
                moved.append(weight.name)
            told.append(f"{weight.name}: {wanted.scheme}{f' for {activation}' if activation else ''}")
    return Redrawn(tuple(told), next(iter(moved), ""))


def _std(weight: Weight, scheme: str) -> float | None:
    std = SCHEMES[scheme].std(weight.fan_in, weight.fan_out, _OPTIONS.get(scheme, Options()))
    return float(std) if isinstance(std, (int, float)) else None


def _draw(weight: Weight, scheme: str, std: float | None, gain: float = 1.0) -> None:
    for part in weight.tensor.chunk(weight.parts):
        if scheme == "orthogonal":
            nn.init.orthogonal_(part, gain)
        elif scheme == "zeros" or not std:
            nn.init.zeros_(part)
        elif scheme.endswith("uniform"):
            nn.init.uniform_(part, -std * 3**0.5, std * 3**0.5)
        else:
            nn.init.normal_(part, 0.0, std)
