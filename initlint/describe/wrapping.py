"""weight_norm, spectral_norm and parametrizations around a layer."""

from __future__ import annotations

from dataclasses import replace

from initlint.describe import tensors
from initlint.describe.nodes import InitEvent
from initlint.describe.run import Run
from initlint.describe.values import (
    ModuleObject,
    Tensor,
    Value,
)  # fmt: skip

WEIGHT_NORMS = {
    "torch.nn.utils.weight_norm": "weight_norm",
    "torch.nn.utils.parametrizations.weight_norm": "parametrizations.weight_norm",
    "torch.nn.utils.parametrizations.spectral_norm": "parametrizations.spectral_norm",
    "torch.nn.utils.parametrizations.orthogonal": "parametrizations.orthogonal",
    "torch.nn.utils.parametrize.register_parametrization": "parametrize.register_parametrization",
    "torch.nn.utils.spectral_norm": "spectral_norm",
}


def wrap(run: Run, name: str, args: list[Value], kwargs: dict[str, Value]) -> Value:
    module = args[0] if args else kwargs.get("module")
    for _, option in run.options(module):
        if isinstance(option, ModuleObject):
            slot = args[1] if len(args) > 1 else kwargs.get("name", kwargs.get("tensor_name", "weight"))
            option.wrappers = (*option.wrappers, name)
            if name.endswith(".orthogonal") and isinstance(slot, str):
                _made_orthogonal(run, option.slots.get(slot))
            if isinstance(slot, str) and slot in option.slots and name != "spectral_norm":
                run.set(option, slot, _recomputed(run, option.slots[slot], name))
            elif isinstance(slot, str) and isinstance(tensor := option.slots.get(slot), Tensor):
                run.set(option, slot, replace(tensor, tracked=False))  # a plain tensor beside the real parameter
    return module


def _made_orthogonal(run: Run, value: Value) -> None:
    """What was drawn is turned into an orthogonal matrix at once."""
    if isinstance(value, Tensor) and value.storage is not None:
        tensors.write(run, value, InitEvent("orthogonal", None, mean=0))


def _recomputed(run: Run, value: Value, how: str | None) -> Value:
    """A tensor that is computed anew before each use: what is written to it is lost."""
    return run.choose(
        [
            (guards, replace(option, copied=how) if isinstance(option, Tensor) and option.storage else option)
            for guards, option in run.options(value)
        ]
    )
