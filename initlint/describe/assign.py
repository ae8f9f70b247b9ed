"""Reading assignments: to names, attributes, items, and the writes to tensors among them."""

from __future__ import annotations

import ast

from initlint.describe import expressions, operators, tensors
from initlint.describe.modules import set_attribute
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import Sym
from initlint.describe.values import Instance, Mapping, ModuleObject, Sequence, Tensor, Value


def read_assign(run: Run, node: ast.Assign, frame: Frame) -> None:
    """`a = b = value`."""
    value = expressions.evaluate(run, node.value, frame)
    for target in node.targets:
        assign(run, target, value, frame, node)


def read_annotated(run: Run, node: ast.AnnAssign, frame: Frame) -> None:
    """`a: T = value`."""
    if node.value is not None:
        assign(run, node.target, expressions.evaluate(run, node.value, frame), frame, node)


def read_augmented(run: Run, node: ast.AugAssign, frame: Frame) -> None:
    """`a += value`: for a tensor an in-place write."""
    current = expressions.evaluate(run, node.target, frame)
    value = expressions.evaluate(run, node.value, frame)
    if isinstance(run.settle(current), Tensor) and not run.forward:
        tensors.augmented(run, run.settle(current), value, node, frame)
        return
    if isinstance(run.settle(current), Sequence) and isinstance(run.settle(value), Sequence):
        operators.extend(run, run.settle(current), run.settle(value))
        return
    assign(run, node.target, operators.binary(run, node.op, current, value, node, frame), frame, node)


def assign(run: Run, target: ast.expr, value: Value, frame: Frame, statement: ast.stmt | ast.AST) -> None:
    """Bind `value` to a target."""
    match target:
        case ast.Name(id=name):
            frame.env[name] = value
        case ast.Attribute(value=base, attr=name):
            for guards, owner in run.options(expressions.evaluate(run, base, frame)):
                with run.under(guards):
                    _set(run, owner, name, value, frame, statement, target)
        case ast.Subscript(value=base, slice=index):
            for guards, owner in run.options(expressions.evaluate(run, base, frame)):
                with run.under(guards):
                    _set_item(run, owner, index, value, frame, statement, target)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            for element, part in zip(elements, unpack(run, value, elements), strict=True):
                assign(run, element, part, frame, statement)
        case ast.Starred(value=inner):
            assign(run, inner, value, frame, statement)


def unpack(run: Run, value: Value, elements: list[ast.expr]) -> list[Value]:
    """The parts that `a, *b, c = value` binds."""
    value = run.settle(value)
    count = len(elements)
    star = next((i for i, element in enumerate(elements) if isinstance(element, ast.Starred)), None)
    if isinstance(value, Sequence) and value.repeated is None:
        items = list(value.items)
        if star is None and len(items) == count:
            return items
        if star is not None and len(items) >= count - 1:
            after = count - star - 1
            middle = Sequence(tuple(items[star : len(items) - after]))
            return [*items[:star], middle, *(items[len(items) - after :] if after else [])]
    if isinstance(value, Tensor):
        return [tensors.part(run, value, f"[{i}]") for i in range(count)]
    name = repr(value) if isinstance(value, Sym) else "value"
    if name == "value":
        return [run.nameless("value") for _ in range(count)]
    return [run.unknown(f"{name}[{i}]") for i in range(count)]


def delete(run: Run, target: ast.expr, frame: Frame) -> None:
    """`del self.layer` takes it out of the module."""
    from initlint.describe.run import ABSENT

    if isinstance(target, ast.Name):
        frame.env.pop(target.id, None)
    elif isinstance(target, ast.Attribute):
        owner = run.settle(expressions.evaluate(run, target.value, frame))
        if isinstance(owner, (ModuleObject, Instance)) and target.attr in owner.slots:
            run.set(owner, target.attr, ABSENT)
    elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Attribute):
        owner = run.settle(expressions.evaluate(run, target.value.value, frame))
        key = run.settle(expressions.evaluate(run, target.slice, frame))
        if target.value.attr == "_parameters" and isinstance(owner, ModuleObject) and key in owner.slots:
            run.set(owner, key, ABSENT)


def _set(
    run: Run, owner: Value, name: str, value: Value, frame: Frame, statement: ast.AST, target: ast.Attribute
) -> None:
    if isinstance(owner, ModuleObject):
        set_attribute(run, owner, name, value, frame, statement)
    elif isinstance(owner, Instance):
        run.set(owner, name, value)
    elif isinstance(owner, Tensor) and name == "data":
        tensors.assign_data(run, owner, value, statement, frame)
    elif isinstance(owner, Tensor) and name == "requires_grad":
        tensors.freeze(owner, value)
    elif isinstance(owner, Tensor) and owner.storage is not None:
        owner.storage.marks[name] = value


def _set_item(
    run: Run, owner: Value, index: ast.expr, value: Value, frame: Frame, statement: ast.AST, target: ast.Subscript
) -> None:
    if isinstance(owner, Tensor):
        if not run.forward:
            tensors.assign_item(run, owner, index, value, statement, frame)
        return
    key = run.settle(expressions.evaluate(run, index, frame))
    if isinstance(owner, Mapping):
        hashable = isinstance(key, (str, int, float, bool, Sym))
        if hashable:
            run.set(owner, "items", {**owner.items, key: value})
        else:
            run.set(owner, "open", True)
    elif isinstance(owner, Sequence) and isinstance(key, int) and -len(owner.items) <= key < len(owner.items):
        items = list(owner.items)
        items[key] = value
        run.set(owner, "items", tuple(items))
    elif isinstance(owner, ModuleObject):
        set_attribute(run, owner, str(key) if isinstance(key, (int, str)) else "*", value, frame, statement)
