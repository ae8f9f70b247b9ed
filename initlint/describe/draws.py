"""What the functions that fill tensors draw: torch.nn.init, tensor methods, factories; and how scaling changes it."""

from __future__ import annotations

import ast
import math
from dataclasses import replace
from typing import Any

from initlint.describe import signatures
from initlint.describe.nodes import InitCall, InitEvent, Site
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import Sym, constant, number
from initlint.describe.values import Sequence, Tensor, Value
from initlint.reference.fans import torch_fans
from initlint.reference.torch_gains import torch_gain
from initlint.reference.truncation import TWO_SIGMA_STD, truncated_normal_moments

# What transformers' initialization module, which is read as torch.nn.init, has beside torch's own functions.
TRANSFORMERS_NAMES = frozenset({
    "copy_", "lecun_normal_", "default_flax_embed_init_", "no_init_weights", "no_tie_weights",
    "guard_torch_init_functions",
    "meta_device_safe_creation_ops", "TORCH_INIT_FUNCTIONS",
})  # fmt: skip


def constant_event(value: Value, site: Site | None, **more: Any) -> InitEvent:
    """A fill with one number. 0 is zeros and 1 is ones, however written."""
    known = constant(value)
    if known is None:
        return InitEvent("constant", site, mean=value if isinstance(value, Sym) else None, std=0, **more)
    scheme = "zeros" if known == 0 else "ones" if known == 1 else "constant"
    return InitEvent(scheme, site, mean=known, std=0, low=known, high=known, **more)


def uniform_event(low: Value, high: Value, site: Site | None, **more: Any) -> InitEvent:
    """U(low, high): mean (low+high)/2, std (high-low)/sqrt 12."""
    low, high = _dim(low), _dim(high)
    if low is None or high is None:
        return InitEvent("uniform", site, **more)
    return InitEvent(
        "uniform", site, mean=(low + high) / 2, std=(high - low) / math.sqrt(12), low=low, high=high, **more
    )


def trunc_event(mean: Value, std: Value, low: Value, high: Value, site: Site | None, **more: Any) -> InitEvent:
    """N(mean, std) cut at the absolute bounds `low` and `high`."""
    numbers = [known for value in (mean, std, low, high) if (known := number(value)) is not None]
    mean, std = _dim(mean), _dim(std)
    if len(numbers) == 4 and numbers[1]:
        true_mean: Any
        true_std: Any
        true_mean, true_std = truncated_normal_moments(*numbers)
        if isinstance(std, Sym) or isinstance(mean, Sym):
            # the cut is far outside for the default configuration: keep the formula
            far = abs(true_std - numbers[1]) < 1e-6 * numbers[1]
            true_mean, true_std = (mean, std) if far else (true_mean, true_std)
        return InitEvent("trunc_normal", site, mean=true_mean, std=true_std, low=_dim(low), high=_dim(high), **more)
    if all(isinstance(value, Sym) for value in (std, low, high)) and low == std * -2 and high == std * 2 and mean == 0:
        return InitEvent("trunc_normal", site, mean=0, std=std * TWO_SIGMA_STD, low=low, high=high, **more)
    return InitEvent(
        "trunc_normal",
        site,
        mean=mean if isinstance(mean, (int, float)) and mean == 0 else None,
        low=_dim(low),
        high=_dim(high),
        **more,
    )


def event_of_init(name: str, call: InitCall, tensor: Tensor | None) -> InitEvent:
    """What torch.nn.init's `name` draws into `tensor`."""
    signature = dict(signatures.SIGNATURES.get(name) or signatures.MORE_SIGNATURES.get(name) or ())
    values = {**{key: value for key, value in signature.items() if value is not signatures.REQUIRED}, **call.values}
    site = call.site
    more: dict[str, Any] = {"call": call, "scope": call.scope}
    if name in signatures.SIGNATURES and not call.values.keys() <= signature.keys():
        return InitEvent("unknown", site, **more)  # it raises: nothing is drawn
    shape = None
    if tensor is not None:
        shape = (
            tensor.shape
            if tensor.shape is not None or tensor.region
            else (tensor.storage.shape if tensor.storage else None)
        )
    match name:
        case "zeros_" | "ones_":
            return constant_event(0 if name == "zeros_" else 1, site, **more)
        case "constant_":
            return constant_event(values.get("val"), site, **more)
        case "uniform_":
            return uniform_event(values["a"], values["b"], site, **more)
        case "normal_":
            return InitEvent("normal", site, mean=_dim(values["mean"]), std=_dim(values["std"]), **more)
        case "trunc_normal_":
            return trunc_event(values["mean"], values["std"], values["a"], values["b"], site, **more)
        case "trunc_normal_tf_":
            std = _dim(values["std"])
            return InitEvent(
                "trunc_normal",
                site,
                mean=_dim(values["mean"]),
                std=None if std is None else std * TWO_SIGMA_STD,
                **more,
            )
        case "eye_" | "dirac_" | "sparse_":
            return InitEvent(name[:-1], site, **more)
        case "copy_":
            source = values.get("other")
            drawn = current(source) if isinstance(source, Tensor) else None
            return (
                replace(drawn, site=site, default=False, **more)
                if drawn is not None
                else InitEvent("copy", site, **more)
            )
    return _fan_event(name, values, shape, site, more)


def _fan_event(
    name: str, values: dict[str, Value], shape: tuple[Any, ...] | None, site: Site, more: dict[str, Any]
) -> InitEvent:
    fan_in, fan_out = (torch_fans(shape) if shape is not None else None) or (None, None)
    scheme = name.rstrip("_")
    fan: Any = None
    match name:
        case "xavier_uniform_" | "xavier_normal_":
            gain = _dim(values.get("gain"))
            if gain is None or fan_in is None or fan_out is None:
                return InitEvent(scheme, site, mean=0, **more)
            fan, factor = (fan_in + fan_out) / 2, gain
        case "kaiming_uniform_" | "kaiming_normal_":
            mode = values.get("mode")
            fan = {"fan_in": fan_in, "fan_out": fan_out}.get(mode) if isinstance(mode, str) else None
            factor = _kaiming_gain(values)
        case "lecun_normal_":
            fan, factor = fan_in, 1.0
        case "orthogonal_":
            gain = _dim(values.get("gain"))
            if gain is None or shape is None or len(shape) < 2:
                return InitEvent(scheme, site, mean=0, **more)
            rows: Any = shape[0]
            columns: Any = fan_in if len(shape) == 2 else _product(shape[1:])
            if rows is None or columns is None:
                return InitEvent(scheme, site, mean=0, **more)
            numbers = number(rows), number(columns)
            longer = rows if None not in numbers and numbers[0] >= numbers[1] else columns  # type: ignore[operator]
            if rows != columns and None in numbers:
                longer = None
            std = gain / longer**0.5 if longer is not None else None
            return InitEvent("orthogonal", site, mean=0, std=std, **more)
        case _:
            return InitEvent("variance_scaling", site, mean=0, **more)
    if fan is None or factor is None or fan == 0:
        return InitEvent(scheme, site, mean=0, **more)
    std = factor / fan**0.5
    if name.endswith("uniform_"):
        bound = std * math.sqrt(3)
        return InitEvent(scheme, site, mean=0, std=std, low=-bound, high=bound, **more)
    return InitEvent(scheme, site, mean=0, std=std, **more)


def _kaiming_gain(values: dict[str, Value]) -> Any:
    nonlinearity, slope = values.get("nonlinearity"), values.get("a")
    if isinstance(nonlinearity, Sym) and isinstance(nonlinearity.default, str):
        nonlinearity = nonlinearity.default
    if not isinstance(nonlinearity, str):
        return None
    if nonlinearity == "leaky_relu":
        known = number(slope)
        return None if known is None else math.sqrt(2 / (1 + known**2))
    try:
        return torch_gain(nonlinearity)
    except ValueError:
        return None


def _product(sizes: tuple[Any, ...]) -> Any:
    total: Any = 1
    for size in sizes:
        if not isinstance(size, (int, Sym)):
            return None
        total = total * size
    return total


def event_of_method(name: str, call: InitCall, tensor: Tensor, args: list[Value]) -> InitEvent:
    """What an in-place tensor method leaves behind."""
    values, site = call.values, call.site
    more: dict[str, Any] = {"call": call, "scope": call.scope}
    if not values.keys() <= {*signatures.METHODS.get(name, values), "generator"}:
        return InitEvent("unknown", site, **more)  # it raises: nothing is drawn
    match name:
        case "zero_":
            return constant_event(0, site, **more)
        case "fill_":
            value = values.get("value")
            return (
                constant_event(value, site, **more)
                if not isinstance(value, Tensor)
                else InitEvent("copy", site, **more)
            )
        case "normal_":
            return InitEvent("normal", site, mean=_dim(values.get("mean", 0)), std=_dim(values.get("std", 1)), **more)
        case "uniform_":
            return uniform_event(values.get("from", 0), values.get("to", 1), site, **more)
        case "mul_" | "div_" | "add_" | "sub_":
            operator = {"mul_": ast.Mult(), "div_": ast.Div(), "add_": ast.Add(), "sub_": ast.Sub()}[name]
            event, other = current(tensor), values.get("other")
            changed = None
            if event is not None and not isinstance(other, Tensor):
                changed = scaled(event, operator, other, True)
            if changed is None:
                return InitEvent("unknown", site, scaled=True, **more)
            return replace(changed, site=site, default=False, **more)
        case "fmod_":
            event, bound = current(tensor), number(values.get("other"))
            if event is not None and event.scheme == "normal" and event.std is not None and bound:
                return InitEvent("trunc_normal", site, mean=0, std=None, scaled=True, **more)
            return InitEvent("unknown", site, scaled=True, **more)
        case "clamp_" | "clip_":
            event = current(tensor)
            return (
                replace(event, site=site, std=None, scaled=True, default=False, **more)
                if event
                else InitEvent("unknown", site, **more)
            )
        case "copy_" | "set_":
            source = args[0] if args else None
            event = current(source) if isinstance(source, Tensor) else None
            return (
                replace(event, site=site, default=False, **more)
                if event is not None
                else InitEvent("copy", site, **more)
            )
    return InitEvent("unknown", site, scaled=True, **more)


def creation(run: Run, name: str, args: list[Value], kwargs: dict[str, Value], site: Site, frame: Frame) -> InitEvent:
    """What a factory such as torch.randn fills its result with."""
    base = name.removesuffix("_like")
    more: dict[str, Any] = {"order": run.tick(), "guards": tuple(run.guards), "scope": frame.name}
    match base:
        case "zeros" | "ones":
            return constant_event(0 if base == "zeros" else 1, site, **more)
        case "full":
            value = kwargs.get("fill_value", args[1] if len(args) > 1 else None)
            return constant_event(value, site, **more)
        case "rand":
            return uniform_event(0, 1, site, **more)
        case "randn":
            return InitEvent("normal", site, mean=0, std=1, **more)
        case "normal":
            std = kwargs.get("std", args[1] if len(args) > 1 else 1)
            return InitEvent(
                "normal", site, mean=_dim(kwargs.get("mean", args[0] if args else 0)), std=_dim(std), **more
            )
        case "empty" | "empty_strided":
            return InitEvent("empty", site, **more)
        case "eye":
            return InitEvent("eye", site, **more)
        case "Tensor" | "FloatTensor" | "HalfTensor" | "DoubleTensor" | "cuda.FloatTensor":
            data = len(args) == 1 and not _is_size(args[0])
            return InitEvent("copy" if data or not args else "empty", site, **more)
        case "tensor" | "as_tensor":
            value = args[0] if args else None
            if isinstance(value, (int, float)):
                return constant_event(value, site, **more)
            if isinstance(value, Sequence) and value.items and all(item == value.items[0] for item in value.items):
                first = value.items[0]
                if isinstance(first, (int, float)):
                    return constant_event(first, site, **more)
    return InitEvent("copy", site, **more)


def _is_size(value: Value) -> bool:
    """Whether a legacy constructor takes this as a size rather than as data."""
    if isinstance(value, Sequence):
        return value.kind == "tuple" and False
    return isinstance(value, (int, Sym)) and not isinstance(value, bool)


def current(tensor: Value) -> InitEvent | None:
    """The last write over the whole tensor, where that is certain."""
    if not isinstance(tensor, Tensor) or tensor.storage is None:
        return None
    for event in reversed(tensor.storage.events):
        if event.region == tensor.region or event.region is None:
            return event
        return None
    return None


def scaled(event: InitEvent, operator: ast.operator, other: Value, event_is_left: bool) -> InitEvent | None:
    """The distribution of `event op other` for a number or symbol; None where that is not known."""
    if event.scheme in ("empty", "unknown", "copy"):
        return replace(event, scheme="unknown" if event.scheme != "empty" else "empty", scaled=True)
    factor = _dim(other)
    if factor is None:
        unknown_scale = isinstance(operator, (ast.Mult, ast.Div))
        return (
            replace(
                event,
                std=None,
                low=None,
                high=None,
                mean=event.mean if event.mean == 0 and unknown_scale else None,
                scaled=True,
            )
            if event.std != 0
            else None
        )
    match operator:
        case ast.Mult():
            return _affine(event, factor, 0)
        case ast.Div():
            return _affine(event, 1 / factor, 0) if event_is_left and factor != 0 else None
        case ast.Add():
            return _affine(event, 1, factor)
        case ast.Sub():
            return _affine(event, 1, -factor) if event_is_left else _affine(event, -1, factor)
    return None


def _affine(event: InitEvent, factor: Any, shift: Any) -> InitEvent:
    def moved(value: Any) -> Any:
        return None if value is None else value * factor + shift

    sign = number(factor)
    std = None if event.std is None else event.std * (factor if sign is None or sign >= 0 else -factor)
    mean = moved(event.mean)
    low, high = moved(event.low), moved(event.high)
    if sign is not None and sign < 0:
        low, high = high, low
    if event.std == 0 and event.scheme in ("zeros", "ones", "constant"):
        return replace(
            constant_event(mean, event.site), order=event.order, guards=event.guards, scope=event.scope, scaled=True
        )
    scheme = (
        event.scheme
        if event.scheme in ("uniform", "normal", "trunc_normal", "orthogonal", "eye")
        else event.distribution or "unknown"
    )
    return replace(event, scheme=scheme, std=std, mean=mean, low=low, high=high, scaled=True)


def _dim(value: Value) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, Sym)):
        return None
    return value
