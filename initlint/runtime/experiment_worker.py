"""The child that trains: one order on stdin, answers in lines of JSON on a pipe of its own. (child)

Run as `python -m initlint.runtime.experiment_worker REPORT_FD`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from initlint.errors import InitlintError, UsageError
from initlint.runtime.experiment_order import Order
from initlint.runtime.frames import bug, is_ours, user_traceback
from initlint.runtime.protocol import Failure, decode
from initlint.runtime.worker import NO_TORCH, Channel, die_with_parent, limit_memory, own_stdin

if TYPE_CHECKING:
    from torch import nn

    from initlint.runtime.experiment_report import Experiment
    from initlint.runtime.load import Recipe
    from initlint.runtime.protocol import Place

#: What our own lines raise when they are wrong. Any other error that torch raises in them is about the data given.
_BLUNDERS = (AttributeError, NameError, KeyError, AssertionError, TypeError)


def main() -> None:
    """Serve one order."""
    channel = Channel(int(sys.argv[1]))
    line = own_stdin()
    text = line.readline()
    threading.Thread(target=die_with_parent, args=(line,), daemon=True).start()
    sys.argv = ["initlint"]
    try:
        order = decode(Order, json.loads(text))
        limit_memory(order.memory_limit)
        warnings.simplefilter("ignore")
        outcome = _guarded(order, channel)
    except Exception as error:  # outside the training there is no code but ours
        outcome = bug("the model", error)
    channel.send("failure" if isinstance(outcome, Failure) else "experiment", outcome)
    channel.stream.close()
    sys.stdout.flush()
    os._exit(0)  # the model's own threads and exit handlers have no say any more


def _guarded(order: Order, channel: Channel) -> Experiment | Failure:
    try:
        import torch  # here, so that its absence is told
    except ImportError:
        return Failure(order.target.text, NO_TORCH)
    from initlint.runtime.load import CannotBuildError

    torch.set_num_threads(max(1, min(torch.get_num_threads(), 4)))
    try:
        return _train(order, channel)
    except CannotBuildError as failure:
        return failure.failure
    except InitlintError as error:
        return Failure(order.target.text, f"{order.target.text}: {error}")
    except MemoryError:
        return Failure(order.target.text, f"{order.target.text} needs more than the memory limit")
    except Exception as error:  # the user's model and data may raise anything
        if isinstance(error, _BLUNDERS) and is_ours(error):
            return bug(order.target.text, error)
        message = f"{order.target.text}: training it raises {type(error).__name__}: {error}"
        return Failure(order.target.text, message, user_traceback(error))


def _train(order: Order, channel: Channel) -> Experiment:
    import torch

    from initlint.runtime.experiment import SCHEMES, Plan, run
    from initlint.runtime.experiment_task import given, synthetic
    from initlint.runtime.inputs import find_example, load_function
    from initlint.runtime.lazy import lazy_names, shaped
    from initlint.runtime.load import checked, find_recipe

    target = order.target
    recipe = find_recipe(target)
    plan = Plan(
        steps=order.steps,
        seeds=order.seeds,
        seed=order.seed,
        optimizer=order.optimizer,
        rate=order.rate,
        limit=order.seconds,
        schemes=order.schemes or SCHEMES,
    )

    def build() -> nn.Module:
        model = checked(target, recipe.build())
        if not lazy_names(model):
            return model
        inputs = load_function(target.inputs) if target.inputs else None
        whole = shaped(model, inputs, target.input_shape, torch.initial_seed())
        if whole is None:
            raise UsageError("its lazy layers have no shape before the first forward; give --input-shape or --input")
        return whole

    torch.manual_seed(order.seed)
    if order.data:
        task = given(load_function(order.data)(), order.data)
    else:
        model = build()
        inputs = load_function(target.inputs) if target.inputs else None
        task = synthetic(model, find_example(model, inputs, input_shape=target.input_shape))

    def progress(done: int, total: int, text: str) -> None:
        channel.send("progress", {"done": done, "total": total, "text": text})

    found = replace(run(target.text, build, task, plan, progress), name=recipe.name)
    return replace(found, place=_place(order, recipe, found.moved)) if found.slow_start is not None else found


def _place(order: Order, recipe: Recipe, layer: str) -> Place | None:
    """The line that gave this weight its value last, read off the tape; for want of one, where the model is defined."""
    from initlint.runtime.build import build_taped
    from initlint.runtime.protocol import Model
    from initlint.runtime.remark import weight_place
    from initlint.runtime.survey import survey

    build = build_taped(order.target, recipe, seed=order.seed, cap=order.memory_limit // 4)
    rows = tuple(survey(build, None, sampled=False))
    return weight_place(
        Model(order.target.text, recipe.name, recipe.place, parameters=rows, builds=build.builds), layer
    )


if __name__ == "__main__":
    main()
