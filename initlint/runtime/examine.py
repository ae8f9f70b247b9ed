"""One target from name to report: load, tape, numbers, signal. (child)"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

import torch
from torch import nn

from initlint.runtime.build import Build, build_real, build_taped
from initlint.runtime.inputs import load_function
from initlint.runtime.load import Recipe, checked, find_recipe
from initlint.runtime.propagation import measure
from initlint.runtime.propagation_report import Propagation
from initlint.runtime.protocol import Model, Request, Target, Verdict
from initlint.runtime.lost import lost_writes
from initlint.runtime.sensitivity import with_sensitivity
from initlint.runtime.survey import holders, lazy_names, survey
from initlint.runtime.verdicts import judge

Progress = Callable[[str], None]


def examine(target: Target, request: Request, progress: Progress) -> Model:
    """The report on one target. Raises `LoadFailure`."""
    started = time.monotonic()
    progress(f"importing {target.location}")
    recipe = find_recipe(target, optional=target.optional)
    progress(f"building {recipe.name} under the tape")
    build = build_taped(target, recipe, seed=request.seed, cap=request.memory_limit // 4)
    notes = list(build.notes)
    real = _real(target, request, recipe, build, notes, progress)
    return report(target, recipe, build, real, request, notes, progress, started, inputs=_inputs(target))


def report(
    target: Target,
    recipe: Recipe,
    build: Build,
    real: nn.Module | None,
    request: Request,
    notes: list[str],
    progress: Progress,
    started: float,
    *,
    inputs: object = None,
) -> Model:
    """Put together what was found."""
    propagation: Propagation | None = None
    verdicts: tuple[Verdict, ...] = ()
    if real is not None and request.propagate:
        progress("following the signal")
        propagation, verdicts = _signal(real, recipe, target, request, inputs)
        if propagation.problem:
            notes.append(propagation.problem)
    progress("reading the tape")
    verdicts += tuple(lost_writes(build))
    parameters = tuple(survey(build, real, propagation, seed=request.seed, sampled=request.statistics))
    if propagation is not None and not propagation.problem and real is not None:
        parameters = with_sensitivity(parameters, real, inputs, target.input_shape, request.seed)
    lazy = lazy_names(build.model)
    if lazy:
        notes.append(f"{len(lazy)} parameters have no shape before the first forward: {', '.join(lazy[:4])}")
    return Model(
        target=target.text,
        name=recipe.name,
        place=recipe.place,
        method=build.method,
        notes=tuple(notes),
        parameters=parameters,
        verdicts=verdicts,
        propagation=asdict(propagation) if propagation else None,
        builds=build.builds,
        total=sum(row.numel for row in parameters if row.kind == "parameter"),
        seed=request.seed,
        seconds=time.monotonic() - started,
        memory=peak_memory(),
        torch=torch.__version__,
    )


def _real(
    target: Target, request: Request, recipe: Recipe, build: Build, notes: list[str], progress: Progress
) -> nn.Module | None:
    if build.method == "real":
        return build.model
    size = sum(item.tensor.numel() * item.tensor.element_size() for item in holders(build.model))
    # The signal is measured in float64, with gradients: five times the weights and the activations besides.
    if size * 5 > request.memory_limit:
        notes.append(
            f"not built for real: its {size / 2**30:.3g} GB of weights do not fit the memory limit of "
            f"{request.memory_limit / 2**30:.3g} GB five times over; --memory-limit raises it"
        )
        return None
    progress(f"building {recipe.name} for real")
    try:
        return build_real(target, recipe, request.seed)
    except Exception as error:  # the tape stands; only the measurements are lost
        notes.append(f"not measured: building it for real raises {type(error).__name__}: {error}")
        return None


def _signal(
    model: nn.Module, recipe: Recipe, target: Target, request: Request, inputs: object
) -> tuple[Propagation, tuple[Verdict, ...]]:
    def rebuild() -> nn.Module:
        return checked(target, recipe.build())

    again = None if recipe.live else rebuild
    signal = measure(
        model, inputs, input_shape=target.input_shape, seeds=request.seeds, seed=request.seed, rebuild=again
    )
    return signal, tuple(judge(signal))


def _inputs(target: Target) -> object:
    return load_function(target.inputs) if target.inputs else None


def peak_memory() -> int:
    """The most memory this process has held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
