"""`a + b`, `-a`, on numbers, symbols, lists, tensors and signals."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from initlint.describe import (
    calls,
    conditions,
    expressions,
    flow_operations,
    tensors,
    text_patterns,
)
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import Sym, number
from initlint.describe.truth import branches
from initlint.describe.values import (
    Choice,
    ModuleObject,
    Sequence,
    Tensor,
    Value,
)  # fmt: skip


def binary(run: Run, operator: ast.operator, left: Value, right: Value, node: ast.AST, frame: Frame) -> Value:
    """`left op right`."""
    if isinstance(left, Choice) or isinstance(right, Choice):
        options = []
        for first, a in run.options(left)[:4]:
            with run.under(first):
                for second, b in run.options(right)[:4]:
                    options.append((first + second, binary(run, operator, a, b, node, frame)))
        return run.choose(options) if options else run.nameless("choice")
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        if run.forward:
            return flow_operations.binary(run, operator, left, right, node, frame)
        return tensors.arithmetic(run, operator, left, right, node, frame)
    if isinstance(left, Sequence) or isinstance(right, Sequence):
        return _sequence_operation(run, operator, left, right, node, frame)
    if isinstance(left, str) and isinstance(operator, ast.Mod):
        made = text_patterns.by_percent(left, right)
        return made if made is not None else run.nameless("text")
    if isinstance(left, str) and isinstance(operator, ast.Add) and text_patterns.is_text(right):
        return f"{left}*"
    try:
        return _arithmetic(operator, left, right)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        if isinstance(left, str) or isinstance(right, str):
            return run.nameless("text")
        if isinstance(left, Sym) or isinstance(right, Sym):
            return run.unknown(f"({_word(left)} {_SIGNS.get(type(operator), type(operator).__name__)} {_word(right)})")
        return run.nameless("number")


_SIGNS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
}  # fmt: skip


def _word(value: Value) -> str:
    return repr(value) if isinstance(value, (Sym, int, float, str)) else f"{id(value):x}"


def _arithmetic(operator: ast.operator, left: Any, right: Any) -> Any:
    plain = (int, float, str, Sym)
    if not isinstance(left, plain) or not isinstance(right, plain):
        raise TypeError
    if isinstance(operator, ast.Pow) and isinstance(right, (int, float)) and abs(right) > 64:
        raise ValueError
    if isinstance(operator, ast.Mult) and (isinstance(left, str) or isinstance(right, str)):
        raise TypeError
    if type(operator) not in _OPERATORS:
        raise TypeError
    return _OPERATORS[type(operator)](left, right)


_SPELT_OUT = 16  # a list multiplied by no more than this is written out
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: lambda a, b: a**b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitAnd: lambda a, b: a & b,
    ast.LShift: lambda a, b: a << b if b < 64 else 1 / 0,
    ast.RShift: lambda a, b: a >> b,
}


def _sequence_operation(
    run: Run, operator: ast.operator, left: Value, right: Value, node: ast.AST, frame: Frame
) -> Value:
    if isinstance(operator, ast.Add) and isinstance(left, Sequence) and isinstance(right, Sequence):
        joined = Sequence(left.items, left.kind, left.repeated)
        extend(run, joined, right)
        return joined
    if isinstance(operator, ast.Mult):
        sequence, count = (left, right) if isinstance(left, Sequence) else (right, left)
        times = number(count)
        flag = count.default if isinstance(count, Sym) else count
        if isinstance(flag, bool):  # `use_norm * [norm]`: one or none, by default
            return Sequence(sequence.items if flag else (), sequence.kind, sequence.repeated if flag else None)
        if any(isinstance(item, ModuleObject) for item in sequence.items):
            calls.note_repeat(run, node, sequence, count, frame)
            if isinstance(times, int) and 0 < times <= _SPELT_OUT and sequence.repeated is None:
                return Sequence(sequence.items * times, sequence.kind)
            return Sequence(sequence.items, sequence.kind, count)
        count = times if isinstance(times, int) and times <= _SPELT_OUT else count
        if isinstance(count, int) and 0 <= count * len(sequence.items) <= 512 and sequence.repeated is None:
            return Sequence(sequence.items * count, sequence.kind)
        return Sequence(sequence.items, sequence.kind, count)
    return run.nameless("sequence")


def extend(run: Run, sequence: Sequence, more: Sequence) -> None:
    """`sequence += more`."""
    run.set(sequence, "items", (*sequence.items, *more.items))
    if more.repeated is not None or sequence.repeated is not None:
        run.set(sequence, "repeated", more.repeated if more.repeated is not None else sequence.repeated)


def read_binary(run: Run, node: ast.BinOp, frame: Frame) -> Value:
    return binary(
        run,
        node.op,
        expressions.evaluate(run, node.left, frame),
        expressions.evaluate(run, node.right, frame),
        node,
        frame,
    )


def read_unary(run: Run, node: ast.UnaryOp, frame: Frame) -> Value:
    value = run.settle(expressions.evaluate(run, node.operand, frame))
    if isinstance(node.op, ast.Not):
        conditions.note_truth(run, node.operand, value, frame)
        outcomes = {outcome for _, outcome in branches(run, value, frame.site(node))}
        if len(outcomes) == 1:
            return not outcomes.pop()
        if isinstance(value, Choice):
            return run.choose([(g, (not o)) for g, o in branches(run, value, frame.site(node))])
        guards = branches(run, value, frame.site(node))
        return run.choose([(g, not o) for g, o in guards])
    if isinstance(node.op, ast.USub):
        if isinstance(value, (int, float, Sym)):
            return -value
        if isinstance(value, Tensor):
            return binary(run, ast.Mult(), value, -1, node, frame)
    if isinstance(node.op, ast.UAdd):
        return value
    return run.nameless("unary")
