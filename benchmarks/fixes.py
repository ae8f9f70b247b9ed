"""Loss after a short training, before and after all fixes: `python benchmarks/fixes.py > benchmarks/fixes.md`.

Every class of the rules' fixtures and of `fix_models.py` that can be built without arguments, whose input can be
guessed, and that starts otherwise once fixed. The same seeds, data and steps for both, and the better of the same
learning rates for each: a scheme that asks for a smaller rate is not a worse one.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

from initlint.config import Settings
from initlint.engine import Engine, make
from initlint.errors import InitlintError
from initlint.finding import Finding, Severity
from initlint.repair import fixable, repair
from initlint.runtime.experiment_task import Task, first_output, synthetic
from initlint.runtime.inputs import find_example
from initlint.source.files import given

ROOT = Path(__file__).parents[1]
OWN = Path(__file__).with_name("fix_models.py")
SHAPES = {"StandardNormalMLP": (256, 64), "TransposedFan": (256, 32)}  # raw parameters do not tell what they take
SEEDS, STEPS, LAST = 5, 80, 10
RATES, MOMENTUM = (0.003, 0.01, 0.03), 0.9
SAME = 0.01  # a ratio this close to 1 is neither better nor worse
FAR = 1e4  # a loss so many times its start has diverged


_READING = (
    "How to read it: a fix puts right what the code says, and not every mistake costs loss in so short a run. Layers",
    "that share their weights (INI106) take steps that are as many times larger. A part that starts as zero or with a",
    "prior on purpose (INI109, INI511) starts slower, and is there for something else than this task. In networks of",
    "two or three layers the scale hardly matters, and the learning rate weighs as much: what `--verify` measures in",
    "KaimingSelu is 1.19 of the signal's std in each layer before and 1.00 after, and in TransposedFan the std that",
    "kaiming means, 0.25 and 0.0625, each on the right matrix. Where the spread is as large as the loss (INI504",
    "ByApply), the ratio says nothing.",
)


@dataclass(frozen=True)
class Row:
    """One model: the mean loss of the last steps, for each seed."""

    file: str
    name: str
    codes: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    rates: tuple[float, float]

    @property
    def ratio(self) -> float:
        """Geometric mean over the seeds of after / before; inf and 0 where one side alone diverges."""
        logs = [_log(new) - _log(old) for old, new in zip(self.before, self.after, strict=True)
                if math.isfinite(old) or math.isfinite(new)]  # fmt: skip
        return math.exp(min(max(statistics.mean(logs), -50), 50)) if logs else 1.0

    @property
    def wins(self) -> int:
        return sum(new < old for old, new in zip(self.before, self.after, strict=True))


def _log(value: float) -> float:
    return math.log(max(value, 1e-12)) if math.isfinite(value) else 100.0


def main() -> None:
    """Train, and print the page."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    engine = make(Settings(min_severity=Severity.INFO, cache=False, jobs=1))
    paths = [OWN, *sorted(path.with_name("bad.py") for path in (ROOT / "fixtures").glob("ini*/fixed.py"))]
    wanted = sys.argv[1:]
    rows: list[Row] = []
    skipped: list[str] = []
    began = time.monotonic()
    for path in paths:
        if not wanted or any(word in str(path) for word in wanted):
            rows += measured(engine, path, skipped)
    print(page(rows, skipped, time.monotonic() - began))


def measured(engine: Engine, path: Path, skipped: list[str]) -> Iterator[Row]:
    """The models of one file that the fixes change."""
    text = path.read_text(encoding="utf-8")
    outcome = engine.run(given(str(path), text.encode()))
    changes = repair(engine, outcome, unsafe=True).changes
    if not changes:
        return
    fixed = changes[str(path)][1].text
    left, right = classes(text, path.parent.name), classes(fixed, path.parent.name)
    label = path.name if path == OWN else path.parent.name.partition("_")[0].upper()
    owners = owners_of(text, fixable(outcome.findings, unsafe=True))
    for name, make_before in left.items():
        if name not in right:
            continue
        row = compared(label, name, tuple(sorted(owners.get(name, ()))), (make_before, right[name]))
        if isinstance(row, Row):
            yield row
        elif row:
            skipped.append(f"{label} {name}: {row}")


def owners_of(text: str, findings: list[Finding]) -> dict[str, set[str]]:
    """The codes of the findings by the class that they name or stand in."""
    tops = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
    owners: dict[str, set[str]] = {}
    for one in findings:
        around = (node.name for node in tops if node.lineno <= one.span.line <= (node.end_lineno or 0))
        for name in {(one.layer or "").partition(".")[0], next(around, "")}:
            owners.setdefault(name, set()).add(one.code)
    return owners


def classes(text: str, name: str) -> dict[str, Callable[[], nn.Module]]:
    """The classes of a text that take no arguments."""
    module = ModuleType(f"benchmark_{name}")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):  # some mistakes raise on import
        exec(compile(text, name, "exec"), vars(module))
    found: dict[str, Callable[[], nn.Module]] = {}
    for key, thing in vars(module).items():
        if isinstance(thing, type) and issubclass(thing, nn.Module) and thing.__module__ == module.__name__:
            with contextlib.suppress(TypeError, ValueError):
                inspect.signature(thing).bind()
                found[key] = thing
    return found


def compared(file: str, name: str, codes: tuple[str, ...], makers: tuple[Callable[[], nn.Module], ...]) -> Row | str:
    """The losses of both, or why there are none; empty where nothing changes."""
    sides: list[nn.Module] = []
    for index, maker in enumerate(makers):
        torch.manual_seed(0)
        try:
            sides.append(maker())
        except Exception as error:  # a mistake that raises is what some fixtures show
            when = "after" if index else "before"
            return f"cannot be built {when} the fix ({type(error).__name__})" if index or codes else ""
    if _state(sides[0]) == _state(sides[1]):
        return ""
    try:
        task = synthetic(sides[1], find_example(sides[1], None, input_shape=SHAPES.get(name, ())))
        (left, slow), (right, fast) = (best(maker, task) for maker in makers)
    except (InitlintError, RuntimeError, ValueError, TypeError, NotImplementedError) as error:
        return f"not trained: {str(error).splitlines()[0][:100]}"
    return Row(file, name, codes, left, right, (slow, fast))


def best(maker: Callable[[], nn.Module], task: Task) -> tuple[tuple[float, ...], float]:
    """The losses of all seeds at the rate at which they are lowest, and that rate."""
    tried = {rate: tuple(trained(maker, task, seed, rate) for seed in range(SEEDS)) for rate in RATES}
    rate = min(tried, key=lambda one: statistics.mean(map(_log, tried[one])))
    return tried[rate], rate


def _state(model: nn.Module) -> list[tuple[str, tuple[int, ...], float]]:
    values = [*model.named_parameters(remove_duplicate=False)]
    return [(name, tuple(value.shape), float(value.detach().double().square().sum())) for name, value in values]


def trained(maker: Callable[[], nn.Module], task: Task, seed: int, rate: float) -> float:
    """The mean loss of the last steps; inf where it diverged."""
    torch.manual_seed(seed)
    model = maker()
    optimizer = torch.optim.SGD([one for one in model.parameters() if one.requires_grad], rate, MOMENTUM)
    batches, losses = task.batches(seed), list[float]()
    for _ in range(STEPS):
        batch = next(batches)
        optimizer.zero_grad()
        loss: Tensor = task.loss(first_output(model(*batch.args, **batch.kwargs)), batch.target)
        losses.append(float(loss.detach()))
        if not math.isfinite(losses[-1]) or losses[-1] > FAR * max(losses[0], 1):
            return math.inf
        if loss.requires_grad:
            loss.backward()
            optimizer.step()
    return statistics.mean(losses[-LAST:])


def page(rows: list[Row], skipped: list[str], seconds: float) -> str:
    """The report."""
    lines = [
        "# Fixes: the loss after a short training, before and after",
        "",
        "Written by `python benchmarks/fixes.py > benchmarks/fixes.md`.",
        "",
        f"All fixes, safe and unsafe. {STEPS} steps of SGD (momentum {MOMENTUM}) on a synthetic task, {SEEDS} seeds, "
        f"the same data for both; for each side the best of the rates {', '.join(map(str, RATES))}. loss: mean of the "
        f"last {LAST} steps, mean and spread over the seeds. ratio: geometric mean of after / before. better: seeds in "
        "which the fixed model is ahead. Every model that could be trained is shown. "
        f"torch {torch.__version__}, {seconds:.0f} s.",
        "",
        *_READING,
        "",
    ]
    for title, part in (
        ("## Models of the benchmark", [row for row in rows if row.file == OWN.name]),
        ("## Models of the fixtures", [row for row in rows if row.file != OWN.name]),
    ):
        lines += [title, "", summary(part), "", *table(part), ""]
    lines += ["## Not compared", "", *(f"- {line}" for line in skipped), ""]
    return "\n".join(lines)


def summary(rows: list[Row]) -> str:
    """How often better, how often worse, and by how much."""
    if not rows:
        return "None."
    better = [row for row in rows if row.ratio < 1 - SAME]
    worse = [row for row in rows if row.ratio > 1 + SAME]
    median = statistics.median(row.ratio for row in rows)
    told = ", ".join(f"{row.name} ({', '.join(row.codes) or row.file}: {shown(row.ratio)})" for row in worse)
    return (
        f"{len(rows)} models: better {len(better)}, the same to 1 % {len(rows) - len(better) - len(worse)}, "
        f"worse {len(worse)}{f': {told}' if worse else ''}. Median ratio {shown(median)}."
    )


def table(rows: list[Row]) -> list[str]:
    """A row for each model."""
    head = ["| from | model | fixed | loss before | loss after | rates | ratio | better |", f"|{'---|' * 8}"]
    return head + [
        f"| {row.file} | {row.name} | {', '.join(row.codes) or '-'} | {loss(row.before)} | {loss(row.after)} | "
        f"{row.rates[0]:g}, {row.rates[1]:g} | {shown(row.ratio)} | {row.wins}/{SEEDS} |"
        for row in rows
    ]


def loss(values: tuple[float, ...]) -> str:
    """Mean and spread; how many diverged."""
    finite = [value for value in values if math.isfinite(value)]
    lost = len(values) - len(finite)
    if not finite:
        return "diverged"
    text = f"{statistics.mean(finite):.4g} ± {statistics.stdev(finite) if len(finite) > 1 else 0:.2g}"
    return f"{text}, {lost} diverged" if lost else text


def shown(ratio: float) -> str:
    """A ratio in two digits, or that one side alone diverged."""
    if ratio < 1e-6:
        return "only before diverges"
    return "only after diverges" if ratio > 1e6 else f"{ratio:.2f}"


if __name__ == "__main__":
    main()
