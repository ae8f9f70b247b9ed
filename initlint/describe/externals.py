"""What the functions outside the project do: torch, builtins, math, copy, functools, timm, mmengine."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from initlint.describe import (
    factories,
    forward,
    init_functions,
    layers,
    reflection,
    signatures,
    special_functions,
    tensors,
    unknown_calls,
    wrapping,
)
from initlint.describe.run import Frame, Run
from initlint.describe.values import (
    Choice,
    External,
    ModuleObject,
    Sequence,
    Tensor,
    Value,
)  # fmt: skip
from initlint.reference.layers import ACTIVATIONS, LAYERS_BY_DOTTED_NAME, NORMS, PASSTHROUGH


def call(run: Run, dotted: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    """Call something outside the project by its canonical name."""
    if "out" in kwargs and dotted.startswith("torch."):
        unknown_calls.may_write(run, kwargs["out"], node, frame)
    if dotted in ("typing.cast", "typing_extensions.cast") and len(args) == 2:
        return args[1]
    return _call(run, dotted, args, kwargs, node, frame)


def _call(run: Run, dotted: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    head, _, last = dotted.rpartition(".")
    if head == "builtins":
        return reflection.builtin(run, last, args, kwargs, node, frame)
    if head == "torch.nn.init":
        return init_functions.init(run, last, dotted, args, kwargs, node, frame)
    if dotted in ("torch.nn.Parameter", "torch.nn.parameter.UninitializedParameter", "torch.nn.Buffer"):
        value = args[0] if args else kwargs.get("data")
        if last != "Parameter":
            return value
        made = tensors.parameter(run, value, node, frame)
        wants = kwargs.get("requires_grad", args[1] if len(args) > 1 else True)
        for _, option in run.options(made) if wants is not True else ():
            tensors.freeze(option, wants)
        return made
    if dotted in wrapping.WEIGHT_NORMS:
        return wrapping.wrap(run, wrapping.WEIGHT_NORMS[dotted], args, kwargs)
    if head in ("math", "numpy") and (result := factories.mathematics(last, args)) is not None:
        return result
    if head == "torch.nn" and last[:1].isupper():
        return layers.build(run, dotted, args, kwargs, frame.site(node))
    if dotted in LAYERS_BY_DOTTED_NAME:
        return layers.build(run, dotted, args, kwargs, frame.site(node))
    if (
        (head == "torch" or dotted.startswith("torch.cuda.FloatTensor"))
        and last in signatures.FACTORIES
        and not _flows(args)
    ):
        return factories.factory(run, last, args, kwargs, node, frame)
    special = special_functions.SPECIAL.get(dotted)
    if special is not None:
        return special(run, args, kwargs, node, frame)
    if run.forward or _flows(args):
        return forward.function(run, dotted, args, kwargs, node, frame)
    if last in signatures.MORE_SIGNATURES or (
        last == "trunc_normal_" and dotted.startswith(("timm", "mm", "detectron2"))
    ):
        return init_functions.init(run, last, dotted, args, kwargs, node, frame)
    if last in init_functions.MM_HELPERS and head.startswith(("mmcv", "mmengine", "mmseg", "fvcore", "detectron2")):
        return init_functions.mm_helper(run, last, dotted, args, kwargs, node, frame)
    if last == "c2_msra_fill" or last == "c2_xavier_fill":
        return init_functions.caffe2(run, last, dotted, args, node, frame)
    if head == "torch" and any(isinstance(arg, Tensor) for arg in args):
        return factories.torch_function(run, last, args, kwargs, node, frame)
    if last[:1].isupper() and (
        last in ACTIVATIONS
        or last in NORMS
        or last in PASSTHROUGH
        or head.startswith(("timm", "torchvision", "mmcv", "transformers", "detectron2", "diffusers"))
    ):
        module = ModuleObject(last, frame.site(node), dotted=dotted)
        module.arguments = {**{str(i): value for i, value in enumerate(args)}, **kwargs}
        return module
    return unknown_calls.unknown_call(run, External(dotted), args, kwargs, node, frame)


def _flows(args: Iterable[Value]) -> bool:
    """Whether a signal is among the arguments, or in a list of them: `torch.cat([x, y])`."""
    return any(
        (isinstance(arg, Tensor) and arg.node is not None)
        or (isinstance(arg, Sequence) and _flows(arg.items))
        or (isinstance(arg, Choice) and _flows(option for _, option in arg.options))
        for arg in args
    )
