"""Train a model for a short while under each scheme, from the same seeds on the same data (child)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from math import isfinite

import torch
from torch import nn

from initlint.errors import UsageError
from initlint.runtime.experiment_report import AS_IT_IS, RECOMMENDED, Curve, Experiment, SchemeRun, effect
from initlint.runtime.experiment_task import Task, first_output
from initlint.runtime.propagation import measure
from initlint.runtime.propagation_report import Propagation
from initlint.runtime.redraw import SEVEN, Redrawn, redraw, redraw_as_recommended
from initlint.runtime.stopwatch import TimeIsUpError, until

Build = Callable[[], nn.Module]
#: (runs done, runs in all, what is running)
Progress = Callable[[int, int, str], None]

SCHEMES = (AS_IT_IS, *SEVEN, RECOMMENDED)
#: A run that has come this far from where any of them began will not come back.
_LOST = 1e6
_FEWEST_STEPS = 20
#: Steps timed before the number of steps is settled, and the share of the time that this may take.
_TIMED = 3
_SHARE = 0.2
#: These come first in each seed: where the time ends there, they are what one wants to know.
_FIRST = (AS_IT_IS, RECOMMENDED)
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
    affordable = replace(plan, steps=_affordable(build, task, plan))
    torch.manual_seed(plan.seed)
    signal = measure(build(), lambda: _first_inputs(task, plan.seed), seeds=1)
    trained = _train_all(build, task, affordable, signal, progress)
    return Experiment(
        target=target,
        runs=_compared(trained.runs(plan.schemes)),
        task=task.text,
        optimizer=plan.optimizer,
        rate=plan.rate,
        steps=trained.steps,
        batch=_batch_size(task, plan.seed),
        seeds=tuple(trained.seeds),
        recommended=trained.redrawn.told,
        moved=trained.redrawn.moved,
        seconds=time.perf_counter() - began,
        note=trained.note,
    )


@dataclass(slots=True)
class _Trained:
    """What has been trained so far. Only whole seeds count, and of the first one the schemes that it got to."""

    steps: int
    seeds: list[int] = field(default_factory=list)
    curves: dict[str, list[Curve]] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    redrawn: Redrawn = field(default_factory=Redrawn)
    note: str = ""

    def runs(self, order: tuple[str, ...]) -> tuple[SchemeRun, ...]:
        """In the order that was asked for."""
        known = [scheme for scheme in order if self.curves.get(scheme)]
        return tuple(SchemeRun(scheme, tuple(self.curves[scheme]), self.changed[scheme]) for scheme in known)

    def add(self, seed: int, curves: dict[str, Curve]) -> None:
        """One more seed."""
        self.seeds.append(seed)
        for scheme, curve in curves.items():
            self.curves.setdefault(scheme, []).append(curve)


def _train_all(build: Build, task: Task, plan: Plan, signal: Propagation, progress: Progress) -> _Trained:
    trained, began = _Trained(plan.steps), time.perf_counter()
    deadline = began + plan.limit * _PATIENCE
    while len(trained.seeds) < plan.seeds:
        done = len(trained.seeds)
        if done and not _time_for_more(began, done, plan.limit):
            trained.note = f"{plan.limit:g} s (--seconds) were enough for {done} of {plan.seeds} seeds"
            break
        seed = plan.seed + done

        def tell(number: int, scheme: str, done: int = done, seed: int = seed) -> None:
            total = len(plan.schemes)
            progress(done * total + number, plan.seeds * total, f"{scheme}, seed {seed}")

        curves = _train_seed(build, task, plan, (signal, seed, deadline), trained, tell)
        if len(curves) == len(plan.schemes):
            trained.add(seed, curves)
            continue
        if not done:
            trained.add(seed, curves)
            trained.steps = min((len(one.loss) for one in curves.values() if not one.diverged), default=plan.steps)
        trained.note = _stopped(plan, trained)
        break
    return trained


def _train_seed(
    build: Build,
    task: Task,
    plan: Plan,
    setting: tuple[Propagation, int, float],
    trained: _Trained,
    tell: Callable[[int, str], None],
) -> dict[str, Curve]:
    """The curves of one seed; fewer than there are schemes where the time is up before."""
    signal, seed, deadline = setting
    curves: dict[str, Curve] = {}
    for number, scheme in enumerate(sorted(plan.schemes, key=lambda one: one not in _FIRST)):
        tell(number, scheme)
        torch.manual_seed(seed)
        model = build()
        trained.changed[scheme], details = _prepare(model, scheme, signal)
        trained.redrawn = details or trained.redrawn
        curve, whole = _train(model, task, plan, seed, deadline)
        # Half a run compares with none. Of the first alone, half is better than nothing.
        if whole or not (curves or trained.seeds):
            curves[scheme] = curve
        if not whole:
            break
    if not trained.seeds and not any(curve.loss for curve in curves.values()):
        raise UsageError(f"not one step was done in {plan.limit:g} s; raise --seconds, or give a smaller --input-shape")
    return curves


def _stopped(plan: Plan, trained: _Trained) -> str:
    if len(trained.seeds) > 1 or len(trained.curves) == len(plan.schemes):
        return f"stopped after {plan.limit:g} s (--seconds), with {len(trained.seeds)} of {plan.seeds} seeds"
    left = [scheme for scheme in plan.schemes if scheme not in trained.curves]
    cut = f" in step {trained.steps + 1} of {plan.steps}" if trained.steps < plan.steps else ""
    return f"stopped after {plan.limit:g} s (--seconds){cut}: no time for {', '.join(left)}"


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


def _train(model: nn.Module, task: Task, plan: Plan, seed: int, deadline: float) -> tuple[Curve, bool]:
    """The curve, and whether it is whole: the time may be up before its end."""
    optimizer = _optimizer(model, plan)
    losses: list[float] = []
    norms: list[float] = []
    model.train()
    with suppress(TimeIsUpError), until(deadline):
        for loss, norm in _steps(model, task, optimizer, plan.steps, seed):
            losses.append(loss)
            norms.append(norm)
            if not (isfinite(loss) and isfinite(norm)) or loss > _LOST * max(1.0, losses[0]):
                return Curve(seed, _finite(losses), _finite(norms), diverged=True), True
            if time.perf_counter() > deadline:
                break
    steps = min(len(losses), len(norms))
    return Curve(seed, tuple(losses[:steps]), tuple(norms[:steps])), steps == plan.steps


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
    each = _time_of_a_step(build(), task, plan)
    runs = plan.seeds * len(plan.schemes)
    # Rather fewer seeds or schemes than shorter runs; but two of them have to fit.
    fewest = max(2, min(_FEWEST_STEPS, int(plan.limit / each / len(_FIRST))))
    return min(plan.steps, max(fewest, int(plan.limit / each / runs)))


def _time_of_a_step(model: nn.Module, task: Task, plan: Plan) -> float:
    model.train()
    began = ready = time.perf_counter()
    done = 0
    with suppress(TimeIsUpError), until(began + plan.limit * _SHARE):
        for done, _ in enumerate(
            _steps(model, task, _optimizer(model, replace(plan, rate=0.0)), _TIMED + 1, plan.seed)
        ):
            # The first step pays for everything that is set up once.
            ready = ready if done else time.perf_counter()
    since = ready if done else began
    return max(time.perf_counter() - since, 1e-6) / max(done, 1)


def _first_inputs(task: Task, seed: int) -> object:
    batch = next(task.batches(seed))
    return batch.kwargs or batch.args


def _batch_size(task: Task, seed: int) -> int:
    return int(next(task.batches(seed)).target.shape[0])


def _finite(values: list[float]) -> tuple[float, ...]:
    return tuple(value for value in values if isfinite(value))
