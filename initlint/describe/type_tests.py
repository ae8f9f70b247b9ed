"""Tests of what a module is that cannot mean what they say, noted as they are read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from initlint.describe import classes
from initlint.describe.nodes import TypeTest
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import Sym
from initlint.describe.values import ClassName, ClassRef, External, ModuleObject, Sequence, Value
from initlint.source import syntax
from initlint.source.text import SourceText

_TEXTUAL = re.compile(r"name|cls|class", re.IGNORECASE)


def note_isinstance(run: Run, node: ast.Call, frame: Frame) -> None:
    """`isinstance(m, A or B)`, `isinstance(m, [A, B])`, `isinstance(m, A, B)`, `isinstance(type(m), A)`."""
    problem = None
    if len(node.args) > 2:
        problem = "three-arguments"
    elif len(node.args) == 2 and isinstance(node.args[1], ast.BoolOp):
        problem = "boolean-of-types"
    elif len(node.args) == 2 and isinstance(node.args[1], (ast.List, ast.Set)):
        problem = "list-of-types"
    elif len(node.args) == 2 and _asks_type(node.args[0]) and _is_layer(run, _resolved(run, node.args[1], frame)):
        problem = "type-of-type"
    if problem is not None:
        run.records.append(TypeTest(frame.site(node), problem))


def note_condition(run: Run, test: ast.expr, frame: Frame) -> None:
    """The operands of a condition that are always true: a class, a text, the position that `find` gives."""
    for part, around in _operands(test, None):
        match part:
            case ast.Constant(value=str() as text) if text and around is not None:
                run.records.append(TypeTest(frame.site(around), "text-is-always-true", text))
            case ast.Call(func=ast.Attribute(value=base, attr="find"), args=[ast.Constant(value=str() as text)]):
                if _TEXTUAL.search(ast.unparse(base)):
                    run.records.append(TypeTest(frame.site(part), "find-is-a-position", text))
            case ast.Name() | ast.Attribute() if around is not None:
                value = _resolved(run, part, frame)
                if isinstance(value, External) and _is_layer(run, value):
                    run.records.append(TypeTest(frame.site(around), "class-is-always-true", ast.unparse(part)))


def note_comparison(run: Run, node: ast.Compare, left: Value, right: Value, frame: Frame) -> None:
    """`m == nn.Linear`, `type(m) == (A, B)`, `type(m) == "Linear"`: never true."""
    right = run.settle(right)
    one = _is_layer(run, right)
    several = isinstance(right, Sequence) and bool(right.items) and all(_is_layer(run, item) for item in right.items)
    equal = isinstance(node.ops[0], (ast.Eq, ast.NotEq, ast.Is, ast.IsNot))
    member = isinstance(node.ops[0], (ast.In, ast.NotIn))
    problem = None
    if _asks_type(node.left):
        if isinstance(node.comparators[0], ast.BoolOp):
            problem = "type-equals-boolean"
        elif equal and several:
            problem = "type-equals-several"
        elif equal and isinstance(right, str):
            problem = "type-equals-text"
    elif _is_text_of_class(run, node.left, left):
        problem = "name-equals-class" if (equal and one) or (member and several) else None
    elif ((equal and one) or (member and several)) and _is_module(run, node.left, left, frame):
        problem = "module-equals-class"
    if problem is not None:
        run.records.append(TypeTest(frame.site(node), problem))


def is_condition(source: SourceText, node: ast.BoolOp) -> bool:
    """Whether the truth of all operands matters: the whole is a condition, not a value such as `a or b`."""
    inner: ast.AST = node
    above = source.parents.get(node)
    while isinstance(above, ast.BoolOp):
        inner, above = above, source.parents.get(above)
    if isinstance(above, ast.UnaryOp):
        return isinstance(above.op, ast.Not)
    if isinstance(above, ast.comprehension):
        return inner in above.ifs
    return isinstance(above, (ast.If, ast.IfExp, ast.While, ast.Assert)) and above.test is inner


def _operands(test: ast.expr, around: ast.BoolOp | None) -> Iterator[tuple[ast.expr, ast.BoolOp | None]]:
    match test:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _operands(value, test if around is None else around)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _operands(operand, around)
        case _:
            yield test, around


def _resolved(run: Run, node: ast.expr, frame: Frame) -> Value:
    from initlint.describe.expressions import evaluate  # which reads the tests that this module judges

    return run.settle(evaluate(run, node, frame)) if isinstance(node, (ast.Name, ast.Attribute)) else None


def _asks_type(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="type"), args=[_]) | ast.Attribute(attr="__class__"):
            return True
    return False


def _is_text_of_class(run: Run, node: ast.expr, value: Value) -> bool:
    value = run.settle(value)
    return isinstance(value, (str, ClassName)) and (
        isinstance(value, ClassName) or (isinstance(node, ast.Attribute) and node.attr == "__name__")
    )


def _is_layer(run: Run, value: Value) -> bool:
    """Whether a value is a class of modules."""
    if isinstance(value, External):
        head, _, last = value.dotted.rpartition(".")
        return head == "torch.nn" and last[:1].isupper() and last != "Parameter"
    return isinstance(value, ClassRef) and classes.is_module(run.project, value)


def _is_module(run: Run, node: ast.expr, value: Value, frame: Frame) -> bool:
    """Whether a value is surely a module and no class: it is known, or its weight is used where the test holds."""
    options = [option for _, option in run.options(value)]
    if any(isinstance(option, ModuleObject) and (option.cls or option.bases) for option in options):
        return True
    if not isinstance(node, ast.Name) or not any(isinstance(option, Sym) for option in options):
        return False
    above: ast.AST | None = node
    while above is not None and not isinstance(above, ast.stmt):
        above = frame.file.source.parents.get(above)
    held: list[ast.AST] = list(above.body) if isinstance(above, ast.If) else []
    if isinstance(above, ast.Expr) and isinstance(above.value, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
        held = [above.value.elt]
    return any(
        isinstance(inner, ast.Attribute)
        and inner.attr in ("weight", "bias")
        and isinstance(inner.value, ast.Name)
        and inner.value.id == node.id
        for statement in held
        for inner in syntax.walk(statement)
    )
