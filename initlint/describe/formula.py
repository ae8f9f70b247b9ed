"""Numbers given to an init call, measured against the fans of the tensor that it fills."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from initlint.describe.handing import handed_over
from initlint.describe.nodes import InitCall, Site
from initlint.describe.origin import divides, is_literal, origin, parts
from initlint.describe.symbols import Sym, constant
from initlint.reference.fans import torch_fans

_FAN_NAME = re.compile(
    r"fan_?(in|out)|\bn_?(in|out)\b|(in|out)_(features|channels|dim|size)|input_(dim|size)|hidden_(dim|size)|size\(|kernel_size"
)
_RATE_NAME = re.compile(r"drop|\bp$", re.IGNORECASE)
_NO_FAN = re.compile(r"\brank\b|\br\b|lora|lr|layers?\b|depth", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Measured:
    """A number beside a fan: `once` is number * fan, `squared` number^2 * fan; None where that is no plain number."""

    fan: str
    once: float | None
    squared: float | None


@dataclass(frozen=True, slots=True)
class Spread:
    """The std of a normal distribution, or the bound of a symmetric uniform one, and where it was written."""

    call: InitCall
    value: Any
    site: Site
    node: ast.expr | None
    is_bound: bool


def spread(call: InitCall) -> Spread | None:
    """How wide a call draws: its std, or its bound where the bounds are opposite."""
    values = call.values
    if call.name in ("normal_", "trunc_normal_", "normal", "trunc_normal_tf_", "normal_init", "trunc_normal_init"):
        return _spread(call, "std", is_bound=False) if "std" in values else None
    if call.name in ("uniform_", "uniform"):
        low, high = ("from", "to") if call.is_method else ("a", "b")
        if low in values and high in values and _opposite(values[low], values[high]):
            return _spread(call, high, is_bound=True)
    return None


def _spread(call: InitCall, name: str, *, is_bound: bool) -> Spread:
    site, node = handed_over(call.site, call.nodes.get(name), call.via)
    return Spread(call, call.values[name], site, node, is_bound)


def _opposite(low: Any, high: Any) -> bool:
    if not isinstance(low, (int, float, Sym)) or not isinstance(high, (int, float, Sym)):
        return False
    return bool(constant(low + high) == 0)


def is_formula(spread: Spread) -> bool:
    """Whether the number is computed from a quotient, rather than written out."""
    site, node = spread.site, spread.node
    return node is not None and not is_literal(origin(site, node)) and divides(site, node)


def measured(call: InitCall, value: Any) -> Iterator[Measured]:
    """`value` beside every count that a person might have meant by the fan."""
    shape = call.target.shape
    fans = torch_fans(shape) if shape is not None and len(shape) > 1 else None
    if shape is None or fans is None:
        return
    named = {"fan_in": fans[0], "fan_out": fans[1], "sum": _total(fans)}
    if len(shape) > 2 and "Conv" in (call.target.layer or ""):  # the axes of a raw stack are no channels
        named |= {"channels_in": shape[1], "channels_out": shape[0]}
    for name, fan in named.items():
        if fan is not None:
            yield Measured(name, times_fan(value, fan), times_fan(value, fan, power=2))


def names_a_fan(value: Any) -> tuple[float, float] | None:
    """(coefficient, exponent) of a symbol that is a number times a power of something called like a fan."""
    if not isinstance(value, Sym) or len(value.terms) != 1:
        return None
    ((monomial, coefficient),) = value.terms.items()
    exponents = {exponent for _, exponent in monomial}
    if len(exponents) != 1 or not monomial:
        return None
    names = [atom.name for atom, _ in monomial]
    if not any(_FAN_NAME.search(name) for name in names) or any(_NO_FAN.search(name) for name in names):
        return None
    return float(coefficient), float(exponents.pop())


def is_made_of_sizes(call: InitCall, value: Any) -> bool:
    """Whether all unknowns in the number are sizes of the tensor that it fills: a fan but for a group or a stride."""
    own = _atoms(value)
    return bool(own) and own <= set().union(*(_atoms(size) for size in call.target.shape or ()))


def _atoms(value: Any) -> set[Any]:
    if not isinstance(value, Sym):
        return set()
    return {atom for monomial in value.terms for atom, _ in monomial}


def is_no_fan(spread: Spread) -> bool:
    """Whether the source names a rank, a learning rate or a count of layers where a fan would stand."""
    texts = [inner.id if isinstance(inner, ast.Name) else inner.attr for inner in parts(spread.site, spread.node)
             if isinstance(inner, (ast.Name, ast.Attribute))]  # fmt: skip
    return any(_NO_FAN.search(text.replace("_", " ")) for text in texts)


def left_outside(spread: Spread) -> float | None:
    """The plain number over a root: 2 in `2 / math.sqrt(n)`."""
    match bare(spread.site, spread.node):
        case ast.BinOp(left=ast.Constant(value=int() | float() as number), op=ast.Div(), right=right) if is_root(right):
            return number
    return None


def misread_sum(spread: Spread) -> ast.BinOp | None:
    """`2 / fan_in + fan_out`, which Python reads as (2 / fan_in) + fan_out."""
    for inner in parts(spread.site, spread.node):
        match inner:
            case ast.BinOp(left=ast.BinOp(left=above, op=ast.Div(), right=one), op=ast.Add(), right=other):
                texts = (ast.unparse(one), ast.unparse(other))
                if is_literal(above) and all(map(_FAN_NAME.search, texts)) and texts[0] != texts[1]:
                    return inner
    return None


def gain_less_rate(spread: Spread) -> tuple[ast.BinOp, ast.BinOp] | None:
    """`4 - dropout` over something, and the quotient: a rate taken from the gain, which it should scale."""
    for inner in parts(spread.site, spread.node):
        match inner:
            case ast.BinOp(
                left=ast.BinOp(left=ast.Constant(value=gain), op=ast.Sub(), right=rate) as above, op=ast.Div()
            ):
                if isinstance(gain, (int, float)) and gain > 1 and _RATE_NAME.search(ast.unparse(rate)):
                    return above, inner
    return None


def has_root(spread: Spread) -> bool:
    """Whether a root of something that is no plain number is taken anywhere in the expression."""
    return any(_roots_something(inner) for inner in parts(spread.site, spread.node))


def has_numerator(spread: Spread, number: float) -> bool:
    """Whether the number is written out above a fraction bar of the expression."""
    return any(
        isinstance(inner, ast.BinOp)
        and isinstance(inner.op, ast.Div)
        and isinstance(inner.left, ast.Constant)
        and inner.left.value == number
        for inner in parts(spread.site, spread.node)
    )


def _roots_something(node: ast.expr) -> bool:
    match node:
        case ast.Call(args=[inside]) if is_root(node):
            return not is_literal(inside)
        case ast.BinOp(left=inside) if is_root(node):
            return not is_literal(inside)
        case ast.BinOp(op=ast.Pow(), right=ast.UnaryOp()) | ast.Call(func=ast.Attribute(attr="rsqrt")):
            return True
    return False


def bare(site: Site, node: ast.expr | None) -> ast.expr | None:
    """The expression behind a bound or std, without its sign."""
    node = origin(site, node)
    while isinstance(node, ast.UnaryOp):
        node = origin(site, node.operand)
    return node


def is_root(node: ast.expr) -> bool:
    """`math.sqrt(n)`, `np.sqrt(n)`, `n ** 0.5`, `n ** (1 / 2)`."""
    match node:
        case ast.Call(func=ast.Attribute(attr="sqrt") | ast.Name(id="sqrt"), args=[_]):
            return True
        case ast.BinOp(op=ast.Pow(), right=ast.Constant(value=0.5)):
            return True
        case ast.BinOp(
            op=ast.Pow(), right=ast.BinOp(left=ast.Constant(value=1), op=ast.Div(), right=ast.Constant(value=2))
        ):
            return True
    return False


def close(value: float | None, *targets: float) -> bool:
    """Whether it is one of these, to rounding."""
    return value is not None and any(math.isclose(value, target, rel_tol=1e-6) for target in targets)


def times_fan(value: Any, fan: Any, power: int = 1) -> float | None:
    """value^power * fan where that is a number whatever the configuration, else None."""
    if any(isinstance(one, bool) or not isinstance(one, (int, float, Sym)) for one in (value, fan)):
        return None
    if isinstance(fan, Sym):
        fan = (fan**-1) ** -1  # a sum as one factor, as it stands below a fraction bar
    total: Any = fan
    for _ in range(power):
        total = total * value
    return constant(total)


def _total(fans: tuple[Any, Any]) -> Any:
    return None if fans[0] is None or fans[1] is None else fans[0] + fans[1]
