"""Reading loops: item by item where the items are known, once for all where they are alike."""

from __future__ import annotations

import ast
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from initlint.describe import assign, conditions, expressions, statements, tensors, turns
from initlint.describe.nodes import Applied
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import Sym
from initlint.describe.values import Choice, ModuleObject, Sequence, Tensor, Value

if TYPE_CHECKING:
    from initlint.describe.statements import Ending

UNROLL_LIMIT = 256


def read_for(run: Run, node: ast.For | ast.AsyncFor, frame: Frame) -> Ending | None:
    """Read the body for each known item; alike items are read once."""
    spelt_out = turns.turns(run, node, frame)
    iterable = Sequence(tuple(spelt_out)) if spelt_out is not None else expressions.evaluate(run, node.iter, frame)
    broad = is_walk(iterable)
    run.broad += broad
    try:
        with _noted(run, node, iterable, frame):
            return _read_items(run, node, iterable, frame)
    finally:
        run.broad -= broad


def _noted(run: Run, node: ast.For | ast.AsyncFor, iterable: Value, frame: Frame) -> AbstractContextManager[None]:
    """A loop over all modules of a model is an init function of its own."""
    root = iterable.root if isinstance(iterable, Sequence) else None
    if root is None or run.forward:
        return nullcontext()
    return run.applying(Applied(frame.site(node.iter), root, None, frame.name, run.tick(), tuple(run.guards), "loop"))


def _read_items(run: Run, node: ast.For | ast.AsyncFor, iterable: Value, frame: Frame) -> Ending | None:
    for guards, option in run.options(iterable):
        alike = alike_count(run, option)
        with run.under(guards), run.looping(alike):
            for value in items_of(run, option, node, frame):
                ending = _once(run, node, value, frame)
                if ending.end in (statements.End.RETURN, statements.End.BREAK):
                    return ending if ending.end is statements.End.RETURN else None
    statements.read_block(run, node.orelse, frame)
    return None


def _once(run: Run, node: ast.For | ast.AsyncFor, value: Value, frame: Frame) -> Ending:
    guards: tuple[Any, ...] = ()
    if isinstance(value, Choice) and len(value.options) == 1:  # an item that is there under a condition
        guards, value = value.options[0]
        if not run.consistent(guards):
            return statements.FALLS
    with run.under(guards):
        assign.assign(run, node.target, value, frame, node)
        return statements.read_block(run, node.body, frame)


def alike_count(run: Run, iterable: Value) -> Value:
    """How many alike items one reading of the body stands for; None where each item is read."""
    iterable = run.settle(iterable)
    if isinstance(iterable, Sequence):
        return iterable.repeated
    if isinstance(iterable, ModuleObject):
        return iterable.multiplicity
    return run.nameless("count") if isinstance(iterable, (Sym, Tensor)) else None


def read_while(run: Run, node: ast.While, frame: Frame) -> Ending | None:
    """Read the body once."""
    conditions.note_truth(run, node.test, expressions.evaluate(run, node.test, frame), frame)
    statements.read_block(run, node.body, frame)
    return None


def is_walk(value: Value) -> bool:
    """Whether this runs over all modules or parameters of a model."""
    return isinstance(value, Sequence) and value.kind == "walk"


def items_of(run: Run, value: Value, node: ast.AST, frame: Frame) -> list[Value]:
    """What a loop runs over. One nameless item where that is unknown."""
    value = run.settle(value)
    if isinstance(value, ModuleObject) and value.kind in ("ModuleList", "Sequential", "ParameterList"):
        value = expressions.children_sequence(run, value)
    if isinstance(value, Tensor):
        value = tensors.slices(run, value)
    if isinstance(value, Sequence):
        items = list(value.items[:UNROLL_LIMIT])
        if value.repeated is not None and items and run.forward:
            items.append(items[-1])  # the second turn shows what follows the first
        return items
    if isinstance(value, str):
        return list(value[:UNROLL_LIMIT])
    if hasattr(value, "items") and isinstance(value.items, dict):
        return list(value.items)
    return [run.nameless("item")]
