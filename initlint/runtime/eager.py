"""Models as they were written: compiled ones would be measured through what the compiler made of them. (child)"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


def written(model: nn.Module) -> nn.Module:
    """The model that `torch.compile` was given."""
    inner = getattr(model, "_orig_mod", model)
    return inner if isinstance(inner, nn.Module) else model


@contextmanager
def eagerly(model: nn.Module) -> Iterator[None]:
    """Run no compiled code, where the model has some. To ask the compiler otherwise would load it for nothing."""
    if not any(_is_compiled(module) for module in model.modules()):
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield


def _is_compiled(module: nn.Module) -> bool:
    return hasattr(module, "_orig_mod") or getattr(module, "_compiled_call_impl", None) is not None


def scripted(model: nn.Module) -> bool:
    """Whether a part of it runs where no hook reaches."""
    return any(isinstance(module, torch.jit.ScriptModule) for module in model.modules())
