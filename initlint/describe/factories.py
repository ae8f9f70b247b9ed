"""Making tensors, and torch's functions on them, while a model is built."""

from __future__ import annotations

import ast
import math
import re
from typing import Any

from initlint.describe import draws, numpy_draws, tensors
from initlint.describe.run import TEXT_LIMIT, Frame, Run
from initlint.describe.symbols import Sym, number
from initlint.describe.values import (
    Sequence,
    Tensor,
    Value,
)  # fmt: skip

_SIZED = ("rand", "randn", "empty", "zeros", "ones", "full", "Tensor", "FloatTensor", "normal")


def factory(run: Run, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    site = frame.site(node)
    array = numpy_draws.drawn(run, name, node, frame)
    if array is not None:
        name, args, kwargs = array
    elif _spread_unknown(run, node, frame):
        args = [run.nameless("sizes")]
    event = draws.creation(run, name, [run.settle(arg) for arg in args], kwargs, site, frame)
    if name.endswith("_like"):
        like = run.settle(args[0]) if args else None
        shape = (like.shape or (like.storage.shape if like.storage else None)) if isinstance(like, Tensor) else None
        return tensors.make(run, event, shape, site)
    sizes = args
    if name in ("full",):
        sizes = args[:1]
    if name == "normal":
        sizes = args[2:3]  # after the mean and the standard deviation
    if name in _SIZED and (name != "normal" or sizes or "size" in kwargs):
        size = kwargs.get("size")
        if size is not None:
            sizes = [size]
        flat = [run.default_option(value) for value in sizes]
        if len(flat) == 1 and isinstance(flat[0], Sequence):
            inner = flat[0]
            is_data = name in ("Tensor", "FloatTensor")
            shape = (
                tuple(run.default_option(item) for item in inner.items)
                if inner.repeated is None and not is_data
                else None
            )
        else:
            shape = tuple(flat)
            if len(flat) == 1 and not (
                isinstance(flat[0], int) or (isinstance(flat[0], Sym) and _is_dimension(flat[0]))
            ):
                shape = None  # it may be a whole shape
        if shape is not None and not all(isinstance(value, (int, Sym)) for value in shape):
            shape = tuple(value if isinstance(value, (int, Sym)) else run.nameless("size") for value in shape)
        return tensors.make(run, event, shape, site)
    return tensors.make(run, event, None, site)


def _spread_unknown(run: Run, node: ast.AST, frame: Frame) -> bool:
    """Whether `*sizes` is among the arguments and is not known item by item; empty ones come from unknown callers."""
    from initlint.describe.expressions import evaluate  # which makes tensors

    spread = [argument.value for argument in getattr(node, "args", ()) if isinstance(argument, ast.Starred)]
    values = [run.settle(evaluate(run, argument, frame)) for argument in spread]
    return any(not isinstance(v, Sequence) or v.repeated is not None or not v.items for v in values)


# Names, and keys of a dictionary, that may hold a whole shape.
_ALL_SIZES = re.compile(r"""(^|\.|\[)['"]?size(['"]\])?$|(shape|sizes|dims)(['"]?\])?$""")


def _is_dimension(value: Sym) -> bool:
    """Whether a lone argument is surely one size, not all of them: a number by default, by name or by arithmetic."""
    if isinstance(value.default, (tuple, list, str)) or value.single is None:
        return value.single is None
    name = value.single.name
    known = isinstance(value.default, (int, float))
    return known or not ("#" in name or "(" in name or _ALL_SIZES.search(name)) or name.startswith("i#")


_SMOOTH = ("log", "log2", "log10", "log1p", "exp", "tanh")  # no sizes are made of these


def torch_function(
    run: Run, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    """`torch.mul(t, s)` and the like, while a model is built."""
    from initlint.describe.operators import binary

    operators = {"mul": ast.Mult(), "div": ast.Div(), "add": ast.Add(), "sub": ast.Sub()}
    if name in operators and len(args) == 2:
        return binary(run, operators[name], args[0], args[1], node, frame)
    tensor = next(arg for arg in args if isinstance(arg, Tensor))
    if name in tensors.VIEWS or name in tensors.COPIES:
        return (
            tensors.method(run, tensor, name, args[1:], kwargs, node, frame) if isinstance(node, ast.Call) else tensor
        )
    return tensors.derived(run, tensor, name, frame.site(node))


def mathematics(name: str, args: list[Value]) -> Value | None:
    """A function of `math` or numpy, as a number or as a formula; None where it is neither."""
    if name == "pi":
        return math.pi
    if len(args) == 1 and name == "sqrt" and isinstance(args[0], (int, float, Sym)) and not isinstance(args[0], bool):
        known = number(args[0])
        return args[0] ** 0.5 if known is None or known >= 0 else None
    if name in ("prod",) and args and isinstance(args[0], Sequence):
        total: Any = 1
        for item in args[0].items:
            if not isinstance(item, (int, float, Sym)):
                return None
            total = total * item
        return total if args[0].repeated is None else None
    if (
        name == "pow"
        and len(args) == 2
        and isinstance(args[1], (int, float))
        and isinstance(args[0], (int, float, Sym))
    ):
        try:
            return args[0] ** args[1]
        except (TypeError, ZeroDivisionError, OverflowError):
            return None
    if (
        args
        and all(isinstance(arg, (int, float)) for arg in args)
        and name in ("log", "log2", "log10", "exp", "floor", "ceil", "sin", "cos", "tan", "log1p", "tanh")
    ):
        return _computed(name, *args)
    if name in _SMOOTH and len(args) == 1 and isinstance(args[0], Sym):
        default = number(args[0])
        text = f"math.{name}({args[0]!r})"
        known = None if default is None else _computed(name, default)
        return Sym.atom(text, *(() if known is None else (known,))) if len(text) <= TEXT_LIMIT else None
    return None


def _computed(name: str, *args: Any) -> Value | None:
    try:
        return getattr(math, name)(*args)
    except (ValueError, OverflowError, TypeError):
        return None
