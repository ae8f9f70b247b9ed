"""What expressions stand for. Nothing of the user's is executed: every operation here is our own."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from initlint.describe import (
    attributes,
    calls,
    exact_types,
    flow_operations,
    loops,
    reflection,
    tensors,
    type_tests,
)
from initlint.describe.nodes import Target, Truth
from initlint.describe.project import Constant
from initlint.describe.run import Frame, Run, Stop
from initlint.describe.symbols import Sym
from initlint.describe.truth import branches, compare, decided, unknown_comparison
from initlint.describe.values import (
    Choice,
    External,
    Function,
    Mapping,
    ModuleObject,
    Sequence,
    Tensor,
    Value,
)  # fmt: skip

_BUILTINS = frozenset(dir(__builtins__) if not isinstance(__builtins__, dict) else __builtins__)


def evaluate(run: Run, node: ast.expr, frame: Frame) -> Value:
    """The value of an expression."""
    run.steps += 1
    if run.steps > run.limit:
        raise Stop
    reader = _READERS.get(type(node))
    if reader is None:
        return run.nameless(type(node).__name__)
    return reader(run, node, frame)


def _constant(run: Run, node: ast.Constant, frame: Frame) -> Value:
    return node.value


def _name(run: Run, node: ast.Name, frame: Frame) -> Value:
    name = node.id
    scope: Frame | None = frame
    while scope is not None:
        if name in scope.env:
            value = run.settle(scope.env[name])
            break
        scope = scope.outer
    else:
        value = global_value(run, name, frame)
    if isinstance(value, External) and value.dotted.startswith("torch.nn.init."):
        last = value.dotted.rpartition(".")[2]
        if name == last or name in frame.file.imports:  # not a variable that holds it
            reflection.looked_up(run, last, node, frame)
    return value


def global_value(run: Run, name: str, frame: Frame) -> Value:
    """What a name means at the top level of the frame's file."""
    key = f"{frame.file.path}::{name}"
    memo = run.project.memo
    if key in memo:
        return memo[key]
    found = run.project.member(frame.file, name)
    if isinstance(found, Constant):
        memo[key] = run.unknown(name)  # a constant defined by itself
        run.files.add(found.file.path)
        found = constant_value(run, found, name)
    elif found is None:
        found = External(f"builtins.{name}") if name in _BUILTINS else run.unknown(name)
    memo[key] = found
    return found


def constant_value(run: Run, constant: Constant, name: str) -> Value:
    """A module-level constant, read in its own file. Anything that could change later is unknown."""
    place = Frame(constant.file, {}, name)
    inner = Run(run.project, steps=run.steps)
    inner.fresh = run.fresh + 10_000
    value = evaluate(inner, constant.node, place)  # type: ignore[arg-type]
    if isinstance(value, (Tensor, ModuleObject)):
        return run.unknown(name)
    return value


def _attribute(run: Run, node: ast.Attribute, frame: Frame) -> Value:
    base = evaluate(run, node.value, frame)
    if isinstance(base, External) and base.dotted == "torch.nn.init":
        reflection.looked_up(run, node.attr, node, frame)
    if not isinstance(base, Choice):
        return attributes.get(run, base, node.attr, frame, node)
    options = []
    for guards, option in run.options(base):
        with run.under(guards):
            options.append((guards, attributes.get(run, option, node.attr, frame, node)))
    return run.choose(options) if options else run.nameless(node.attr)


def _call(run: Run, node: ast.Call, frame: Frame) -> Value:
    return calls.read_call(run, node, frame)


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
        return run.nameless("text")
    try:
        return _arithmetic(operator, left, right)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        if isinstance(left, str) or isinstance(right, str):
            return run.nameless("text")
        if isinstance(left, Sym) or isinstance(right, Sym):
            return run.unknown(f"({_word(left)} {type(operator).__name__} {_word(right)})")
        return run.nameless("number")


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
        if any(isinstance(item, ModuleObject) for item in sequence.items):
            repeated = Sequence(sequence.items, sequence.kind, count)
            repeated.multiplied = True
            calls.note_repeat(run, node, sequence, count, frame)
            return repeated
        if isinstance(count, int) and 0 <= count * len(sequence.items) <= 512 and sequence.repeated is None:
            return Sequence(sequence.items * count, sequence.kind)
        return Sequence(sequence.items, sequence.kind, count)
    return run.nameless("sequence")


def extend(run: Run, sequence: Sequence, more: Sequence) -> None:
    """`sequence += more`."""
    run.set(sequence, "items", (*sequence.items, *more.items))
    if more.repeated is not None or sequence.repeated is not None:
        run.set(sequence, "repeated", more.repeated if more.repeated is not None else sequence.repeated)


def _binary(run: Run, node: ast.BinOp, frame: Frame) -> Value:
    return binary(run, node.op, evaluate(run, node.left, frame), evaluate(run, node.right, frame), node, frame)


def _unary(run: Run, node: ast.UnaryOp, frame: Frame) -> Value:
    value = run.settle(evaluate(run, node.operand, frame))
    if isinstance(node.op, ast.Not):
        note_truth(run, node.operand, value, frame)
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


def _compare(run: Run, node: ast.Compare, frame: Frame) -> Value:
    operands = [evaluate(run, part, frame) for part in (node.left, *node.comparators)]
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


def _bool_operation(run: Run, node: ast.BoolOp, frame: Frame) -> Value:
    """`a and b`: read part by part, each under the truth of those before it."""
    return _bool_parts(run, node.values, isinstance(node.op, ast.And), node, frame)


def _bool_parts(run: Run, parts: list[ast.expr], is_and: bool, node: ast.BoolOp, frame: Frame) -> Value:
    value = evaluate(run, parts[0], frame)
    if len(parts) == 1:
        if type_tests.is_condition(frame.file.source, node):
            note_truth(run, parts[0], value, frame)
        return value
    note_truth(run, parts[0], value, frame)
    outcomes = branches(run, value, frame.site(parts[0]))
    if all(outcome is (not is_and) for _, outcome in outcomes):
        return value
    if all(outcome is is_and for _, outcome in outcomes):
        return _merge_narrowing(run, value, _bool_narrowed(run, parts[1:], value, is_and, node, frame))
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
    return run.unknown(f"and@{id(node)}:{_word(value)}", payload=("narrow", lessons))


def _merge_narrowing(run: Run, first: Value, rest: Value) -> Value:
    return rest


def narrowing(test: Value) -> dict[Sym, Value]:
    """What a condition teaches where it holds: unknown -> what it must be."""
    if isinstance(test, Sym) and (atom := test.single) is not None:
        match atom.payload:
            case ("narrow", dict() as lessons):
                return lessons
    return {}


def note_truth(run: Run, node: ast.expr, value: Value, frame: Frame) -> None:
    """Remember where the truth of a tensor is asked for. Of `a and b` the parts are noted, one by one."""
    if isinstance(node, ast.BoolOp):
        return
    value = run.settle(value)
    if isinstance(value, Choice):
        present = [option for _, option in run.options(value) if isinstance(option, Tensor)]
        value = present[0] if present else None
    if isinstance(value, Tensor) and value.storage is not None and value.is_parameter:
        run.records.append(Truth(frame.site(node), frame.site(node), tensors.target_of(value)))


def _conditional(run: Run, node: ast.IfExp, frame: Frame) -> Value:
    test = evaluate(run, node.test, frame)
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
                if outcome:
                    kept = {name: old for name, old in frame.env.items() if isinstance(old, Sym) and old in lessons}
                    frame.env.update({name: lessons[old] for name, old in kept.items()})
                options.append((guards, evaluate(run, node.body if outcome else node.orelse, frame)))
                frame.env.update(kept)
        finally:
            changes = run.branch_end()
        sides.append((guards, changes))
    run.merge(sides)
    return run.choose(options)


def _sequence(run: Run, node: ast.List | ast.Tuple | ast.Set, frame: Frame) -> Value:
    items: list[Value] = []
    repeated = None
    for element in node.elts:
        if isinstance(element, ast.Starred):
            inner = run.settle(evaluate(run, element.value, frame))
            if isinstance(inner, ModuleObject):
                inner = children_sequence(run, inner)
            if isinstance(inner, Sequence):
                items += inner.items
                repeated = inner.repeated if inner.repeated is not None else repeated
            else:
                items.append(run.nameless("item"))
                repeated = run.nameless("count")
        else:
            items.append(evaluate(run, element, frame))
    return Sequence(tuple(items), "tuple" if isinstance(node, ast.Tuple) else "list", repeated)


def _dict(run: Run, node: ast.Dict, frame: Frame) -> Value:
    items: dict[Value, Value] = {}
    is_open = False
    for key, value in zip(node.keys, node.values, strict=True):
        inner = evaluate(run, value, frame)
        if key is None:
            inner = run.settle(inner)
            if isinstance(inner, Mapping):
                items.update(inner.items)
                is_open = is_open or inner.slots["open"]
            else:
                is_open = True
            continue
        name = run.settle(evaluate(run, key, frame))
        if isinstance(name, (str, int, float, bool, Sym)):
            items[name] = inner
        else:
            is_open = True
    return Mapping(items, is_open)


def _comprehension(run: Run, node: ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp, frame: Frame) -> Value:
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
            key = run.settle(evaluate(run, node.key, frame))
            if isinstance(key, (str, int, float, Sym)):
                results.append((key, evaluate(run, node.value, frame)))
        else:
            results.append(evaluate(run, node.elt, frame))
        return None
    generator = node.generators[depth]
    iterable = run.settle(evaluate(run, generator.iter, frame))
    repeated = iterable.repeated if isinstance(iterable, Sequence) else None
    if not isinstance(iterable, Sequence | Mapping | str | ModuleObject):
        repeated = run.nameless("count")
    for item in loops.items_of(run, iterable, node, frame):
        guards = ()
        if isinstance(item, Choice) and len(item.options) == 1:
            guards, item = item.options[0]
        with run.under(guards):
            from initlint.describe import assign

            assign.assign(run, generator.target, item, frame, node)
            for test in generator.ifs if not run.forward else ():
                type_tests.note_condition(run, test, frame)
            verdicts = [run.settle(evaluate(run, test, frame)) for test in generator.ifs]
            if any(decided(verdict) is False for verdict in verdicts):
                continue
            inner = _generate(run, node, depth + 1, frame, results)
        repeated = inner if inner is not None else repeated
        if any(decided(verdict) is None for verdict in verdicts):
            repeated = run.nameless("count")
    return repeated


def _subscript(run: Run, node: ast.Subscript, frame: Frame) -> Value:
    base = evaluate(run, node.value, frame)
    options = []
    for guards, option in run.options(base):
        with run.under(guards):
            options.append((guards, attributes.item(run, option, node.slice, frame, node)))
    return run.choose(options) if options else run.nameless("item")


def _lambda(run: Run, node: ast.Lambda, frame: Frame) -> Value:
    return Function(node, frame.file, frame, owner=frame.owner, defaults=defaults(run, node.args, frame))


def _formatted(run: Run, node: ast.JoinedStr, frame: Frame) -> Value:
    parts = []
    for piece in node.values:
        if isinstance(piece, ast.Constant):
            parts.append(str(piece.value))
            continue
        value = run.settle(evaluate(run, piece.value, frame)) if isinstance(piece, ast.FormattedValue) else None
        if isinstance(value, (str, int)):
            parts.append(str(value))
        else:
            parts.append("*")
    return "".join(parts)


def _walrus(run: Run, node: ast.NamedExpr, frame: Frame) -> Value:
    value = evaluate(run, node.value, frame)
    frame.env[node.target.id] = value
    return value


def _inner(run: Run, node: Any, frame: Frame) -> Value:
    return evaluate(run, node.value, frame) if node.value is not None else None


def _yield(run: Run, node: ast.Yield | ast.YieldFrom, frame: Frame) -> Value:
    value = evaluate(run, node.value, frame) if node.value is not None else None
    frame.returns.append((tuple(run.guards), Sequence((value,), "list", run.nameless("count"))))
    return run.nameless("sent")


def defaults(run: Run, arguments: ast.arguments, frame: Frame) -> dict[str, Value]:
    """The default values of a function's arguments, read where it is defined."""
    values: dict[str, Value] = {}
    positional = [*arguments.posonlyargs, *arguments.args]
    for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        values[argument.arg] = evaluate(run, default, frame)
    for argument, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if keyword_default is not None:
            values[argument.arg] = evaluate(run, keyword_default, frame)
    return values


def is_no_grad(value: Value) -> bool:
    """Whether a context manager switches gradients off."""
    return isinstance(value, Sym) and (atom := value.single) is not None and atom.payload == "no_grad"


def children_sequence(run: Run, module: ModuleObject) -> Sequence:
    """The members of a ModuleList or Sequential."""
    from initlint.describe.modules import children

    return Sequence(tuple(child for _, child in children(run, module)), "list", module.multiplicity)


def target_for(run: Run, value: Value) -> Target:
    """What a value is, as the target of an init call."""
    value = run.settle(value)
    if isinstance(value, Tensor):
        return tensors.target_of(value)
    if isinstance(value, ModuleObject):
        return Target("module", module=value)
    if value is None:
        return Target("none")
    return Target("unknown" if isinstance(value, (Sym, Choice, External)) else "value")


_READERS: dict[type[ast.expr], Callable[[Run, Any, Frame], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BoolOp: _bool_operation,
    ast.IfExp: _conditional,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.ListComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.SetComp: _comprehension,
    ast.DictComp: _comprehension,
    ast.Subscript: _subscript,
    ast.Lambda: _lambda,
    ast.JoinedStr: _formatted,
    ast.NamedExpr: _walrus,
    ast.Await: _inner,
    ast.Starred: _inner,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
}
