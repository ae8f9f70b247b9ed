"""What a tensor operation leaves, in closed form where there is one: aten's names read as algebra. (child)"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from initlint.runtime import distribution as d
from initlint.runtime.distribution import Distribution
from initlint.runtime.ledger import RAW, UNKNOWN, Value

Arguments = Mapping[str, Any]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# In place, these take nothing from what was there.
OVERWRITING = _words(
    "normal uniform fill zero copy random bernoulli exponential log_normal cauchy geometric eye arange linspace full "
    "ones zeros rand randn randint randperm empty set_ index_copy"
)
# These write only some entries, which data choose.
SCATTERING = _words(
    "index_put _index_put_impl index_fill index_add scatter scatter_add scatter_reduce masked_fill masked_scatter "
    "put index_copy fill_diagonal tril triu"
)
COPYING = _words(
    "clone _to_copy copy lift_fresh contiguous alias_copy detach_copy view_copy expand_copy _reshape_copy t_copy "
    "transpose_copy permute_copy"
)
# Entries change places: each is distributed as before. Where they come again they are no longer independent.
_REARRANGING = _words("flip roll")
_REPEATING = _words("repeat tile repeat_interleave")
_FACTORY_FAMILIES = {"zeros": 0.0, "ones": 1.0, "zero": 0.0}
_ELEMENTWISE: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "rsqrt": lambda x: x**-0.5,
    "reciprocal": lambda x: 1 / x,
    "abs": abs,
    "tanh": math.tanh,
    "expm1": math.expm1,
    "log1p": math.log1p,
    "square": lambda x: x * x,
    "sin": math.sin,
    "cos": math.cos,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The value an operation leaves, and how the history names it."""

    value: Value
    scheme: str = "unknown"


def base_name(operation: str) -> str:
    """`aten.normal_.default` and `aten.normal.out` are both `normal`; `new_` and `_like` factories are their kind."""
    name = operation.split(".")[-2] if operation.count(".") >= 2 else operation
    name = name.rstrip("_") if name not in {"set_"} else name
    name = name.removeprefix("new_").removesuffix("_like")
    return "empty" if name in {"empty_strided", "empty_permuted", "empty_quantized"} else name


def create(name: str, arguments: Arguments, index: int, shape: tuple[int, ...]) -> Outcome:
    """The outcome of an operation that reads no tracked value: factories and in-place draws."""
    if name in _FACTORY_FAMILIES:
        return Outcome(Value(d.constant(_FACTORY_FAMILIES[name])), "zeros" if name != "ones" else "ones")
    match name:
        case "empty":
            return Outcome(RAW, "empty")
        case "fill" | "full" | "scalar_tensor":
            return _filled(next((arguments[key] for key in ("value", "fill_value", "s") if key in arguments), None))
        case "randn" | "normal":
            mean, std = arguments.get("mean", 0.0), arguments.get("std", 1.0)
            if _number(mean) is None or _number(std) is None:
                return Outcome(Value(d.OPAQUE, index), "normal")
            return Outcome(Value(d.normal(float(mean), float(std)), index), "normal")
        case "rand" | "uniform":
            low, high = arguments.get("from", 0.0), arguments.get("to", 1.0)
            return Outcome(Value(d.uniform(float(low), float(high)), index), "uniform")
        case "eye":
            return Outcome(Value(eye(shape, 1.0)), "eye")
        case "bernoulli" | "random" | "randint" | "randperm" | "exponential" | "log_normal" | "cauchy" | "geometric":
            return Outcome(Value(d.OPAQUE, index))
    return Outcome(UNKNOWN)


def transform(name: str, first: Value, arguments: Arguments, others: list[Value], index: int) -> Outcome:
    """The outcome of an operation on a tracked value."""
    if first.form.family == "empty" and name not in {"where"}:
        return Outcome(RAW)
    if name in {"mul", "div", "add", "sub", "rsub", "neg", "true_divide", "multiply", "divide", "subtract"}:
        return Outcome(_arithmetic(name, first, arguments, others))
    if name in _REPEATING:
        return Outcome(Value(first.form.again), "copy")
    if name in _REARRANGING:
        return Outcome(first.mapped(first.form, name, str(arguments.get("repeats", arguments.get("dims", "")))), "copy")
    form = _unary(name, first.form, arguments)
    if form is None:
        return Outcome(UNKNOWN)
    bounds = (_number(arguments.get("min")), _number(arguments.get("max")), _number(arguments.get("exponent")))
    return Outcome(first.mapped(form, name, *bounds))


def eye(shape: tuple[int, ...], gain: float) -> Distribution:
    """Ones on the diagonal of a matrix."""
    part = min(shape) / max(math.prod(shape), 1) if shape else 1.0
    return Distribution("eye", scale=gain, fraction=part)


def _unary(name: str, form: Distribution, arguments: Arguments) -> Distribution | None:
    match name:
        case "erfinv":
            return d.erfinv(form)
        case "clamp" | "clip" | "hardtanh":
            low, high = (_number(arguments.get(key)) for key in ("min", "max"))
            return d.clamp(form, -math.inf if low is None else low, math.inf if high is None else high)
        case "clamp_min":
            return d.clamp(form, float(arguments["min"]), math.inf)
        case "clamp_max":
            return d.clamp(form, -math.inf, float(arguments["max"]))
        case "pow" if form.family == "constant" and _number(arguments.get("exponent")) is not None:
            return _applied(lambda x: x ** float(arguments["exponent"]), form)
        case _ if name in _ELEMENTWISE and form.family == "constant":
            return _applied(_ELEMENTWISE[name], form)
    return None


def _applied(function: Callable[[float], float], form: Distribution) -> Distribution | None:
    try:
        return d.constant(function(form.loc))
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):
        return None


def _arithmetic(name: str, first: Value, arguments: Arguments, others: list[Value]) -> Value:
    if name == "neg":
        return first.mapped(d.affine(first.form, -1.0, 0.0), "neg")
    other = _number(arguments.get("other"))
    alpha = _number(arguments.get("alpha", 1)) or 0.0
    second = Value(d.constant(other)) if other is not None else (others[0] if others else UNKNOWN)
    if first.form.family == "constant" != second.form.family and name in {"mul", "multiply", "add"} and alpha == 1:
        first, second = second, first
    if second.form.family == "constant":
        amount = second.form.loc
        factor, offset = _affine(name, amount, alpha)
        return first.mapped(d.affine(first.form, factor, offset), factor, offset)
    if first.draw is not None and first.draw == second.draw:
        return UNKNOWN
    form = _combined(name, first.form, second.form, alpha)
    draws = (first.draw, second.draw)
    return Value(form, hash((name, alpha, *draws)) if None not in draws else None)


def _combined(name: str, first: Distribution, second: Distribution, alpha: float) -> Distribution:
    match name:
        case "add":
            return d.add(first, d.affine(second, alpha, 0.0))
        case "sub" | "subtract":
            return d.add(first, d.affine(second, -alpha, 0.0))
        case "rsub":
            return d.add(second, d.affine(first, -alpha, 0.0))
        case "mul" | "multiply":
            return d.multiply(first, second)
    return d.OPAQUE


def _affine(name: str, amount: float, alpha: float) -> tuple[float, float]:
    match name:
        case "mul" | "multiply":
            return amount, 0.0
        case "div" | "true_divide" | "divide":
            return (1 / amount if amount else math.inf), 0.0
        case "add":
            return 1.0, alpha * amount
        case "sub" | "subtract":
            return 1.0, -alpha * amount
    return -alpha, amount  # rsub: other - alpha * self


def _filled(value: Any) -> Outcome:
    number = _number(value)
    if number is None:
        return Outcome(UNKNOWN, "constant")
    scheme = {0.0: "zeros", 1.0: "ones"}.get(number, "constant")
    return Outcome(Value(d.constant(number)), scheme)


def _number(value: Any) -> float | None:
    if isinstance(value, (bool, int, float)):
        return float(value)
    return None
