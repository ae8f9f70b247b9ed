"""Build something under the tape and read it off, in one line."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from initlint.runtime.build import Build, build_taped
from initlint.runtime.load import Recipe
from initlint.runtime.protocol import Parameter, Target
from initlint.runtime.survey import survey


def taped(build: Callable[[], object], *, cap: int = 1 << 28) -> Build:
    """The build of a function's model."""
    return build_taped(Target("test", "file", "test.py"), Recipe("test", build), seed=0, cap=cap)


def rows(build: Callable[[], object]) -> dict[str, Parameter]:
    """The survey of a function's model, by name."""
    return {row.name: row for row in survey(taped(build), None)}


def held(make: Callable[[], torch.Tensor]) -> Parameter:
    """The one parameter that `make` fills."""

    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(make())

    return rows(Holder)["w"]
