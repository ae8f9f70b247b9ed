"""What a condition's value says about which branches are read, and under which guards."""

from __future__ import annotations

import ast
import re
from typing import Any

from initlint.describe.nodes import Guard, Site
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import MISSING, Sym
from initlint.describe.values import (
    ClassRef,
    External,
    Function,
    Instance,
    Mapping,
    Method,
    ModuleObject,
    ModuleRef,
    Partial,
    Sequence,
    Value,
)  # fmt: skip

Branch = tuple[tuple[Guard, ...], bool]


def branches(run: Run, value: Value, site: Site | None) -> list[Branch]:
    """The outcomes a condition can have, each with the guards under which it has it."""
    outcomes: list[Branch] = []
    for guards, option in run.options(value):
        known = decided(option)
        if known is not None:
            outcomes.append((guards, known))
            continue
        key = key_of(option)
        if key in run.active:
            outcomes.append((guards, run.active[key]))
            continue
        default = default_truth(option)
        outcomes.append(((*guards, Guard(key, True, default, site)), True))
        outcomes.append(((*guards, Guard(key, False, None if default is None else not default, site)), False))
    return outcomes


def key_of(value: Value) -> object:
    """What tells this condition apart from others."""
    return repr(value) if isinstance(value, Sym) else id(value)


def decided(value: Value) -> bool | None:
    """The truth of a value where it does not depend on anything unknown."""
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return bool(value)
    if isinstance(value, Sequence):
        return True if value.items else (False if value.repeated is None else None)
    if isinstance(value, Mapping):
        return True if value.items else (None if value.is_open else False)
    if isinstance(value, ModuleObject):
        return None if value.kind in ("ModuleList", "Sequential", "ModuleDict") else True
    if isinstance(value, (External, ClassRef, Function, Method, Partial, Instance, ModuleRef)):
        return True
    return None


def default_truth(value: Value) -> bool | None:
    """The truth that the default configuration gives, or None."""
    if isinstance(value, Sym) and value.default is not MISSING:
        return None if isinstance(value.default, Sym) else bool(value.default)
    return decided(value)


def compare(operator: ast.cmpop, left: Value, right: Value) -> Any:
    """A comparison of two settled values: True, False, or None where it is unknown."""
    match operator:
        case ast.Is() | ast.IsNot():
            result = _identical(left, right)
            return result if result is None or isinstance(operator, ast.Is) else not result
        case ast.Eq() | ast.NotEq():
            result = _equal(left, right)
            return result if result is None or isinstance(operator, ast.Eq) else not result
        case ast.In() | ast.NotIn():
            result = _contains(right, left)
            return result if result is None or isinstance(operator, ast.In) else not result
    if _plain(left) and _plain(right) and not isinstance(left, str) and not isinstance(right, str):
        return _ORDER[type(operator)](left, right)
    return None


# A class by its name, and what it holds. Two numbers of a configuration may well be equal.
_MEMBER = re.compile(r"(?P<owner>(\w+\.)*(?!\w*([Cc]onf|[Aa]rg|[Pp]aram|[Ss]etting))[A-Z]\w*[a-z]\w*)\.[A-Z]\w*")

_CONSTANTS = (int, float, str, bytes)

_ORDER: dict[type[ast.cmpop], Any] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
}


def _plain(value: Value) -> bool:
    return isinstance(value, (int, float, str))


def _identical(left: Value, right: Value) -> bool | None:
    if _are_members(left, right):
        return False
    if left is None or right is None:
        other = right if left is None else left
        return None if isinstance(other, Sym) else other is None
    if isinstance(left, (bool, ModuleObject)) and isinstance(right, (bool, ModuleObject)):
        return left is right
    if isinstance(left, _CONSTANTS) and isinstance(right, _CONSTANTS):
        return type(left) is type(right) and left == right  # `name is "conv"`: CPython keeps one of each
    if isinstance(left, External) and isinstance(right, External):
        return left.dotted == right.dotted
    if isinstance(left, (External, ClassRef)) and isinstance(right, (External, ClassRef)):
        return left == right
    return None


def _are_members(left: Value, right: Value) -> bool:
    """Whether they are two members of one enumeration, `Norm.BATCH` and `Norm.WEIGHT`, as they are written."""
    names = [value.single.name if isinstance(value, Sym) and value.single else "" for value in (left, right)]
    found = [_MEMBER.fullmatch(name) for name in names]
    return names[0] != names[1] and all(found) and len({one["owner"] for one in found if one}) == 1


def _equal(left: Value, right: Value) -> bool | None:
    if _are_members(left, right):
        return False
    if isinstance(left, Sym) or isinstance(right, Sym):
        return True if isinstance(left, Sym) and left == right else None
    simple = (int, float, str, bool, bytes, type(None))
    if isinstance(left, simple) and isinstance(right, simple):
        return bool(left == right)
    if left is None or right is None:
        return False
    if isinstance(left, Sequence) and isinstance(right, Sequence):
        if left.repeated is None and right.repeated is None and len(left.items) != len(right.items):
            return False
        return True if all(_equal(a, b) for a, b in zip(left.items, right.items, strict=False)) else None
    return _identical(left, right)


def _contains(container: Value, item: Value) -> bool | None:
    if isinstance(container, str) and isinstance(item, str):
        return item in container
    if isinstance(container, Mapping) and not isinstance(item, Sym):
        try:
            return item in container.items or (None if container.is_open else False)
        except TypeError:
            return None
    if isinstance(container, Sequence):
        answers = [_equal(item, member) for member in container.items]
        if any(answers):
            return True
        return False if container.repeated is None and all(answer is False for answer in answers) else None
    return None


def unknown_comparison(run: Run, node: ast.Compare, frame: Frame, operands: list[Value]) -> Value:
    """An unknown truth with a name of its own, and the default configuration's answer where there is one."""
    text = " ".join(
        word
        for value, operator in zip(operands, [*node.ops, None], strict=False)
        for word in (_text(value), type(operator).__name__ if operator else "")
    )
    answer: Any = MISSING
    settled = [_default(run.default_option(value)) for value in operands]
    if all(value is not MISSING for value in settled):
        answers = [
            compare(operator, left, right)
            for operator, left, right in zip(node.ops, settled, settled[1:], strict=False)
        ]
        if all(result is not None for result in answers):
            answer = all(answers)
    return _beside_rivals(run, run.unknown(text, answer), node, operands)


def _beside_rivals(run: Run, test: Sym, node: ast.Compare, operands: list[Value]) -> Value:
    """`mode == "a"`, which is false where `mode == "b"` holds."""
    match operands:
        case [Sym() as subject, str()] if isinstance(node.ops[0], ast.Eq):
            rivals = run.rivals.setdefault(("equals", repr(subject)), [])
            key = key_of(test)
            if key not in rivals:
                rivals.append(key)
                run.rivals[key] = rivals
            if key not in run.active and any(run.active.get(other) for other in rivals):
                return False
    return test


def _default(value: Value) -> Value:
    return value.default if isinstance(value, Sym) else value


def _text(value: Value) -> str:
    if isinstance(value, (Sym, int, float, str, bool, type(None))):
        return repr(value)
    if isinstance(value, Sequence):
        return "(" + ", ".join(_text(item) for item in value.items) + ")"
    if isinstance(value, External):
        return value.dotted
    return f"{type(value).__name__}@{id(value):x}"
