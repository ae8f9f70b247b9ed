"""Comparisons, `and`, `or`, `not`, conditional expressions, and what a condition teaches where it holds."""

from __future__ import annotations

import ast
from typing import Any

from initlint.describe import attributes, exact_types, expressions, identity, operators, tensors, type_tests
from initlint.describe.nodes import Truth
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import Sym
from initlint.describe.truth import branches, compare, decided, unknown_comparison
from initlint.describe.values import (
    Choice,
    Tensor,
    Value,
)  # fmt: skip


def read_comparison(run: Run, node: ast.Compare, frame: Frame) -> Value:
    operands = [expressions.evaluate(run, part, frame) for part in (node.left, *node.comparators)]
    if len(operands) == 2 and not run.forward:
        type_tests.note_comparison(run, node, operands[0], operands[1], frame)
        exact_types.note_exact(run, node, operands[1], frame)
    if len(operands) == 2 and any(isinstance(value, Choice) for value in operands):
        options = []
        for first, left in run.options(operands[0])[:6]:
            with run.under(first):
                for second, right in run.options(operands[1])[:6]:
                    with run.under(second):
                        options.append((first + second, _compare_two(run, node, frame, left, right)))
        return run.choose(options) if options else run.nameless("comparison")
    if len(operands) == 2 and (taught := identity.exact_type(run, node, operands[0], operands[1], frame)) is not None:
        return taught
    results = []
    for operator, left, right in zip(node.ops, operands, operands[1:], strict=False):
        results.append(_compare_two(run, ast.Compare(node.left, [operator], [node.left]), frame, left, right))
        if results[-1] is False:
            return False
    if all(result is True for result in results):
        return True
    return results[0] if len(results) == 1 else unknown_comparison(run, node, frame, operands)


def _compare_two(run: Run, node: ast.Compare, frame: Frame, left: Value, right: Value) -> Value:
    left, right = run.settle(left), run.settle(right)
    test = attributes.name_test(run, node.ops[0], left, right)
    if test is not None:
        return test
    known = compare(node.ops[0], left, right)
    return unknown_comparison(run, node, frame, [left, right]) if known is None else known


def read_boolean(run: Run, node: ast.BoolOp, frame: Frame) -> Value:
    """`a and b`: read part by part, each under the truth of those before it."""
    return _bool_parts(run, node.values, isinstance(node.op, ast.And), node, frame)


def _bool_parts(run: Run, parts: list[ast.expr], is_and: bool, node: ast.BoolOp, frame: Frame) -> Value:
    value = expressions.evaluate(run, parts[0], frame)
    if len(parts) == 1:
        note_truth(run, parts[0], value, frame, of=node)
        return value
    note_truth(run, parts[0], value, frame)
    outcomes = branches(run, value, frame.site(parts[0]))
    if all(outcome is (not is_and) for _, outcome in outcomes):
        return value
    if all(outcome is is_and for _, outcome in outcomes):
        return expressions._merge_narrowing(run, value, _bool_narrowed(run, parts[1:], value, is_and, node, frame))
    options = []
    for guards, outcome in outcomes:
        with run.under(guards):
            if outcome is is_and:
                rest = _bool_narrowed(run, parts[1:], value, is_and, node, frame)
                options += [((*guards, *more), inner) for more, inner in run.options(rest)]
            else:
                options.append((guards, False if is_and and decided(value) is None else value))
    if is_and and not isinstance(value, Choice) and narrowing(value):
        return _narrowing_and(run, value, options, node)
    return run.choose(options)


def _bool_narrowed(
    run: Run, parts: list[ast.expr], value: Value, is_and: bool, node: ast.BoolOp, frame: Frame
) -> Value:
    lessons = narrowing(value) if is_and else {}
    if not lessons:
        return _bool_parts(run, parts, is_and, node, frame)
    kept = {name: old for name, old in frame.env.items() if isinstance(old, Sym) and old in lessons}
    for name, old in kept.items():
        frame.env[name] = lessons[old]
    try:
        return _bool_parts(run, parts, is_and, node, frame)
    finally:
        frame.env.update(kept)


def _narrowing_and(run: Run, value: Value, options: list[Any], node: ast.BoolOp) -> Value:
    """`isinstance(m, A) and cond`: unknown as a whole, but it teaches what its first part teaches."""
    if all(option is False for _, option in options):
        return False
    lessons = narrowing(value)
    return run.unknown(f"and@{id(node)}:{operators._word(value)}", payload=("narrow", lessons))


def narrowing(test: Value) -> dict[Sym, Value]:
    """What a condition teaches where it holds: unknown -> what it must be; of `a or b`, what each would teach."""
    if isinstance(test, Choice):
        taught = [(guards, narrowing(option)) for guards, option in test.options if option is not False]
        shared = set.intersection(*(set(lessons) for _, lessons in taught)) if taught else set()
        return {subject: Choice(tuple((guards, one[subject]) for guards, one in taught)) for subject in shared}
    if isinstance(test, Sym) and (atom := test.single) is not None:
        match atom.payload:
            case ("narrow", dict() as lessons):
                return lessons
    return {}


def note_truth(run: Run, node: ast.expr, value: Value, frame: Frame, of: ast.BoolOp | None = None) -> None:
    """Remember where the truth of a tensor is asked for. Of `a and b` the parts are noted, one by one.

    The last part, whose `of` is the whole, is asked only where the whole is a condition.
    """
    if isinstance(node, ast.BoolOp):
        return
    value = run.settle(value)
    if isinstance(value, Choice):
        present = [option for _, option in run.options(value) if isinstance(option, Tensor)]
        value = present[0] if present else None
    if not isinstance(value, Tensor) or value.storage is None or not value.is_parameter:
        return
    if of is None or type_tests.is_condition(frame.file.source, of):
        run.records.append(Truth(frame.site(node), frame.site(node), tensors.target_of(value)))


def read_conditional(run: Run, node: ast.IfExp, frame: Frame) -> Value:
    test = expressions.evaluate(run, node.test, frame)
    note_truth(run, node.test, test, frame)
    if not run.forward:
        type_tests.note_condition(run, node.test, frame)
    options = []
    sides = []
    lessons = narrowing(test)
    for guards, outcome in branches(run, test, frame.site(node.test)):
        run.branch_begin()
        changes = {}
        try:
            with run.under(guards):
                kept = {}
                if outcome and lessons:
                    kept = {name: old for name, old in frame.env.items() if isinstance(old, Sym) and old in lessons}
                    frame.env.update({name: lessons[old] for name, old in kept.items()})
                options.append((guards, expressions.evaluate(run, node.body if outcome else node.orelse, frame)))
                frame.env.update(kept)
        finally:
            changes = run.branch_end()
        sides.append((guards, changes))
    run.merge(sides)
    return run.choose(options)
