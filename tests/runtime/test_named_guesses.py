"""Forwards of several inputs: what each takes is told by its name."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from initlint.runtime.inputs import find_example

pytestmark = pytest.mark.torch


class Captioned(nn.Module):
    """An image and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.words, self.head = nn.Conv2d(1, 8, 3), nn.Embedding(100, 8), nn.Linear(16, 5)

    def forward(self, image: Tensor, input_ids: Tensor, mask: Tensor) -> Tensor:
        words = (self.words(input_ids) * mask.unsqueeze(-1)).mean(1)
        out: Tensor = self.head(torch.cat([self.conv(image).mean((2, 3)), words], 1))
        return out


class Clicks(nn.Module):
    """Numbers, and one category of each table."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(size, 8) for size in (10, 20, 30))
        self.bottom, self.top = nn.Linear(13, 8), nn.Linear(32, 1)

    def forward(self, dense: Tensor, categories: Tensor) -> Tensor:
        found = [table(categories[:, index]) for index, table in enumerate(self.tables)]
        out: Tensor = self.top(torch.cat([self.bottom(dense), *found], 1))
        return out


class Bag(nn.Module):
    """Tokens of several texts in a row, and where each begins."""

    def __init__(self) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(100, 16)

    def forward(self, text: Tensor, offsets: Tensor) -> Tensor:
        out: Tensor = self.bag(text, offsets)
        return out


class Tagger(nn.Module):
    """Sequences of different lengths."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.lstm = nn.Embedding(100, 16), nn.LSTM(16, 8, batch_first=True)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(self.table(tokens), lengths, batch_first=True)
        return nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]


class Graph(nn.Module):
    """Nodes and edges."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(16, 4)

    def forward(self, x: Tensor, edge_index: Tensor, adj: Tensor) -> Tensor:
        sent = self.fc(x)[edge_index[0]]
        return adj @ torch.zeros(x.shape[0], 4, dtype=x.dtype).index_add(0, edge_index[1], sent)


class Conditioned(nn.Module):
    """Two vectors of different widths."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.condition = nn.Linear(16, 32), nn.Linear(8, 32)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        out: Tensor = self.body(x) * self.condition(c)
        return out


class Warped(nn.Module):
    """A function of torch refuses a vector with the error that stands for a missing forward elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x: Tensor) -> Tensor:
        theta = torch.eye(2, 3, dtype=x.dtype).expand(x.shape[0], 2, 3)
        nn.functional.affine_grid(theta, list(x.shape), align_corners=False)
        out: Tensor = self.fc(x.flatten(1))
        return out


def test_not_implemented_for_this_shape() -> None:
    """The next guess is tried."""
    assert "N(0, 1) of shape (256, 1, 28, 28)" == find_example(Warped(), None).text


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (Captioned, "inputs by their names: image (image), input_ids (tokens), mask (mask)"),
        (Clicks, "inputs by their names: dense (vector), categories (categories)"),
        (Bag, "inputs by their names: text (tokens), offsets (offsets)"),
        (Tagger, "inputs by their names: tokens (tokens), lengths (lengths)"),
        (Conditioned, "inputs by their names: x (vector), c (vector)"),
        (Graph, "inputs by their names: x (vector), edge_index (edges), adj (adjacency)"),
    ],
)
def test_several_inputs(build: type[nn.Module], text: str) -> None:
    """The example is found, says what it is, and is the same for the same seed."""
    example = find_example(build(), None)
    first, second = (example.make(3)[0] for _ in range(2))

    assert text == example.text
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))
