"""torch.nn.init and the libraries' helpers that write as it does: timm, mmengine, detectron2."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from initlint.describe import (
    draws,
    signatures,
    tensors,
)
from initlint.describe.nodes import InitCall, InitEvent, Target
from initlint.describe.run import Frame, Run
from initlint.describe.values import (
    ModuleObject,
    Sequence,
    Tensor,
    Value,
)  # fmt: skip

# mmcv / mmengine helpers look for `.weight` on what they are given.
MM_HELPERS = frozenset(
    {
        "constant_init",
        "xavier_init",
        "normal_init",
        "trunc_normal_init",
        "uniform_init",
        "kaiming_init",
        "caffe2_xavier_init",
    }
)


def init(
    run: Run, name: str, dotted: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    """A function of torch.nn.init, or one that does the same."""
    assert isinstance(node, ast.Call)
    if name == "calculate_gain":
        from initlint.reference.torch_gains import torch_gain

        names = ("nonlinearity", "param")
        given = dict(zip(names, node.args, strict=False)) | {k.arg: k.value for k in node.keywords if k.arg}
        call_record = InitCall(
            dotted, frame.site(node), dict(zip(names, args, strict=False)) | kwargs, given, Target("value"),
            tuple(run.guards), frame.name, bool(frame.in_try), run.grad, bool(run.broad), len(node.args),
            tuple(run.via),
        )  # fmt: skip
        run.records.append(call_record)
        values = [run.settle(value) for value in call_record.values.values()]
        if values and isinstance(values[0], str) and all(isinstance(v, (int, float, str, type(None))) for v in values):
            try:
                return torch_gain(*values)
            except (ValueError, TypeError):
                return run.nameless("gain")
        return run.nameless("gain")
    if name in ("_calculate_fan_in_and_fan_out", "_calculate_correct_fan"):
        return _fans(run, name, args)
    real = signatures.DEPRECATED.get(name, name)
    tensor = args[0] if args else kwargs.get("tensor")
    for guards, option in run.options(tensor) if tensor is not None else [((), None)]:
        with run.under(guards):
            _init_one(run, real, dotted, option, args, kwargs, node, frame)
    return tensor


def _init_one(
    run: Run,
    real: str,
    dotted: str,
    option: Value,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.Call,
    frame: Frame,
) -> None:
    given = [option, *args[1:]] if args else args
    bound = signatures.bind_init(real, given, kwargs, node)
    record = tensors.init_call(run, dotted, bound, option, node, frame, len(node.args))
    run.records.append(record)
    if isinstance(option, Tensor) and (real in signatures.SIGNATURES or real in signatures.MORE_SIGNATURES):
        settled = replace(record, values={key: run.default_option(value) for key, value in record.values.items()})
        event = draws.event_of_init(real, settled, option)
        tensors.write(run, option, replace(event, call=record))
    elif isinstance(option, Tensor):
        tensors.write(run, option, InitEvent("unknown", record.site, call=record, scope=frame.name))


def _fans(run: Run, name: str, args: list[Value]) -> Value:
    from initlint.reference.fans import torch_fans

    tensor = run.settle(args[0]) if args else None
    shape = (
        tensor.shape
        if isinstance(tensor, Tensor) and tensor.shape is not None
        else (tensor.storage.shape if isinstance(tensor, Tensor) and tensor.storage else None)
    )
    fans = torch_fans(shape) if shape is not None and len(shape) > 1 else None
    if fans is None or None in fans:
        fans = (run.nameless("fan_in"), run.nameless("fan_out"))
    if name == "_calculate_correct_fan":
        return fans[1] if len(args) > 1 and args[1] == "fan_out" else fans[0]
    return Sequence(fans, "tuple")


def mm_helper(
    run: Run, name: str, dotted: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    """mmengine's `xavier_init(module, gain=1, bias=0, distribution='normal')` and its kin."""
    assert isinstance(node, ast.Call)
    orders = {
        "constant_init": ("module", "val", "bias"), "xavier_init": ("module", "gain", "bias", "distribution"),
        "normal_init": ("module", "mean", "std", "bias"), "trunc_normal_init": ("module", "mean", "std", "a", "b",
        "bias"),
        "uniform_init": ("module", "a", "b", "bias"),
        "kaiming_init": ("module", "a", "mode", "nonlinearity", "bias", "distribution"),
        "caffe2_xavier_init": ("module", "bias"),
    }  # fmt: skip
    values = dict(zip(orders[name], args, strict=False)) | kwargs
    nodes = dict(zip(orders[name], node.args, strict=False)) | {k.arg: k.value for k in node.keywords if k.arg}
    for guards, module in run.options(values.get("module")):
        with run.under(guards):
            record = tensors.init_call(run, dotted, (values, nodes), module, node, frame, len(node.args))
            weight = run.settle(module.slots.get("weight")) if isinstance(module, ModuleObject) else None
            if isinstance(weight, Tensor):
                record = replace(record, target=replace(record.target, shape=tensors.shape_of(weight)))
            run.records.append(record)
            if isinstance(weight, Tensor):
                function, more = _MM_TO_TORCH[name](values)
                settled = replace(record, values=more)
                tensors.write(run, weight, replace(draws.event_of_init(function, settled, weight), call=record))
            bias = run.settle(module.slots.get("bias")) if isinstance(module, ModuleObject) else None
            if isinstance(bias, Tensor):
                tensors.write(
                    run, bias, draws.constant_event(values.get("bias", 0), record.site, call=record, scope=frame.name)
                )
    return None


def _mm_kaiming(values: dict[str, Value]) -> tuple[str, dict[str, Value]]:
    name = "kaiming_uniform_" if values.get("distribution", "normal") == "uniform" else "kaiming_normal_"
    return name, {
        "a": values.get("a", 0),
        "mode": values.get("mode", "fan_out"),
        "nonlinearity": values.get("nonlinearity", "relu"),
    }


_MM_TO_TORCH: dict[str, Any] = {
    "constant_init": lambda v: ("constant_", {"val": v.get("val")}),
    "xavier_init": lambda v: (
        "xavier_uniform_" if v.get("distribution", "normal") == "uniform" else "xavier_normal_",
        {"gain": v.get("gain", 1)},
    ),
    "normal_init": lambda v: ("normal_", {"mean": v.get("mean", 0), "std": v.get("std", 1)}),
    "trunc_normal_init": lambda v: (
        "trunc_normal_",
        {"mean": v.get("mean", 0), "std": v.get("std", 1), "a": v.get("a", -2), "b": v.get("b", 2)},
    ),
    "uniform_init": lambda v: ("uniform_", {"a": v.get("a", 0), "b": v.get("b", 1)}),
    "kaiming_init": _mm_kaiming,
    "caffe2_xavier_init": lambda v: ("kaiming_uniform_", {"a": 1, "mode": "fan_in", "nonlinearity": "leaky_relu"}),
}


def caffe2(run: Run, name: str, dotted: str, args: list[Value], node: ast.AST, frame: Frame) -> Value:
    settings: dict[str, dict[str, Value]] = {
        "c2_msra_fill": {"mode": "fan_out", "nonlinearity": "relu", "a": 0},
        "c2_xavier_fill": {"a": 1},
    }
    values = settings[name]
    function = "kaiming_normal_" if name == "c2_msra_fill" else "kaiming_uniform_"
    for guards, module in run.options(args[0]) if args else ():
        with run.under(guards):
            weight = run.settle(module.slots.get("weight")) if isinstance(module, ModuleObject) else None
            if isinstance(weight, Tensor):
                record = tensors.init_call(run, dotted, (values, {}), weight, node, frame, 1)
                tensors.write(run, weight, replace(draws.event_of_init(function, record, weight), call=record))
            bias = run.settle(module.slots.get("bias")) if isinstance(module, ModuleObject) else None
            if isinstance(bias, Tensor):
                tensors.write(run, bias, draws.constant_event(0, frame.site(node), scope=frame.name))
    return None
