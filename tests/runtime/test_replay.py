"""Code that asks for numbers while it builds gets them, replayed; the tape goes on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from tests.runtime.tape_harness import held, rows, taped

pytestmark = pytest.mark.torch


class Asks(nn.Module):
    """A model that asks a question of `values` before it goes on."""

    def __init__(self, ask: Callable[[torch.Tensor], object]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 8) * 0.1)
        self.answer = ask(self.weight.detach())


QUESTIONS: dict[str, tuple[Callable[[torch.Tensor], object], Callable[[object], bool]]] = {
    "item": (lambda w: w.abs().max().item(), lambda a: 0.1 < float(a) < 1),  # type: ignore[arg-type]
    "float": (lambda w: float(w.mean()), lambda a: isinstance(a, float)),
    "branch on a norm": (lambda w: bool(w.norm() > 100), lambda a: a is False),
    "assert finite": (lambda w: bool(torch.isfinite(w).all()), lambda a: a is True),
    "tolist": (lambda w: torch.linspace(0, 1, 3).tolist(), lambda a: a == [0.0, 0.5, 1.0]),
    "list of items": (lambda w: [x.item() for x in torch.linspace(0, 1, 3)], lambda a: a == [0.0, 0.5, 1.0]),
    "to cpu": (lambda w: w.to("cpu").sum().item(), lambda a: isinstance(a, float)),
    "numpy": (lambda w: w.numpy().std(), lambda a: 0.05 < float(a) < 0.2),  # type: ignore[arg-type]
    "nonzero": (lambda w: tuple((w != 0).nonzero().shape), lambda a: a == (64, 2)),
    "masked select": (lambda w: w[w > 5].numel(), lambda a: a == 0),
    "unique": (lambda w: torch.tensor([1, 1, 2]).unique().tolist(), lambda a: a == [1, 2]),
    "equal": (lambda w: torch.equal(w, w.clone()), lambda a: a is True),
    "allclose": (lambda w: torch.allclose(w, w + 1), lambda a: a is False),
    "distribution": (
        lambda w: torch.distributions.Normal(torch.zeros(3), 1.0).sample().shape[0],
        lambda a: a == 3,
    ),
    "svd": (lambda w: float(torch.linalg.svdvals(w)[0]), lambda a: float(a) > 0),  # type: ignore[arg-type]
    "sorted": (lambda w: float(w.flatten().sort().values[0]), lambda a: float(a) < 0),  # type: ignore[arg-type]
}


def _std(ask: Callable[[torch.Tensor], object]) -> float | None:
    return rows(lambda: Asks(ask))["weight"].std


@pytest.mark.parametrize("case", QUESTIONS)
def test_question(case: str) -> None:
    """Each question is answered, and the weight's history is the same as without it."""
    ask, accepts = QUESTIONS[case]
    build = taped(lambda: Asks(ask))

    assert accepts(build.model.answer), build.model.answer
    assert build.method in {"replay", "meta"}, build.notes
    assert ("normal", 0.1) == (
        rows(lambda: Asks(ask))["weight"].scheme,
        pytest.approx(rows(lambda: Asks(ask))["weight"].std),
    )


def test_same_answer_twice() -> None:
    """A random number asked for twice is the same number."""
    build = taped(lambda: Asks(lambda w: (w.sum().item(), w.sum().item())))

    assert build.model.answer[0] == build.model.answer[1]


def test_answer_depends_on_time() -> None:
    """A question sees the weight as it was at that moment."""

    def ask(weight: torch.Tensor) -> tuple[float, float]:
        tensor = torch.ones(3)
        before = tensor.sum().item()
        tensor.mul_(2)
        return before, tensor.sum().item()

    assert (3.0, 6.0) == taped(lambda: Asks(ask)).model.answer


def test_no_op_init_is_replayed() -> None:
    """Init functions that do nothing on meta are replayed for real."""

    def ask(weight: torch.Tensor) -> float:
        square = nn.init.orthogonal_(torch.empty(8, 8))
        return (square @ square.t() - torch.eye(8)).abs().max().item()

    assert taped(lambda: Asks(ask)).model.answer < 1e-5


MIXED = {
    "numpy array": lambda: torch.from_numpy(np.full((2, 2), 3.0, dtype=np.float32)),
    "list": lambda: torch.tensor([[3.0, 3.0], [3.0, 3.0]]),
    "list times meta": lambda: torch.ones(2, 2) * torch.tensor([[3.0, 3.0], [3.0, 3.0]]),
    "new_tensor": lambda: torch.zeros(1).new_tensor([[3.0, 3.0], [3.0, 3.0]]),
    "copied list": lambda: torch.empty(2, 2).copy_(torch.tensor([[3.0, 3.0], [3.0, 3.0]])),
}


@pytest.mark.parametrize("case", MIXED)
def test_literals_among_meta_tensors(case: str) -> None:
    """Numbers from lists and arrays keep their values among tensors without memory."""
    row = held(MIXED[case])

    assert (3.0, 3.0) == (row.measured.low if row.measured else row.mean, row.mean if row.mean is not None else 3.0)


def test_orthogonal_parametrization() -> None:
    """The orthogonal parametrisation, which looks at its numbers, is built and measured."""
    found = rows(lambda: nn.utils.parametrizations.orthogonal(nn.Linear(8, 8)))

    assert "replay" == found["bias"].method


def test_opaque_but_replayable() -> None:
    """What has no closed form is measured by replaying it."""
    row = held(lambda: torch.log(torch.arange(1.0, 5.0)))

    assert ("replay", pytest.approx(0.7945, abs=1e-3)) == (row.measured.origin, row.measured.mean)  # type: ignore[union-attr]


def test_real_where_meta_fails() -> None:
    """A constructor that cannot live without memory is taped on the real device, and the notes say so."""

    class Stubborn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(4, 4) * 0.1)
            if self.weight.is_meta:
                raise ValueError("no meta, please")

    build = taped(Stubborn)

    assert ("real", True) == (build.method, "no meta, please" in build.notes[0])
    assert ("normal", pytest.approx(0.1)) == (rows(Stubborn)["weight"].scheme, rows(Stubborn)["weight"].std)
