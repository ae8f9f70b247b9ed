"""Measure how the signal and its gradient travel through a live model (runs in the child).

Several seeds, float64, gradients of a random projection of the output: what theory speaks about, on the model that
the user really built.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from initlint.errors import TargetError
from initlint.runtime.aggregate import combine
from initlint.runtime.chain import Tag, new_origin, set_tag, tag_of
from initlint.runtime.depthwise import OutOfTimeError, check_clock
from initlint.runtime.eager import eagerly, scripted
from initlint.runtime.inputs import Example, find_example
from initlint.runtime.outputs import tensors
from initlint.runtime.propagation_report import Classification, Propagation
from initlint.runtime.trace import Trace, flatten
from initlint.runtime.tracer import Tracer, traced

#: Rebuilding a larger model for each seed costs more than it tells; the inputs still vary.
_REBUILD_LIMIT = 50_000_000
#: Keys of a model's output that are caches or by-products.
_BY_PRODUCTS = ("past_key_values", "hidden_states", "attentions", "cross_attentions", "encoder_last_hidden_state")
_SCRIPTED = "the signal inside a ScriptModule cannot be followed; name the Python class that it was made of"
_TOO_SLOW = "the signal could not be followed to the end in the time set for it"
_HEADS = ("head", "fc", "classifier", "logits", "lm_head", "cls", "classification_head", "score", "decoder")


@dataclass(frozen=True, slots=True)
class Run:
    """What one seed showed."""

    trace: Trace
    logits: tuple[int, float, str] | None
    problem: str | None = None


def measure(
    model: nn.Module,
    inputs: object = None,
    *,
    input_shape: tuple[int, ...] = (),
    seeds: int = 3,
    seed: int = 0,
    rebuild: Callable[[], nn.Module] | None = None,
    seconds: float = 60.0,
) -> Propagation:
    """The signal of `model`, forward and backward.

    `inputs` is a tensor, a tuple, a dict of keyword arguments, or a function returning one of them; without it,
    `input_shape` (with the batch) or a guess serves. `rebuild` makes the model anew, so that seeds vary the weights
    too. The model itself is left as it was. A forward that cannot run is told in `problem`, never raised. `seconds` is
    the time for all seeds; where float64 does not get through a single one, the model's own precision has as long.
    """
    if scripted(model):
        return Propagation(problem=_SCRIPTED)
    began = time.perf_counter()
    state = torch.random.get_rng_state()
    problem = ""
    try:
        for wide, in_place in _ways(model):
            deadline = time.perf_counter() + seconds
            with _prepared(model, wide=wide, in_place=in_place) as (working, dtype), eagerly(working):
                try:
                    example = find_example(working, inputs, input_shape=input_shape, seed=seed, deadline=deadline)
                except OutOfTimeError:
                    problem = problem or _TOO_SLOW
                    continue
                except TargetError as error:
                    problem = problem or str(error)
                    continue
                runs = list(_runs(working, example, (seeds, seed), rebuild, deadline))
                good = [run for run in runs if run.problem is None]
                problem = problem or (runs[0].problem or "")
                if good:
                    report = _report(good, example, seed, rebuild is not None and _small(model))
                    return replace(report, dtype=dtype, seconds=time.perf_counter() - began)
    finally:
        torch.random.set_rng_state(state)
    return Propagation(problem=problem, seconds=time.perf_counter() - began)


def _ways(model: nn.Module) -> Iterator[tuple[bool, bool]]:
    """(in double precision, on the model itself): each way is taken where those before it fail."""
    yield True, False
    yield False, False  # some kernels exist in single precision only
    if any(module._forward_hooks or module._forward_pre_hooks for module in model.modules()):
        yield False, True  # a hook of the user's may keep things in the original, where the copy looks in vain


def _report(runs: list[Run], example: Example, seed: int, rebuilt: bool) -> Propagation:
    return replace(
        combine([run.trace for run in runs]),
        classification=_classification(runs),
        inputs=example.text,
        seeds=tuple(seed + index for index in range(len(runs))),
        rebuilt=rebuilt,
    )


def _small(model: nn.Module) -> bool:
    return sum(value.numel() for value in model.parameters()) <= _REBUILD_LIMIT


def _runs(
    model: nn.Module,
    example: Example,
    numbers: tuple[int, int],
    rebuild: Callable[[], nn.Module] | None,
    deadline: float,
) -> Iterator[Run]:
    seeds, first = numbers
    for index in range(max(1, seeds)):
        torch.manual_seed(first + index)
        subject = model
        if index and rebuild is not None and _small(model):
            subject = _rebuilt(rebuild, like=model)
        yield _run(subject, example, first + index, deadline)
        if time.perf_counter() > deadline:
            return


def _rebuilt(rebuild: Callable[[], nn.Module], *, like: nn.Module) -> nn.Module:
    # Drawn in the precision that users draw in, then widened: the numbers are those of a real start.
    wide = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        fresh = rebuild()
    finally:
        torch.set_default_dtype(wide)
    return fresh.double() if all(p.dtype == torch.float64 for p in like.parameters()) else fresh


@contextmanager
def _prepared(model: nn.Module, *, wide: bool, in_place: bool = False) -> Iterator[tuple[nn.Module, str]]:
    """A copy of the model, in float64 if `wide`; the model itself, put back afterwards, where it cannot be copied."""
    previous = torch.get_default_dtype()
    try:
        working = model if in_place else copy.deepcopy(model)
    except Exception:  # a user's __deepcopy__ may raise anything; measuring in place always works
        working, wide = model, False
    modes = {module: module.training for module in model.modules()}
    buffers = {name: value.clone() for name, value in model.named_buffers()} if working is model else {}
    try:
        if wide:
            working = working.double()
            torch.set_default_dtype(torch.float64)
        working.train()
        yield working, "float64" if wide else "as built"
    finally:
        torch.set_default_dtype(previous)
        for module, training in modes.items():
            module.training = training
        for name, value in model.named_buffers():
            if name in buffers:
                value.copy_(buffers[name])


def _run(model: nn.Module, example: Example, seed: int, deadline: float) -> Run:
    model.train()
    args, kwargs = example.make(seed)
    trace = Trace()
    for value in flatten((args, kwargs)):
        if value.is_floating_point():
            set_tag(value, Tag(step=new_origin()))
    try:
        with torch.enable_grad(), traced(model, Tracer(trace, deadline)):
            output = model(*args, **kwargs)
        outputs = list(_outputs(output))
        trace.close((tag_of(value) for value in outputs), output=True)
        _backward(outputs, seed, trace, deadline)
    except OutOfTimeError:
        return Run(trace, None, _TOO_SLOW)
    except (Exception, SystemExit) as error:  # the user's forward may raise anything; the weight checks go on
        return Run(trace, None, f"{type(error).__name__}: {error}")
    finally:
        model.zero_grad(set_to_none=True)
    return Run(trace, _logits(model, outputs, trace))


def _outputs(output: object) -> Iterator[Tensor]:
    if isinstance(output, dict):
        output = {key: value for key, value in output.items() if key not in _BY_PRODUCTS}
    for value in tensors(output):
        if value.is_floating_point() and value.numel():
            yield value


def _backward(outputs: list[Tensor], seed: int, trace: Trace, deadline: float) -> None:
    live = [value for value in outputs if value.requires_grad]
    if not live:
        return
    generator = torch.Generator().manual_seed(seed)
    pulls = [torch.randn(value.shape, generator=generator, dtype=torch.float64).to(value) for value in live]
    for row in trace.rows:
        row.probe.on_gradient = partial(check_clock, deadline)
    with suppress(NotImplementedError):
        torch.autograd.backward(live, pulls)


def _logits(model: nn.Module, outputs: list[Tensor], trace: Trace) -> tuple[int, float, str] | None:
    """(classes, mean loss on labels drawn evenly, layer) if the first output is certainly a classifier's."""
    if not outputs or outputs[0].dim() not in (2, 3):
        return None
    logits = outputs[0].detach().double()
    classes, tag = logits.shape[-1], tag_of(outputs[0])
    row = trace.rows[tag.row] if tag is not None and tag.row is not None else None
    if classes < 2 or row is None or row.follows or not _is_classifier(model, classes, logits.dim(), row.name):
        return None
    loss = float((torch.logsumexp(logits, -1) - logits.mean(-1)).mean())
    return classes, loss, row.name


def _is_classifier(model: nn.Module, classes: int, dimensions: int, layer: str) -> bool:
    config = getattr(model, "config", None)
    if dimensions == 3:
        sizes = {module.num_embeddings for module in model.modules() if isinstance(module, nn.Embedding)}
        return classes in sizes and classes >= 16
    if config is not None and "Classification" in type(model).__name__:
        return classes == getattr(config, "num_labels", None)
    declared = classes in (getattr(model, "num_classes", None), getattr(model, "n_classes", None))
    return declared or (classes >= 3 and layer.rpartition(".")[2] in _HEADS)


def _classification(runs: list[Run]) -> Classification | None:
    found = [run.logits for run in runs if run.logits is not None]
    if not found or any(loss != loss for _, loss, _ in found):
        return None
    classes, _, layer = found[0]
    return Classification(classes, sum(loss for _, loss, _ in found) / len(found), layer)
