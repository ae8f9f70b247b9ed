"""Lazy layers: their weights come into being in the first forward, which has to run before they are judged. (child)"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from initlint.errors import TargetError
from initlint.runtime.build import Build
from initlint.runtime.inputs import find_example
from initlint.runtime.protocol import Parameter
from initlint.runtime.survey import survey
from initlint.runtime.tape import Tape


def lazy_names(model: nn.Module) -> list[str]:
    """Parameters whose shape the first forward decides."""
    return [name for name, parameter in model.named_parameters() if is_lazy(parameter)]


def shaped(
    model: nn.Module, inputs: object, input_shape: tuple[int, ...], seed: int, *, own: bool = True
) -> nn.Module | None:
    """The model with all its weights, where the user says what it takes: a guess would give them a shape of our making.

    The user's own model is left as it was: a copy gets the weights, unless a layer of it cannot be copied.
    """
    if inputs is None and not input_shape:
        return None
    torch.manual_seed(seed)
    try:
        fresh = model if own else copy.deepcopy(model)
    except Exception as error:  # torch cannot copy the buffers of a lazy norm, and users' classes may refuse too
        raise TargetError(
            f"not measured: it cannot be copied before its first forward ({type(error).__name__})"
        ) from None
    find_example(fresh, inputs, input_shape=input_shape, seed=seed)
    return None if lazy_names(fresh) else fresh


def late_rows(build: Build, real: nn.Module | None, seed: int) -> Iterator[Parameter]:
    """The rows of weights that the tape could not see: read off their numbers."""
    late = set(lazy_names(build.model))
    if real is None or not late or lazy_names(real):
        return
    live = Build(real, Tape(meta=False), "real", (), build.builds)
    for row in survey(live, real, seed=seed):
        if row.name in late:
            yield replace(row, method="outside")
