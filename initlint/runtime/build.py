"""Build a model under the tape: on meta, numbers replayed on demand, and for real where that fails. (child)"""

from __future__ import annotations

import gc
from dataclasses import dataclass, field

import torch
from torch import nn

from initlint.runtime.frames import Spot
from initlint.runtime.load import CannotBuildError, Recipe, checked
from initlint.runtime.oplog import ReplayRefusedError
from initlint.runtime.protocol import Place, Target
from initlint.runtime.sightings import Sightings
from initlint.runtime.tape import Tape


@dataclass(frozen=True)
class Build:
    """A built model and how it came about. `model` is on meta unless `method` is real."""

    model: nn.Module
    tape: Tape
    method: str
    notes: tuple[str, ...] = ()
    builds: dict[str, Place] = field(default_factory=dict)
    emptied: dict[int, Spot | None] = field(default_factory=dict)  # storage -> who wrote what was there before
    seeded: tuple[Place, ...] = ()


def build_taped(target: Target, recipe: Recipe, *, seed: int, cap: int) -> Build:
    """The ladder: the first rung that holds. The notes say why a rung broke."""
    torch.manual_seed(seed)
    tape = Tape(meta=True, seed=seed, cap=cap)
    try:
        model, seen = _record(target, recipe, tape)
    except CannotBuildError:
        raise
    except Exception as error:  # the user's constructor may raise anything
        gc.collect()
        return _real(target, recipe, seed, error)
    method = "replay" if tape.replays else "meta"
    return Build(model, tape, method, (), seen.places(model), seen.emptied, seen.seeds())


def build_real(target: Target, recipe: Recipe, seed: int) -> nn.Module:
    """The model itself, with numbers: what statistics and propagation look at. Raw memory comes up as NaN."""
    torch.manual_seed(seed)
    return checked(target, recipe.build())


def _real(target: Target, recipe: Recipe, seed: int, first: Exception) -> Build:
    torch.manual_seed(seed)
    tape = Tape(meta=False, seed=seed)
    try:
        model, seen = _record(target, recipe, tape)
    except CannotBuildError:
        raise
    except Exception as error:  # the user's constructor may raise anything
        if isinstance(error, MemoryError) or "not enough memory" in str(error):
            message = f"{target.text} needs more than the memory limit; --memory-limit raises it"
            raise CannotBuildError(target, message, error) from None
        message = f"{target.text} raises {type(error).__name__}: {_line(error)}{_hint(error)}"
        raise CannotBuildError(target, message, error) from None
    why = "its numbers could not be replayed" if isinstance(first, ReplayRefusedError) else type(first).__name__
    note = f"built for real: on the meta device the constructor fails ({why}: {_line(first)})"
    return Build(model, tape, "real", (note,), seen.places(model), seen.emptied, seen.seeds())


def _record(target: Target, recipe: Recipe, tape: Tape) -> tuple[nn.Module, Sightings]:
    seen = Sightings(tape.last_write)
    try:
        with seen.watching(), tape.recording():
            built = recipe.build()
    except SystemExit as error:
        message = f"{target.text} calls sys.exit({error.code!r}) while it is built"
        raise CannotBuildError(target, message, error) from None
    return checked(target, built), seen


def _hint(error: BaseException) -> str:
    """What to do where the constructor asks for a device that is not there."""
    asks = "CUDA" in str(error) and not torch.cuda.is_available()
    return "; it is built on the CPU here: let it take the device as an argument, or move it afterwards" if asks else ""


def _line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:300] if text else "no message"
