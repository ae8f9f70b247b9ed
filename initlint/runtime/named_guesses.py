"""Several inputs of different kinds, told by the names of forward's parameters, as `image` and `ids`. (child)"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle, islice

import torch
from torch import Tensor, nn

from initlint.runtime.inputs import Arguments, Example, required_parameters

_BATCH, _LENGTH, _NODES = 16, 32, 64
_SIDES = (32, 64, 224)
_WIDTHS = 4  # linear layers whose width a vector may have
_KINDS = (
    ("image", r"image|img|pixel|picture|photo|frame|video"),
    ("offsets", r"offset"),
    ("lengths", r"len"),
    ("edges", r"edge_?ind"),
    ("adjacency", r"adj|laplac|graph"),
    ("mask", r"mask"),
    ("step", r"^t$|time|^step|sigma|noise_?level"),
    ("label", r"label|target|class|^y$"),
    ("categories", r"sparse|categ|^cat"),
    ("tokens", r"token|ids?$|idx|text|word|caption|question|sentence|^src|^tgt|vocab|user|item"),
)
Draw = Callable[[torch.Generator], Tensor]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the layers say of sizes."""

    channels: int
    side: int
    widths: tuple[int, ...]  # of vectors, in the order in which forward takes them
    tables: tuple[int, ...]
    flat: bool  # a bag of tokens, told apart by offsets
    graph: bool

    @property
    def vocabulary(self) -> int:
        """An index that every table has is below."""
        return min(self.tables, default=2)


def by_name(model: nn.Module) -> Iterator[Example]:
    """Candidates for a forward of several inputs. Unknown names take a vector."""
    names = required_parameters(model)
    kinds = {name: _kind(name) for name in names}
    if len(names) < 2:
        return
    for facts in _facts(model, frozenset(kinds.values())):
        yield Example(
            f"inputs by their names: {', '.join(f'{n} ({k})' for n, k in kinds.items())}", _maker(kinds, facts)
        )


def _kind(name: str) -> str:
    return next((kind for kind, pattern in _KINDS if re.search(pattern, name, re.IGNORECASE)), "vector")


def _facts(model: nn.Module, kinds: frozenset[str]) -> Iterator[_Facts]:
    convolution = next((module for module in model.modules() if isinstance(module, nn.Conv2d)), None)
    tables = tuple(one.num_embeddings for one in model.modules() if isinstance(one, (nn.Embedding, nn.EmbeddingBag)))
    linear = tuple(one.in_features for one in model.modules() if isinstance(one, nn.Linear)) or (_LENGTH,)
    alike = [(width,) for width in islice(dict.fromkeys(linear), _WIDTHS if "vector" in kinds else 1)]
    for side in _SIDES if "image" in kinds else _SIDES[:1]:
        # Vectors alone, all of one width, were tried before.
        for widths in [linear] if kinds == {"vector"} else [*alike, linear]:
            channels = convolution.in_channels if convolution is not None else 3
            graph = bool(kinds & {"edges", "adjacency"})
            yield _Facts(channels, side, widths, tables, "offsets" in kinds, graph)


def _maker(kinds: Mapping[str, str], facts: _Facts) -> Callable[[int], Arguments]:
    def make(seed: int) -> Arguments:
        generator = torch.Generator().manual_seed(seed)
        widths = cycle(facts.widths)
        return tuple(_drawn(kind, facts, widths, generator) for kind in kinds.values()), {}

    return make


def _drawn(kind: str, facts: _Facts, widths: Iterator[int], generator: torch.Generator) -> Tensor:
    match kind:
        case "image":
            return _normal(generator, _BATCH, facts.channels, facts.side, facts.side)
        case "tokens":
            shape = (_BATCH * _LENGTH,) if facts.flat else (_BATCH, _LENGTH)
            return _indices(generator, facts.vocabulary, *shape)
        case "categories":
            return _indices(generator, facts.vocabulary, _BATCH, max(len(facts.tables), 1))
        case "offsets":
            return torch.arange(0, _BATCH * _LENGTH, _LENGTH)
        case "lengths":
            return torch.full((_BATCH,), _LENGTH)
        case "mask":
            return torch.ones(_BATCH, _LENGTH, dtype=torch.bool)
        case "edges":
            return _indices(generator, _NODES, 2, 4 * _NODES)
        case "adjacency":
            return _normal(generator, _NODES, _NODES).softmax(1)
        case "step" | "label":
            return _indices(generator, 2, _BATCH)
    return _normal(generator, _NODES if facts.graph else _BATCH, next(widths))


def _normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(torch.get_default_dtype())


def _indices(generator: torch.Generator, high: int, *shape: int) -> Tensor:
    return torch.randint(0, max(high, 1), shape, generator=generator)
