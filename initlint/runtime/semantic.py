"""The init functions by name: each one's arguments, scheme and distribution, whatever it does inside. (child)

On meta tensors torch returns from `trunc_normal_`, `orthogonal_`, `sparse_` and `dirac_` before any operation is
dispatched, and callers hold these functions under many names (`from torch.nn.init import ...`, tables filled at
import). All of them share one code object, so the watch is put there: while it is on, the function's code is a call
to the observer, which calls the original. No caller can miss it, and other calls cost nothing.
"""

from __future__ import annotations

import inspect
import math
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from initlint.runtime import distribution as d
from initlint.runtime.distribution import Distribution
from initlint.runtime.evaluate import eye

Arguments = dict[str, Any]
Observer = Callable[[str, Callable[[], Any], Arguments], Any]

# Where init functions live besides torch.nn.init: only the outermost of nested ones is recorded.
_HOMES = {
    "torch.nn.init": [
        *("uniform_", "normal_", "trunc_normal_", "constant_", "ones_", "zeros_", "eye_", "dirac_", "sparse_"),
        *("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_"),
    ],
    "timm.layers.weight_init": ["trunc_normal_", "trunc_normal_tf_", "lecun_normal_", "variance_scaling_"],
}
_HOOK = "__initlint_observe__"


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """torch's reading of a shape."""
    area = math.prod(shape[2:])
    return shape[1] * area, shape[0] * area


def scheme_of(function: str) -> str:
    """The scheme's name in reports."""
    name = function.rsplit(".", 1)[-1].removesuffix("_").removesuffix("_tf")
    return "lecun_normal" if name == "lecun_normal" else name


def distribution_of(function: str, arguments: Arguments, shape: tuple[int, ...]) -> Distribution | None:
    """What the named init function draws; None where it cannot be said."""
    name = function.rsplit(".", 1)[-1].removesuffix("_")
    match name:
        case "uniform":
            return d.uniform(float(arguments["a"]), float(arguments["b"]))
        case "normal":
            return d.normal(float(arguments["mean"]), float(arguments["std"]))
        case "constant":
            return d.constant(float(arguments["val"]))
        case "zeros" | "ones":
            return d.constant(0.0 if name == "zeros" else 1.0)
        case "eye":
            return eye(shape, 1.0)
        case "dirac":
            groups = int(arguments["groups"])
            units = groups * min(shape[0] // groups, shape[1])
            return Distribution("dirac", scale=1.0, fraction=units / math.prod(shape))
        case "sparse":
            kept = 1 - math.ceil(float(arguments["sparsity"]) * shape[0]) / shape[0]
            return Distribution("sparse", scale=float(arguments["std"]), fraction=kept)
        case "orthogonal":
            longer = max(shape[0], math.prod(shape[1:]))
            return Distribution("orthogonal", scale=float(arguments["gain"]), length=longer)
    return _scaled(name, arguments, shape)


def _scaled(name: str, arguments: Arguments, shape: tuple[int, ...]) -> Distribution | None:
    match name:
        case "trunc_normal":
            return d.trunc_normal(*(float(arguments[key]) for key in ("mean", "std", "a", "b")))
        case "trunc_normal_tf":
            mean, std = float(arguments["mean"]), float(arguments["std"])
            return d.affine(d.trunc_normal(0.0, 1.0, float(arguments["a"]), float(arguments["b"])), std, mean)
        case "lecun_normal":
            std = math.sqrt(1 / fans(shape)[0]) / d.trunc_normal(0, 1, -2, 2).std  # type: ignore[operator]
            return d.trunc_normal(0.0, std, -2 * std, 2 * std)
        case "xavier_uniform" | "xavier_normal":
            std = float(arguments["gain"]) * math.sqrt(2 / sum(fans(shape)))
        case "kaiming_uniform" | "kaiming_normal":
            fan = fans(shape)[0 if str(arguments["mode"]).lower() == "fan_in" else 1]
            std = _gain(str(arguments["nonlinearity"]), arguments["a"]) / math.sqrt(fan)
        case _:
            return None
    if name.endswith("uniform"):
        return d.uniform(-math.sqrt(3) * std, math.sqrt(3) * std)
    return d.normal(0.0, std)


def _gain(nonlinearity: str, slope: Any) -> float:
    init = sys.modules["torch.nn.init"]
    return float(init.calculate_gain(nonlinearity, slope))


@contextmanager
def watched(observe: Observer) -> Iterator[None]:
    """While this lasts, every call of an init function goes through `observe(name, run, arguments)`."""
    swapped: list[tuple[types.FunctionType, types.CodeType]] = []
    try:
        for home, names in _HOMES.items():
            module = sys.modules.get(home)
            for name in names if module else ():
                function = getattr(module, name, None)
                if isinstance(function, types.FunctionType) and not function.__closure__:
                    swapped.append((function, function.__code__))
                    _swap(function, f"{home}.{name}", observe)
        yield
    finally:
        for function, code in swapped:
            function.__code__ = code
            function.__globals__.pop(f"{_HOOK}{function.__name__}", None)


def _swap(function: types.FunctionType, name: str, observe: Observer) -> None:
    original = types.FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
    original.__kwdefaults__ = function.__kwdefaults__
    signature = inspect.signature(function)

    def hook(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            return original(*args, **kwargs)  # which says it in its own words
        bound.apply_defaults()
        return observe(name, lambda: original(*args, **kwargs), dict(bound.arguments))

    # The new code may have no free variables: what it calls sits in the function's own globals, under a name of ours.
    key = f"{_HOOK}{function.__name__}"
    function.__globals__[key] = hook
    text = f"def {function.__name__}(*args, **kwargs):\n    return {key}(args, kwargs)\n"
    space: dict[str, Any] = {}
    exec(compile(text, function.__code__.co_filename, "exec"), space)
    function.__code__ = space[function.__name__].__code__
