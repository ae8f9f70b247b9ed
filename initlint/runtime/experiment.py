"""Train a model for a short while under each scheme, from the same seeds on the same data (child)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from math import isfinite

import torch
from torch import nn

from initlint.runtime.experiment_report import AS_IT_IS, RECOMMENDED, Curve, Experiment, SchemeRun, effect
from initlint.runtime.experiment_task import Task, first_output
from initlint.runtime.propagation import measure
from initlint.runtime.propagation_report import Propagation
from initlint.runtime.redraw import SEVEN, Redrawn, redraw, redraw_as_recommended

Build = Callable[[], nn.Module]
#: (runs done, runs in all, what is running)
Progress = Callable[[int, int, str], None]

SCHEMES = (AS_IT_IS, *SEVEN, RECOMMENDED)
#: A run that has come this far from where any of them began will not come back.
_LOST = 1e6
_FEWEST_STEPS = 20
#: Steps timed before the number of steps is settled.
_TIMED = 3
#: The limit is for the training; building and measuring come on top.
_PATIENCE = 1.25
#: Threads cost a small model more than they give.
_SMALL = 2_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train. `limit` is in seconds for all runs together; steps are taken away to keep to it."""

    steps: int = 120
    seeds: int = 3
    seed: int = 0
    optimizer: str = "sgd"
    rate: float = 0.02
    limit: float = 45.0
    schemes: tuple[str, ...] = SCHEMES


def run(target: str, build: Build, task: Task, plan: Plan, progress: Progress = lambda *_: None) -> Experiment:
    """Every scheme, every seed. Schemes take turns within a seed, so that a slow minute hits all of them."""
    began = time.perf_counter()
    if sum(value.numel() for value in build().parameters()) < _SMALL:
        torch.set_num_threads(1)
    steps = _affordable(build, task, plan)
    torch.manual_seed(plan.seed)
    signal = measure(build(), lambda: _first_inputs(task, plan.seed), seeds=1)
    curves: dict[str, list[Curve]] = {scheme: [] for scheme in plan.schemes}
    changed: dict[str, int] = {}
    redrawn = Redrawn()
    seeds: list[int] = []
    while len(seeds) < plan.seeds and (not seeds or _time_for_more(began, len(seeds), plan.limit)):
        seed = plan.seed + len(seeds)
        for number, scheme in enumerate(plan.schemes, len(seeds) * len(plan.schemes)):
            progress(number, plan.seeds * len(plan.schemes), f"{scheme}, seed {seed}")
            torch.manual_seed(seed)
            model = build()
            changed[scheme], details = _prepare(model, scheme, signal)
            redrawn = details or redrawn
            curves[scheme].append(_train(model, task, replace(plan, steps=steps), seed))
        seeds.append(seed)
    runs = tuple(SchemeRun(scheme, tuple(curves[scheme]), changed[scheme]) for scheme in plan.schemes)
    return Experiment(
        target=target,
        runs=_compared(runs),
        task=task.text,
        optimizer=plan.optimizer,
        rate=plan.rate,
        steps=steps,
        batch=_batch_size(task, plan.seed),
        seeds=tuple(seeds),
        recommended=redrawn.told,
        moved=redrawn.moved,
        seconds=time.perf_counter() - began,
    )


def _time_for_more(began: float, done: int, limit: float) -> bool:
    """Whether another seed fits, going by those before it; the machine may have become slower meanwhile."""
    spent = time.perf_counter() - began
    return spent * (done + 1) / done <= limit * _PATIENCE


def _prepare(model: nn.Module, scheme: str, signal: Propagation) -> tuple[int, Redrawn | None]:
    if scheme == AS_IT_IS:
        return 0, None
    if scheme == RECOMMENDED:
        redrawn = redraw_as_recommended(model, signal)
        return len(redrawn.told), redrawn
    return redraw(model, scheme), None


def _compared(runs: tuple[SchemeRun, ...]) -> tuple[SchemeRun, ...]:
    baseline = next((run for run in runs if run.scheme == AS_IT_IS), None)
    if baseline is None:
        return runs
    return tuple(run if run is baseline else replace(run, effect=effect(run.curves, baseline.curves)) for run in runs)


def _train(model: nn.Module, task: Task, plan: Plan, seed: int) -> Curve:
    optimizer = _optimizer(model, plan)
    losses: list[float] = []
    norms: list[float] = []
    model.train()
    for loss, norm in _steps(model, task, optimizer, plan.steps, seed):
        losses.append(loss)
        norms.append(norm)
        if not (isfinite(loss) and isfinite(norm)) or loss > _LOST * max(1.0, losses[0]):
            return Curve(seed, _finite(losses), _finite(norms), diverged=True)
    return Curve(seed, tuple(losses), tuple(norms))


def _steps(
    model: nn.Module, task: Task, optimizer: torch.optim.Optimizer, steps: int, seed: int
) -> Iterator[tuple[float, float]]:
    for batch in islice(task.batches(seed), steps):
        optimizer.zero_grad(set_to_none=True)
        loss = task.loss(first_output(model(*batch.args, **batch.kwargs)), batch.target)
        loss.backward()  # type: ignore[no-untyped-call]
        gradients = [value.grad for value in model.parameters() if value.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients) if gradients else torch.zeros(())
        optimizer.step()
        yield float(loss.detach()), float(norm)


def _optimizer(model: nn.Module, plan: Plan) -> torch.optim.Optimizer:
    trainable = [value for value in model.parameters() if value.requires_grad]
    if plan.optimizer == "adam":
        return torch.optim.Adam(trainable, lr=plan.rate)
    return torch.optim.SGD(trainable, lr=plan.rate, momentum=0.9)


def _affordable(build: Build, task: Task, plan: Plan) -> int:
    """The number of steps that fits the limit, timed on the model itself."""
    model = build()
    model.train()
    began = 0.0
    for number, _ in enumerate(_steps(model, task, _optimizer(model, replace(plan, rate=0.0)), _TIMED + 1, plan.seed)):
        # The first step pays for everything that is set up once.
        began = began if number else time.perf_counter()
    each = (time.perf_counter() - began) / _TIMED
    runs = plan.seeds * len(plan.schemes)
    return min(plan.steps, max(_FEWEST_STEPS, int(plan.limit / max(each, 1e-6) / runs)))


def _first_inputs(task: Task, seed: int) -> object:
    batch = next(task.batches(seed))
    return batch.kwargs or batch.args


def _batch_size(task: Task, seed: int) -> int:
    return int(next(task.batches(seed)).target.shape[0])


def _finite(values: list[float]) -> tuple[float, ...]:
    return tuple(value for value in values if isfinite(value))
