"""One target from name to report: load, tape, numbers, signal; each stage is sent on at once. (child)"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace

import torch
from torch import nn

from initlint.errors import TargetError
from initlint.runtime import sizes
from initlint.runtime.advice import advise
from initlint.runtime.blame import with_culprits
from initlint.runtime.build import Build, build_real, build_taped
from initlint.runtime.deferred import left_raw, second_path
from initlint.runtime.digest import digests
from initlint.runtime.inputs import load_function
from initlint.runtime.lazy import late_rows, lazy_names, shaped
from initlint.runtime.load import Recipe, checked, find_recipe
from initlint.runtime.lost import dead_inits, lost_writes
from initlint.runtime.propagation import measure
from initlint.runtime.protocol import Model, Request, Target
from initlint.runtime.sensitivity import with_sensitivity
from initlint.runtime.survey import holders, survey
from initlint.runtime.tape import Tape
from initlint.runtime.verdicts import judge

# The signal is measured in float64, with gradients: five times the weights, and the activations besides.
_ROOM = 5
_LIVE = "an instance, and no class or function: its numbers are judged, and no history tells who wrote them"


@dataclass(frozen=True)
class Subject:
    """A taped model, and what was asked about it. `real` is the same model with numbers."""

    target: Target
    request: Request
    recipe: Recipe
    build: Build
    real: nn.Module | None = None
    inputs: object = None
    notes: tuple[str, ...] = ()
    started: float = field(default_factory=time.monotonic)


def examine(target: Target, request: Request) -> Iterator[str | Model]:
    """What is being done, as text, and the report as far as it goes, each more complete. Raises `CannotBuildError`."""
    started = time.monotonic()
    yield f"importing {target.location}"
    recipe = find_recipe(target, optional=target.optional)
    inputs = load_function(target.inputs) if target.inputs else None
    yield f"building {recipe.name} under the tape"
    build = _built(target, recipe, request)
    subject = Subject(target, request, recipe, build, None, inputs, build.notes, started)
    yield weigh(replace(subject, request=replace(request, statistics=False)))
    yield f"building {recipe.name} for real"
    subject = with_numbers(subject)
    yield f"reading the numbers of {recipe.name}"
    model = weigh(subject)
    if request.deferred:
        yield f"walking the second way through {recipe.name}"
        model = with_second_path(subject, model)
    if request.digests and subject.real is not None:
        model = replace(model, digests=digests(target, recipe, request.seed))
    yield model
    if subject.real is not None and request.propagate:
        yield f"following the signal through {recipe.name}"
        yield follow(subject, model)


def _built(target: Target, recipe: Recipe, request: Request) -> Build:
    if recipe.live:
        return Build(checked(target, recipe.build()), Tape(meta=False), "real", (_LIVE,))
    return build_taped(target, recipe, seed=request.seed, cap=request.memory_limit // 4)


def weigh(subject: Subject) -> Model:
    """The report on the weights alone."""
    build, request = subject.build, subject.request
    rows = tuple(survey(build, subject.real, seed=request.seed, sampled=request.statistics))
    rows += tuple(late_rows(build, subject.real, request.seed))
    lazy = [name for name in lazy_names(build.model) if name not in {row.name for row in rows}]
    notes = subject.notes
    if lazy:
        missing = f"{len(lazy)} parameters have no shape before the first forward ({', '.join(lazy[:4])})"
        notes += (f"{missing}; --input-shape or --input gives them one",)
    return Model(
        target=subject.target.text,
        name=subject.recipe.name,
        place=subject.recipe.place,
        method="live" if subject.recipe.live else build.method,
        notes=notes,
        parameters=rows,
        verdicts=(*lost_writes(build), *dead_inits(build), *left_raw(build)),
        builds=build.builds,
        seeded=build.seeded,
        total=sum(row.numel for row in rows if row.kind == "parameter"),
        seed=request.seed,
        seconds=time.monotonic() - subject.started,
        memory=peak_memory(),
        torch=torch.__version__,
    )


def with_second_path(subject: Subject, model: Model) -> Model:
    """The report with what `to_empty()` and the init methods leave otherwise than the constructor does."""
    request, recipe = subject.request, subject.recipe
    if recipe.live:
        return replace(model, notes=(*model.notes, "no second way: the model is there already, nothing builds it"))
    try:
        found = second_path(subject.target, recipe, model.parameters, seed=request.seed, cap=request.memory_limit // 4)
    except Exception as error:  # the user's init methods may raise anything; the first way has been told
        note = f"to_empty() and the init methods: {type(error).__name__}: {error}"
        return replace(model, notes=(*model.notes, note))
    return replace(model, verdicts=(*model.verdicts, *found))


def follow(subject: Subject, model: Model) -> Model:
    """The report with the signal in it, and what the weights look like in its light."""
    real, request, target = subject.real, subject.request, subject.target
    assert real is not None

    def rebuild() -> nn.Module:
        return checked(target, subject.recipe.build())

    signal = measure(
        real,
        subject.inputs,
        input_shape=target.input_shape,
        seeds=request.seeds,
        seed=request.seed,
        rebuild=None if subject.recipe.live or lazy_names(subject.build.model) else rebuild,
    )
    rows = advise(model.parameters, signal)
    raw = [row.name for row in rows if row.uninitialized and row.kind == "parameter"]
    verdicts = () if raw else with_culprits(judge(signal), signal, rows)
    told = (signal.problem,) if signal.problem else ()
    if raw and not told:
        told = (f"the signal is not judged: it passes through raw memory, `{raw[0]}` first",)
    if signal.problem is None:
        rows = with_sensitivity(rows, real, subject.inputs, target.input_shape, request.seed)
    return replace(
        model,
        notes=model.notes + told,
        parameters=rows,
        verdicts=model.verdicts + verdicts,
        propagation=asdict(signal),
        seconds=time.monotonic() - subject.started,
        memory=peak_memory(),
    )


def with_numbers(subject: Subject) -> Subject:
    """The subject with its real model, where it can be had."""
    build, request, recipe = subject.build, subject.request, subject.recipe
    if build.method == "real":
        return with_real(subject, build.model)
    size = sum(item.tensor.numel() * item.tensor.element_size() for item in holders(build.model))
    if size * _ROOM > request.memory_limit:
        note = (
            f"not measured: that takes {_ROOM} times the {sizes.shown(size)} of its weights, and the memory limit is "
            f"{sizes.shown(request.memory_limit)}; --memory-limit raises it"
        )
        return replace(subject, notes=(*subject.notes, note))
    try:
        return with_real(subject, build_real(subject.target, recipe, request.seed))
    except Exception as error:  # the tape stands; only the measurements are lost
        note = f"not measured: building it for real raises {type(error).__name__}: {error}"
        return replace(subject, notes=(*subject.notes, note))


def with_real(subject: Subject, real: nn.Module) -> Subject:
    """The subject with this model to measure, or with the reason why it cannot be."""
    if any(value.device.type == "meta" for value in real.parameters()):
        return replace(subject, notes=(*subject.notes, "not measured: the model is on the meta device"))
    if not lazy_names(real):
        return replace(subject, real=real)
    own = not subject.recipe.live
    try:
        whole = shaped(real, subject.inputs, subject.target.input_shape, subject.request.seed, own=own)
    except TargetError as error:
        return replace(subject, notes=(*subject.notes, str(error)))
    return replace(subject, real=whole)


def peak_memory() -> int:
    """The most memory this process has held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
