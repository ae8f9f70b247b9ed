"""List, set, dict and generator comprehensions."""

from __future__ import annotations

import ast
from typing import Any

from initlint.describe import (
    expressions,
    loops,
    turns,
    type_tests,
)
from initlint.describe.nodes import Guard
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import Sym
from initlint.describe.truth import decided
from initlint.describe.values import (
    Choice,
    Mapping,
    ModuleObject,
    Sequence,
    Value,
)  # fmt: skip


def read_comprehension(
    run: Run, node: ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp, frame: Frame
) -> Value:
    saved = dict(frame.env)
    results: list[Value] = []
    repeated = _generate(run, node, 0, frame, results)
    frame.env = saved
    if isinstance(node, ast.DictComp):
        return Mapping(dict(results), repeated is not None)
    return Sequence(tuple(results), "list", repeated)


def _generate(run: Run, node: Any, depth: int, frame: Frame, results: list[Value]) -> Value:
    if depth == len(node.generators):
        if isinstance(node, ast.DictComp):
            key = run.settle(expressions.evaluate(run, node.key, frame))
            if isinstance(key, (str, int, float, Sym)):
                results.append((key, expressions.evaluate(run, node.value, frame)))
        else:
            results.append(expressions.evaluate(run, node.elt, frame))
        return None
    generator = node.generators[depth]
    spelt_out = None if isinstance(node, (ast.SetComp, ast.DictComp)) else turns.spelt_out(run, node, depth, frame)
    iterable: Value = (
        Sequence(tuple(spelt_out))
        if spelt_out is not None
        else run.settle(expressions.evaluate(run, generator.iter, frame))
    )
    repeated = iterable.repeated if isinstance(iterable, Sequence) else None
    if not isinstance(iterable, Sequence | Mapping | str | ModuleObject):
        repeated = run.nameless("count")
    for item in loops.items_of(run, iterable, node, frame):
        guards: tuple[Guard, ...] = ()
        if isinstance(item, Choice) and len(item.options) == 1:
            guards, item = item.options[0]
        with run.under(guards):
            from initlint.describe import assign

            assign.assign(run, generator.target, item, frame, node)
            for test in generator.ifs if not run.forward else ():
                type_tests.note_condition(run, test, frame)
            verdicts = [run.settle(expressions.evaluate(run, test, frame)) for test in generator.ifs]
            if any(decided(verdict) is False for verdict in verdicts):
                continue
            inner = _generate(run, node, depth + 1, frame, results)
        repeated = inner if inner is not None else repeated
        if any(decided(verdict) is None for verdict in verdicts):
            repeated = run.nameless("count")
    return repeated
