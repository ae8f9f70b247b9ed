"""A task that the model can learn, made for its inputs and outputs; or the user's own data (child)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from initlint.errors import UsageError
from initlint.runtime.inputs import Arguments, Example
from initlint.runtime.outputs import tensors
from initlint.runtime.trace import flatten

#: Hidden causes behind the synthetic data: few, so that a hundred steps can find them.
_CAUSES = 6
_NOISE = 0.3
_CLASSES = 10
#: How often a token is followed by its successor, or comes from the vocabulary of its class.
_ORDER = 0.9
_HINT = 0.5
#: Different batches before they repeat.
_BATCHES = 32

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Batch:
    """One step's data."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    target: Tensor


@dataclass(frozen=True, slots=True)
class Task:
    """Batches, the loss, and what they are, in words."""

    text: str
    batches: Callable[[int], Iterator[Batch]]
    loss: Loss


def synthetic(model: nn.Module, example: Example) -> Task:
    """A task in the shape of the model's inputs and outputs."""
    with torch.no_grad():
        args, kwargs = example.make(0)
        output = first_output(model(*args, **kwargs))
    main = next(flatten((args, kwargs)))
    loss, text, classes = _loss_for(output, tokens=not main.is_floating_point(), length=main.shape[-1])
    shape = tuple(output.shape)

    def batches(seed: int) -> Iterator[Batch]:
        world = torch.Generator().manual_seed(20_251)  # one world for all seeds; the batches differ
        maker = _world(main, shape, classes, world)
        pool = [_batch(example, maker, torch.Generator().manual_seed(seed * 1000 + item)) for item in range(_BATCHES)]
        while True:
            yield from pool

    return Task(f"{text}; inputs: {example.text}", batches, loss)


def given(pairs: object, name: str) -> Task:
    """The user's data: `(inputs, targets)` or an iterable of them; integer targets are classes."""
    pool = [pairs] if isinstance(pairs, tuple) and len(pairs) == 2 and isinstance(pairs[1], Tensor) else _listed(pairs)
    if not pool or not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pool):
        raise UsageError(f"--data {name}: it must return (inputs, targets) or an iterable of such pairs")

    def batches(seed: int) -> Iterator[Batch]:
        order = torch.Generator().manual_seed(seed)
        while True:
            for index in torch.randperm(len(pool), generator=order).tolist():
                inputs, target = pool[index]
                args = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
                yield Batch((), inputs, target) if isinstance(inputs, dict) else Batch(args, {}, target)

    def loss(output: Tensor, target: Tensor) -> Tensor:
        return functional.mse_loss(output, target) if target.is_floating_point() else _cross_entropy(output, target)

    return Task(f"data of {name}", batches, loss)


def _listed(pairs: object) -> list[Any]:
    """Nothing where it is nothing to go through: `given` then says what it wants."""
    return list(pairs) if isinstance(pairs, Iterable) and not isinstance(pairs, Tensor) else []


def first_output(output: object) -> Tensor:
    """The tensor that the loss looks at: the first one that is no loss itself."""
    values = [value for value in tensors(output) if value.is_floating_point() and value.dim() > 0]
    if not values:
        raise UsageError("forward returns no tensor to compute a loss from; give --data")
    return values[0]


def _loss_for(output: Tensor, *, tokens: bool, length: int) -> tuple[Loss, str, int]:
    last = output.shape[-1]
    if tokens and output.dim() == 3 and output.shape[1] == length and last > 1:
        return _cross_entropy, f"each token's successor, as one of {last} classes", last
    if output.dim() == 2 and last > 1:
        classes = min(last, _CLASSES)
        return _cross_entropy, f"classification into {classes} classes", classes
    return functional.mse_loss, f"regression onto outputs of shape {tuple(output.shape[1:])}", 0


def _cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    if output.dim() == target.dim() + 1 and output.dim() == 3:
        output, target = output.flatten(0, 1), target.flatten()
    sums = output.detach().exp().sum(1)
    if bool((sums - 1).abs().max() < 1e-3):  # log-probabilities already
        return functional.nll_loss(output, target)
    probable = bool(((output.detach().sum(1) - 1).abs() < 1e-3).all()) and bool((output.detach() >= 0).all())
    return (
        functional.nll_loss(output.clamp_min(1e-12).log(), target)
        if probable
        else functional.cross_entropy(output, target)
    )


World = Callable[[Tensor, torch.Generator], tuple[Tensor, Tensor]]


def _world(main: Tensor, output: tuple[int, ...], classes: int, generator: torch.Generator) -> World:
    """Fixed laws that turn a fresh input into (input, target)."""
    if not main.is_floating_point():
        return _token_world(int(main.max()) + 1, output, classes, generator)
    inputs = main[0].numel()
    patterns = _smooth(torch.randn((_CAUSES, *main.shape[1:]), generator=generator)).reshape(_CAUSES, inputs)
    mix = torch.randn((_CAUSES, 4 * _CAUSES), generator=generator)
    size = classes or torch.Size(output[1:]).numel()
    law = torch.randn((4 * _CAUSES, size), generator=generator) / (4 * _CAUSES) ** 0.5

    def draw(fresh: Tensor, chance: torch.Generator) -> tuple[Tensor, Tensor]:
        causes = torch.randn((fresh.shape[0], _CAUSES), generator=chance)
        values = (causes @ patterns / _CAUSES**0.5).reshape(fresh.shape) + _NOISE * fresh.float()
        answer = torch.tanh(causes @ mix / 2) @ law
        target = answer.argmax(1) if classes else answer.reshape(-1, *output[1:])
        return values.to(fresh.dtype), target

    return draw


def _smooth(patterns: Tensor) -> Tensor:
    """Images get coarse patterns, as photographs have, so that pooling does not average them away."""
    if patterns.dim() == 4 and min(patterns.shape[-2:]) >= 8:
        small = functional.adaptive_avg_pool2d(patterns, 4)
        patterns = functional.interpolate(small, size=patterns.shape[-2:], mode="bilinear")
    return patterns / patterns.std()


def _token_world(vocabulary: int, output: tuple[int, ...], classes: int, generator: torch.Generator) -> World:
    successor = torch.randperm(vocabulary, generator=generator)

    def sentences(fresh: Tensor, chance: torch.Generator) -> tuple[Tensor, Tensor]:
        tokens = fresh.clone()
        for position in range(1, tokens.shape[1]):
            follows = torch.rand(tokens.shape[0], generator=chance) < _ORDER
            tokens[:, position] = torch.where(follows, successor[tokens[:, position - 1]], tokens[:, position])
        return tokens, successor[tokens] % max(classes, 1)

    def documents(fresh: Tensor, chance: torch.Generator) -> tuple[Tensor, Tensor]:
        kinds = torch.randint(0, max(classes, 2), (fresh.shape[0],), generator=chance)
        own = fresh - fresh % max(classes, 2) + kinds.reshape(-1, *[1] * (fresh.dim() - 1))
        hinted = torch.rand(fresh.shape, generator=chance) < _HINT
        target = kinds if classes else kinds.double().reshape(-1, *[1] * (len(output) - 1)).expand(-1, *output[1:])
        return torch.where(hinted & (own < vocabulary), own, fresh), target if classes else target.float()

    return sentences if len(output) == 3 and classes == output[-1] else documents


def _batch(example: Example, world: World, chance: torch.Generator) -> Batch:
    args, kwargs = example.make(int(torch.randint(0, 2**31, (), generator=chance)))
    main = next(flatten((args, kwargs)))
    values, target = world(main, chance)
    return Batch(*_with(args, kwargs, main, values), target)


def _with(args: tuple[Any, ...], kwargs: dict[str, Any], old: Tensor, new: Tensor) -> Arguments:
    return (
        tuple(new if value is old else value for value in args),
        {name: new if value is old else value for name, value in kwargs.items()},
    )
