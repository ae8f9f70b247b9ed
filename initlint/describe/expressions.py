"""What expressions stand for. Nothing of the user's is executed: every operation here is our own."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from initlint.describe import (
    attributes,
    calls,
    comprehensions,
    conditions,
    operators,
    reflection,
    tensors,
)
from initlint.describe.nodes import Target
from initlint.describe.project import Constant
from initlint.describe.run import ABSENT, Frame, Run, Stop
from initlint.describe.symbols import Sym
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
    kind = node.__class__
    if kind is ast.Constant:  # half of all expressions are these two
        return node.value  # type: ignore[attr-defined]
    if kind is ast.Name:
        return _name(run, node, frame)  # type: ignore[arg-type]
    reader = _READERS.get(kind)
    if reader is None:
        return run.nameless(kind.__name__)
    return reader(run, node, frame)


def _name(run: Run, node: ast.Name, frame: Frame) -> Value:
    name = node.id
    value = frame.env.get(name, ABSENT)
    if value is not ABSENT and value.__class__ is not Choice and value.__class__ is not External:
        return value  # a local variable: nearly always
    scope: Frame | None = frame
    while scope is not None:
        if name in scope.env:
            value = run.settle(scope.env[name])
            break
        scope = scope.outer
    else:
        top = run.top
        known = top is not None and top.file is frame.file and name in top.env
        value = run.settle(top.env[name]) if top is not None and known else global_value(run, name, frame)
    if isinstance(value, External) and value.dotted.startswith("torch.nn.init."):
        last = value.dotted.rpartition(".")[2]
        if name == last or name in frame.file.imports:  # not a variable that holds it
            reflection.looked_up(run, last, node, frame)
    return value


def global_value(run: Run, name: str, frame: Frame) -> Value:
    """What a name means at the top level of the frame's file; a reading asks the project once."""
    known = (frame.file, name)
    if known not in run.names:
        run.names[known] = _global_value(run, name, frame)
    return run.names[known]


def _global_value(run: Run, name: str, frame: Frame) -> Value:
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


def _merge_narrowing(run: Run, first: Value, rest: Value) -> Value:
    return rest


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
                is_open = is_open or inner.is_open
            else:
                is_open = True
            continue
        name = run.settle(evaluate(run, key, frame))
        if isinstance(name, (str, int, float, bool, Sym)):
            items[name] = inner
        else:
            is_open = True
    return Mapping(items, is_open)


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
    """The members of a ModuleList or Sequential; of a ParameterList the tensors."""
    from initlint.describe.modules import children

    if "ParameterList" in module.bases:
        held = tuple(value for name, value in module.slots.items() if name.isdigit())
        return Sequence(held, "list", module.multiplicity)
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
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.BinOp: operators.read_binary,
    ast.UnaryOp: operators.read_unary,
    ast.Compare: conditions.read_comparison,
    ast.BoolOp: conditions.read_boolean,
    ast.IfExp: conditions.read_conditional,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.ListComp: comprehensions.read_comprehension,
    ast.GeneratorExp: comprehensions.read_comprehension,
    ast.SetComp: comprehensions.read_comprehension,
    ast.DictComp: comprehensions.read_comprehension,
    ast.Subscript: _subscript,
    ast.Lambda: _lambda,
    ast.JoinedStr: _formatted,
    ast.NamedExpr: _walrus,
    ast.Await: _inner,
    ast.Starred: _inner,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
}
