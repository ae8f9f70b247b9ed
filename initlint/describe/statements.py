"""Reading statements in the order in which Python runs them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from enum import Enum, auto

from initlint.describe import assign, bias_asked, branch_chains, conditions, expressions, loops, type_tests
from initlint.describe.index import class_info, record_import
from initlint.describe.nodes import Guard
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import Sym
from initlint.describe.truth import branches
from initlint.describe.values import Choice, ClassRef, Function, Value
from initlint.source import syntax


class End(Enum):
    """How a block ends. RAISE is an assumption about the program: what follows holds without it."""

    FALLS = auto()
    RETURN = auto()
    BREAK = auto()
    CONTINUE = auto()
    RAISE = auto()


class Ending:
    """How a block may end: surely (`end`), or under guards, after which the rest runs `rest` guarded."""

    __slots__ = ("end", "guards", "partial")

    def __init__(self, end: End, partial: End | None = None, guards: tuple[Guard, ...] = ()) -> None:
        self.end = end
        self.partial = partial
        self.guards = guards


FALLS = Ending(End.FALLS)


def read_block(run: Run, body: list[ast.stmt], frame: Frame) -> Ending:
    """Read statements one after the other. What follows a conditional way out is read under its opposite."""
    for position, statement in enumerate(body):
        ending = read(run, statement, frame)
        if ending.end is not End.FALLS:
            return ending
        if ending.partial is not None and ending.guards:
            with run.under(ending.guards):
                rest = read_block(run, body[position + 1 :], frame)
            if rest.end is End.FALLS:
                return Ending(End.FALLS, ending.partial, ending.guards)
            return rest
    return FALLS


def read(run: Run, node: ast.stmt, frame: Frame) -> Ending:
    """Read one statement."""
    run.step()
    reader = _READERS.get(type(node))
    return reader(run, node, frame) or FALLS if reader is not None else FALLS


def _expression(run: Run, node: ast.Expr, frame: Frame) -> None:
    if not isinstance(node.value, ast.Constant):
        expressions.evaluate(run, node.value, frame)


def _return(run: Run, node: ast.Return, frame: Frame) -> Ending:
    value = expressions.evaluate(run, node.value, frame) if node.value is not None else None
    frame.returns.append((tuple(run.guards), value))
    return Ending(End.RETURN)


def _if(run: Run, node: ast.If, frame: Frame) -> Ending:
    test = expressions.evaluate(run, node.test, frame)
    conditions.note_truth(run, node.test, test, frame)
    if not run.forward:
        type_tests.note_condition(run, node.test, frame)
        branch_chains.note_chain(run, node, frame)
        bias_asked.note(run, node, frame)
    outcomes = branches(run, test, frame.site(node.test))
    taken = [guards for guards, outcome in outcomes if outcome]
    skipped = [guards for guards, outcome in outcomes if not outcome]
    narrowing = conditions.narrowing(test)
    if not skipped:
        return _read_narrowed(run, node.body, frame, narrowing)
    if not taken:
        return read_block(run, node.orelse, frame)
    return _both(run, node, frame, _sides(taken, skipped, node, frame), narrowing)


def _sides(
    taken: list[tuple[Guard, ...]], skipped: list[tuple[Guard, ...]], node: ast.If, frame: Frame
) -> tuple[tuple[Guard, ...], tuple[Guard, ...]]:
    """The guards of both branches. Where one guard stands for several conditions, its opposite excludes it."""
    yes, no = _one(taken, node, frame), _one(skipped, node, frame, False)
    if len(taken) > 1 and len(skipped) == 1:
        no = (*no, _opposite(yes[0]))
    elif len(skipped) > 1 and len(taken) == 1:
        yes = (*yes, _opposite(no[0]))
    return yes, no


def _opposite(guard: Guard) -> Guard:
    return Guard(guard.key, not guard.taken, None if guard.default is None else not guard.default, guard.site)


def _one(sides: list[tuple[Guard, ...]], node: ast.If, frame: Frame, taken: bool = True) -> tuple[Guard, ...]:
    """The guards of a branch. When several conditions lead to it, one guard stands for them."""
    if len(sides) == 1:
        return sides[0]
    defaults = [
        None if any(g.default is None for g in side) and not any(g.default is False for g in side)
        else all(g.default for g in side)
        for side in sides
    ]  # fmt: skip
    default = True if True in defaults else (None if None in defaults else False)
    return (Guard(("any", id(node)), taken, default, frame.site(node.test)),)


def _both(
    run: Run,
    node: ast.If,
    frame: Frame,
    guards: tuple[tuple[Guard, ...], tuple[Guard, ...]],
    narrowing: dict[Sym, Value],
) -> Ending:
    before = dict(frame.env)
    sides = []
    for side, body in zip(guards, (node.body, node.orelse), strict=True):
        frame.env = dict(before)
        run.branch_begin()
        changes = {}
        try:
            with run.under(side):
                if body is node.body:
                    ending = _read_narrowed(run, body, frame, narrowing)
                else:
                    ending = read_block(run, body, frame)
        finally:
            changes = run.branch_end()
        sides.append((side, ending, frame.env, changes))
    going = [side for side in sides if side[1].end is End.FALLS]
    if len(going) == 1 and any(side[1].end is End.RAISE for side in sides):
        run.merge([((), going[0][3])])
        frame.env = going[0][2]
        return going[0][1]
    run.merge([(side, changes) for side, _, _, changes in sides])
    if not going:
        frame.env = sides[0][2]
        ends = {side[1].end for side in sides} - {End.RAISE}
        return Ending(ends.pop() if len(ends) == 1 else (End.RETURN if ends else End.RAISE))
    if len(going) == 1:
        frame.env = going[0][2]
        left = next(side[1].end for side in sides if side[1].end is not End.FALLS)
        return Ending(End.FALLS, left, going[0][0])
    frame.env = _join(run, before, [(side, env) for side, _, env, _ in sides])
    partial = next((ending for _, ending, _, _ in sides if ending.partial is not None), None)
    # a way out deep inside one branch: too rare to follow exactly; the rest is read as if it were not there
    return FALLS if partial is None else Ending(End.FALLS, partial.partial, ())


def _join(
    run: Run, before: dict[str, Value], sides: list[tuple[tuple[Guard, ...], dict[str, Value]]]
) -> dict[str, Value]:
    joined = dict(before)
    for name in dict.fromkeys(name for _, env in sides for name in env):
        present = [(guards, env[name]) for guards, env in sides if name in env]
        if all(value is present[0][1] for _, value in present):
            joined[name] = present[0][1]
        else:
            joined[name] = run.choose(present) if len(present) == len(sides) else Choice(tuple(present))
    return joined


def _read_narrowed(run: Run, body: list[ast.stmt], frame: Frame, narrowing: dict[Sym, Value]) -> Ending:
    """Read a branch with what its condition taught: inside `if isinstance(m, nn.Linear)`, m is a Linear."""
    if not narrowing:
        return read_block(run, body, frame)
    kept = {name: value for name, value in frame.env.items() if isinstance(value, Sym) and value in narrowing}
    for name, value in kept.items():
        frame.env[name] = narrowing[value]
    ending = read_block(run, body, frame)
    for name, value in kept.items():
        if frame.env.get(name) is narrowing[value]:
            frame.env[name] = value
    return ending


def _with(run: Run, node: ast.With | ast.AsyncWith, frame: Frame) -> Ending:
    grad = run.grad
    for item in node.items:
        value = expressions.evaluate(run, item.context_expr, frame)
        if expressions.is_no_grad(value):
            run.grad = False
        if item.optional_vars is not None:
            assign.assign(run, item.optional_vars, value, frame, node)
    try:
        return read_block(run, node.body, frame)
    finally:
        run.grad = grad


def _try(run: Run, node: ast.Try, frame: Frame) -> Ending:
    frame.in_try += 1
    try:
        ending = read_block(run, node.body, frame)
    finally:
        frame.in_try -= 1
    if ending.end is End.FALLS:
        ending = read_block(run, node.orelse, frame)
    if node.finalbody:
        read_block(run, node.finalbody, frame)
    return ending


def _function(run: Run, node: ast.FunctionDef, frame: Frame) -> None:
    frame.env[node.name] = Function(
        node, frame.file, frame, owner=frame.owner, defaults=expressions.defaults(run, node.args, frame)
    )


def _class(run: Run, node: ast.ClassDef, frame: Frame) -> None:
    frame.env[node.name] = ClassRef(class_info(node), frame.file)


def _import(run: Run, node: ast.Import | ast.ImportFrom, frame: Frame) -> None:
    names: dict[str, str] = {}
    record_import(frame.file, node, names)
    for name, dotted in names.items():
        frame.env[name] = run.project.resolve(dotted, frame.file)


def _assert(run: Run, node: ast.Assert, frame: Frame) -> None:
    """What is asserted is not assumed; only its truth is asked for."""
    if not run.forward:
        conditions.note_truth(run, node.test, expressions.evaluate(run, node.test, frame), frame)


def _delete(run: Run, node: ast.Delete, frame: Frame) -> None:
    for target in node.targets:
        assign.delete(run, target, frame)


def _match(run: Run, node: ast.Match, frame: Frame) -> Ending:
    """A match statement over constants reads as the if-chain it stands for."""
    chain: list[ast.stmt] = []
    for case in reversed(node.cases):
        match case.pattern:
            case ast.MatchValue(value=value):
                test: ast.expr = ast.Compare(node.subject, [ast.Eq()], [value])
            case ast.MatchOr(patterns=patterns) if all(isinstance(p, ast.MatchValue) for p in patterns):
                values = [p.value for p in patterns if isinstance(p, ast.MatchValue)]
                test = ast.Compare(node.subject, [ast.In()], [ast.Tuple(values, ast.Load())])
            case ast.MatchAs(pattern=None):
                chain = list(case.body)
                continue
            case _:
                test = ast.Name("__unknown_pattern__", ast.Load())
        for part in syntax.walk(test):
            if isinstance(part, ast.expr) and not hasattr(part, "lineno"):
                ast.copy_location(part, node.subject)
        branch = ast.If(test, case.body, chain)
        chain = [ast.copy_location(branch, case.body[0])]
    return read_block(run, chain, frame)


_READERS: dict[type[ast.stmt], Callable[..., Ending | None]] = {
    ast.Expr: _expression,
    ast.Assign: assign.read_assign,
    ast.AnnAssign: assign.read_annotated,
    ast.AugAssign: assign.read_augmented,
    ast.Return: _return,
    ast.If: _if,
    ast.For: lambda run, node, frame: loops.read_for(run, node, frame),
    ast.AsyncFor: lambda run, node, frame: loops.read_for(run, node, frame),
    ast.While: lambda run, node, frame: loops.read_while(run, node, frame),
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Delete: _delete,
    ast.Assert: _assert,
    ast.Match: _match,
    ast.Raise: lambda run, node, frame: Ending(End.RAISE),
    ast.Break: lambda run, node, frame: Ending(End.BREAK),
    ast.Continue: lambda run, node, frame: Ending(End.CONTINUE),
}
if hasattr(ast, "TryStar"):
    _READERS[ast.TryStar] = _try
