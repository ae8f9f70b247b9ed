"""Is a constant weight stuck? Not by rule of thumb: a few steps of descent are made, and looked at. (child)

Symmetry that gradient descent breaks is no mistake (a zero head, adaLN-zero, one factor of LoRA), and symmetry that
it cannot break is one wherever it stands. So the model's copy takes some steps towards random targets; what is still
constant, or still has equal units, is stuck. Beside it: does the weight alone cut the output off from the input?

Learned tokens get targets that are the same at every position: what then moves them apart is in the model.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from initlint.runtime.depthwise import Brisk
from initlint.runtime.eager import eagerly
from initlint.runtime.inputs import Example, find_example
from initlint.runtime.outputs import tensors
from initlint.runtime.protocol import Parameter, Sensitivity

_STEPS = 5
_RATE = 0.05
_LIMIT = 20_000_000  # parameters; a larger model would be copied for too little
_FACTOR = re.compile(r"(lora|adapter|down|up|_a$|_b$|\.[ab]$)", re.IGNORECASE)
_MOST = 16  # weights tested one by one for cutting off the input
_TOKENS = re.compile(r"token|quer(y|ies)|prompt|latent|register|slot|seed|inducing|centroid|prototype", re.IGNORECASE)


def with_sensitivity(
    rows: tuple[Parameter, ...], model: nn.Module, inputs: object, input_shape: tuple[int, ...], seed: int
) -> tuple[Parameter, ...]:
    """The rows, those of constant weights with what descent makes of them."""
    suspects = [row for row in rows if _is_suspect(row)]
    tokens = [row for row in rows if row not in suspects and _are_tokens(row)]
    if not suspects + tokens or sum(value.numel() for value in model.parameters()) > _LIMIT:
        return rows
    try:
        with _working(model) as subject:
            example = find_example(subject, inputs, input_shape=input_shape, seed=seed)
        stuck = _descend(model, example, [row.name for row in suspects], seed)
        stuck |= _descend(model, example, [row.name for row in tokens], seed, tokens=True)
        cut = _cut_off(model, example, suspects, seed)
    except Exception:  # any forward may refuse what is done here; then nothing is said
        return rows
    partners = _partners([row for row in suspects if stuck[row.name] == "zero"])
    found = {
        row.name: Sensitivity(stuck[row.name], row.name in cut, partners.get(row.name, "")) for row in suspects + tokens
    }
    return tuple(replace(row, sensitivity=found[row.name]) if row.name in found else row for row in rows)


def _is_constant(row: Parameter) -> bool:
    known = row.form is not None and row.form.family == "constant" and not row.overlays
    return known and row.trainable and row.kind == "parameter"


def _are_tokens(row: Parameter) -> bool:
    """Several rows, named for what they are: (n, width), or (1, n, width)."""
    name = row.name.rpartition(".")[2]
    return (
        _is_constant(row)
        and row.role == "raw"
        and len(row.shape) >= 2
        and row.shape[-2] > 1
        and row.numel == row.shape[-2] * row.shape[-1]
        and _TOKENS.search(name) is not None
    )


def _is_suspect(row: Parameter) -> bool:
    return (
        _is_constant(row)
        and len(row.shape) >= 2
        and min(row.shape[:2]) > 1
        and (row.role == "weight" or (row.role == "raw" and row.used_fan_in is not None))
    )


def _descend(
    model: nn.Module, example: Example, names: list[str], seed: int, *, tokens: bool = False
) -> dict[str, str]:
    if not names:
        return {}
    with _working(model) as subject:
        generator = torch.Generator().manual_seed(seed)
        targets: list[torch.Tensor] = []
        parameters = dict(subject.named_parameters())
        for step in range(_STEPS):
            outputs = list(_floats(_forward(subject, example, seed + step)))
            targets = targets or [_target(item, generator, alike=tokens) for item in outputs]
            loss = sum(((item - goal) ** 2).mean() for item, goal in zip(outputs, targets, strict=True))
            subject.zero_grad()
            loss.backward()  # type: ignore[union-attr]
            for value in parameters.values():
                if value.grad is not None and bool(torch.isfinite(value.grad).all()):
                    # Scaled by its size: zero stays zero and equal stays equal, whatever the learning rate.
                    value.data -= _RATE * value.grad / (value.grad.abs().max() + 1e-300)
        return {name: (_token_state if tokens else _state)(parameters[name].detach()) for name in names}


def _target(output: torch.Tensor, generator: torch.Generator, *, alike: bool) -> torch.Tensor:
    """Random; the same at every position where the loss is to tell none of them apart."""
    inner = [1] * (output.dim() - 2) if alike and output.dim() > 2 else output.shape[1:-1]
    shape = (*output.shape[:1], *inner, *output.shape[1:][-1:])
    return torch.randn(shape, generator=generator, dtype=output.dtype).expand(output.shape)


def _token_state(value: torch.Tensor) -> str:
    """`tokens` where they have moved, and all the same way; of what never moved nothing is known."""
    rows = value.reshape(-1, value.shape[-1])
    moved = bool((rows != rows.flatten()[0]).any())
    return "tokens" if moved and torch.allclose(rows, rows[:1].expand_as(rows), rtol=1e-9, atol=1e-12) else "distinct"


def _state(value: torch.Tensor) -> str:
    if bool((value == value.flatten()[0]).all()):
        return "zero" if float(value.flatten()[0]) == 0 else "alike"
    matrix = value.reshape(value.shape[0], -1)
    return "alike" if torch.allclose(matrix, matrix[:1].expand_as(matrix), rtol=1e-9, atol=1e-12) else "distinct"


def _cut_off(model: nn.Module, example: Example, suspects: list[Parameter], seed: int) -> set[str]:
    zero = [row for row in suspects if row.form is not None and row.form.loc == 0][:_MOST]
    found: set[str] = set()
    for row in zero:
        # An activation follows, so it is not the last layer, whose zero is a choice.
        if not row.followed_by or row.residual or not row.on_path:
            continue
        with _working(model) as subject:
            generator = torch.Generator().manual_seed(seed)
            for name, value in subject.named_parameters():
                if name != row.name and bool((value == 0).all()) and value.numel() > 1:
                    value.data = torch.randn(value.shape, generator=generator, dtype=value.dtype) * 0.05
            with torch.no_grad():
                first = list(_floats(_forward(subject, example, seed)))
                second = list(_floats(_forward(subject, example, seed + 1)))
        if all(torch.equal(one, other) for one, other in zip(first, second, strict=True)):
            found.add(row.name)
    return found


def _partners(rows: list[Parameter]) -> dict[str, str]:
    """Two zero factors that belong together: the same module holds them, or modules of one parent."""
    pairs: dict[str, str] = {}
    factors = [row for row in rows if _FACTOR.search(row.name.removesuffix(".weight"))]
    for first in factors:
        for second in factors:
            if first.name != second.name and _family(first.name) == _family(second.name):
                pairs.setdefault(first.name, second.name)
    return pairs


def _family(name: str) -> str:
    parts = name.split(".")
    return ".".join(parts[:-2]) if parts[-1] == "weight" else ".".join(parts[:-1])


class _working:  # noqa: N801 - used as a function is
    """A copy in float64, dropout off; the defaults of torch put back afterwards."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def __enter__(self) -> nn.Module:
        self.eager = eagerly(self.model)
        self.eager.__enter__()
        self.default = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        return copy.deepcopy(self.model).double().eval()

    def __exit__(self, *error: object) -> None:
        self.eager.__exit__(None, None, None)
        torch.set_default_dtype(self.default)


def _forward(model: nn.Module, example: Example, seed: int) -> Any:
    args, kwargs = example.make(seed)
    with Brisk():
        return model(*args, **kwargs)


def _floats(output: Any) -> Iterator[torch.Tensor]:
    yield from (value for value in tensors(output) if value.is_floating_point())
