"""`check_model`: the same examination in this process, for scripts and tests. (imports torch)"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from initlint.config import Settings
from initlint.errors import TargetError
from initlint.finding import Finding
from initlint.runtime.build import Build, build_taped
from initlint.runtime.eager import written
from initlint.runtime.examine import Subject, follow, weigh, with_real
from initlint.runtime.frames import file_kind
from initlint.runtime.load import CannotBuildError, Recipe
from initlint.runtime.parent import Outcome, describe_failure
from initlint.runtime.protocol import Model, Parameter, Place, Request, Target
from initlint.runtime.session import Examined, examine
from initlint.runtime.shards import all_there, sharded
from initlint.runtime.tape import Tape

# Ranks measure at their own pace, and one that stopped early would leave the others waiting in a collective.
_SPREAD = "{} tensors are spread over processes: their signal was not followed"


@dataclass(frozen=True)
class Report:
    """What was found. True when there is nothing to complain about; as text, the findings."""

    model: Model
    findings: tuple[Finding, ...]
    examined: Examined

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Each parameter and buffer by its name."""
        return {row.name: row for row in self.model.parameters}

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the findings, in reading order."""
        return tuple(finding.code for finding in self.findings)

    def __bool__(self) -> bool:
        """Whether the model is fine."""
        return not self.findings

    def __str__(self) -> str:
        """The findings, one paragraph each."""
        if not self.findings:
            return f"{self.model.name}: no findings"
        return "\n\n".join(_said(finding) for finding in self.findings)


def check_model(
    model: nn.Module | Callable[[], nn.Module],
    inputs: Any = None,
    *,
    input_shape: tuple[int, ...] = (),
    settings: Settings | None = None,
    seed: int = 0,
    seeds: int = 3,
    alpha: float = 1e-6,
    propagate: bool = True,
) -> Report:
    """Validate a model against the reference formulas.

    Of a live model the numbers are judged. A class or function that builds one is run under the tape, so that the
    findings know every write and its line. `inputs` is what forward takes: a tensor, a tuple, a dict, or a function
    that makes one. The model is left as it was.

    Where parameters are DTensors, every rank has to call this: they are gathered, and shard is compared with shard.
    """
    started = time.monotonic()
    settings = settings or Settings()
    model = written(model) if isinstance(model, nn.Module) else model
    name = type(model).__name__ if isinstance(model, nn.Module) else getattr(model, "__name__", "model")
    target = Target(name, "live", name, input_shape=tuple(input_shape))
    request = Request((target,), seed=seed, seeds=seeds, alpha=alpha, propagate=propagate)
    try:
        recipe, build, real = _built(target, model, seed)
        spread = sharded(real) if real is not None else []
        if spread and not all_there():
            raise TargetError(f"{name} is spread over processes: check_model has to be called on every rank")
        notes = (*build.notes, *([_SPREAD.format(len(spread))] if spread else ()))
        subject = Subject(target, request, recipe, build, None, inputs, notes, started)
        subject = with_real(subject, real) if real is not None else subject
        seen = weigh(subject)
        propagate = propagate and not spread
        seen = follow(subject, seen) if propagate and subject.real is not None else seen
    except CannotBuildError as failure:
        raise TargetError(describe_failure(failure.failure)) from failure
    examined = examine(Outcome(models=[seen]), settings, alpha)
    return Report(seen, tuple(examined.findings), examined)


def _built(
    target: Target, model: nn.Module | Callable[[], nn.Module], seed: int
) -> tuple[Recipe, Build, nn.Module | None]:
    if isinstance(model, nn.Module):
        recipe = Recipe(target.text, lambda: model, class_place(type(model)), live=True)
        return recipe, Build(model, Tape(meta=False), "real", (), _class_places(model)), model
    recipe = Recipe(target.text, model, class_place(model))
    build = build_taped(target, recipe, seed=seed, cap=1 << 30)
    return recipe, build, build.model if build.method == "real" else model()


def class_place(thing: Any) -> Place | None:
    """Where a class or function is defined, if it is the user's."""
    try:
        path, line = inspect.getsourcefile(thing), inspect.getsourcelines(thing)[1]
    except (OSError, TypeError):
        return None
    if path is None or file_kind(path) != "user":
        return None
    return Place(path, line, 1, line, 1, getattr(thing, "__name__", ""))


def _class_places(model: nn.Module) -> dict[str, Place]:
    """For want of a tape: the class that holds each layer."""
    places: dict[str, Place] = {}
    for name, module in model.named_modules():
        own = class_place(type(module)) or places.get(name.rpartition(".")[0])
        if own is not None:
            places[name] = own
    return places


def _said(finding: Finding) -> str:
    text = f"{finding.path}:{finding.span.line}: {finding.code} {finding.name} ({finding.layer}): {finding.message}"
    return f"{text}\n    help: {finding.help}" if finding.help else text
