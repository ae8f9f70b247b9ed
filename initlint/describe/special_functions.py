"""Functions of torch, copy, functools and timm with a meaning of their own for models."""

from __future__ import annotations

import ast
from typing import Any

from initlint.describe import flow_operations as ops
from initlint.describe import (
    modules,
    tensors,
    wrapping,
)
from initlint.describe.nodes import Copied, InitEvent, Seeded
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import Sym
from initlint.describe.values import (
    Function,
    ModuleObject,
    Partial,
    Sequence,
    Value,
)  # fmt: skip


def _deepcopy(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    from initlint.describe.copies import clone

    value = run.settle(args[0]) if args else None
    made = clone(run, value)
    if isinstance(value, ModuleObject) and isinstance(made, ModuleObject):
        run.records.append(Copied(frame.site(node), value, made, None))
    elif isinstance(value, Sym) and not run.forward:  # what it is stays unknown, that it is copied does not
        unknown = ModuleObject("Module", None, generic=True)
        run.records.append(Copied(frame.site(node), unknown, unknown, None))
    return made


def _partial(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    return Partial(args[0], tuple(args[1:]), kwargs) if args else run.nameless("partial")


def _no_grad(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    if args and isinstance(args[0], Function):  # @torch.no_grad() on a function
        return args[0]
    return run.unknown("no_grad", payload="no_grad")


def _set_grad(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    given = run.settle(args[0] if args else kwargs.get("mode", True))
    return run.unknown("set_grad_enabled") if given is True else run.unknown("no_grad", payload="no_grad")


def _seed(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    run.records.append(Seeded(frame.site(node), frame.name))
    return None


def _ordered(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    from initlint.describe.builtin_functions import BUILTINS

    return BUILTINS["dict"](run, [run.settle(arg) for arg in args], kwargs)


def _named_apply(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    """timm's `named_apply(fn, module, name='', depth_first=True, include_root=False)`."""
    from initlint.describe import calls

    function, module = ([*args, None, None])[:2]
    function, module = kwargs.get("fn", function), run.settle(kwargs.get("module", module))
    if not isinstance(module, ModuleObject):
        return module
    run.broad += 1
    try:
        found = list(modules.walk(run, module))
        for path, value in reversed(found) if kwargs.get("depth_first", True) else found:
            for guards, inner in run.options(value):
                if path or kwargs.get("include_root"):
                    with run.under(guards):
                        calls.call(run, function, [], {"module": inner, "name": path}, node, frame)
    finally:
        run.broad -= 1
    return module


def _checkpoint(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    from initlint.describe import calls

    kwargs = {key: value for key, value in kwargs.items() if key not in ("use_reentrant", "preserve_rng_state")}
    return calls.call(run, args[0], args[1:], kwargs, node, frame) if args else run.nameless("checkpoint")


def _same_module(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    return args[0] if args else run.nameless("module")


def _remove_norm(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    module = run.settle(args[0]) if args else None
    slot = args[1] if len(args) > 1 and isinstance(args[1], str) else "weight"
    if isinstance(module, ModuleObject):
        module.wrappers = ()
        if slot in module.slots:
            run.set(module, slot, wrapping._recomputed(run, module.slots[slot], None))
    return module


def _repeated(count: int) -> Any:
    """torch's `_pair`, timm's `to_2tuple`: one size for each direction, a tuple as it is."""

    def given(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
        value = run.settle(args[0]) if args else None
        if isinstance(value, Sequence):
            return Sequence(value.items, "tuple", value.repeated)
        return Sequence((value,) * count, "tuple") if isinstance(value, (int, Sym)) else run.nameless("sizes")

    return given


def _one_hot(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    """Rows of the identity: those that the signal names, or all of them while a model is built."""
    sources = ops.flows(run, [*args, *kwargs.values()])
    if run.forward and sources:
        return ops.add(run, "unknown", sources, frame, node, name=ops.ONE_HOT)
    site = frame.site(node)
    return tensors.make(run, InitEvent("eye", site, order=run.tick(), guards=tuple(run.guards)), None, site)


SPECIAL: dict[str, Any] = {
    "copy.deepcopy": _deepcopy, "copy.copy": _deepcopy, "functools.partial": _partial,
    "torch.no_grad": _no_grad, "torch.set_grad_enabled": _set_grad, "torch.inference_mode": _no_grad,
    "torch.autograd.no_grad": _no_grad,
    "torch.manual_seed": _seed, "collections.OrderedDict": _ordered, "timm.models.helpers.named_apply": _named_apply,
    "timm.models.named_apply": _named_apply, "timm.models._manipulate.named_apply": _named_apply,
    "timm.layers.named_apply": _named_apply, "torch.utils.checkpoint.checkpoint": _checkpoint,
    "torch.nn.functional.one_hot": _one_hot,
    "torch.compile": _same_module, "torch.jit.script": _same_module, "torch.jit.ignore": _same_module,
    "torch.nn.DataParallel": _same_module, "torch.nn.parallel.DistributedDataParallel": _same_module,
    "torch.nn.utils.remove_weight_norm": _remove_norm,
    "torch.nn.utils.parametrize.remove_parametrizations": _remove_norm,
    "torch.nn.modules.utils._single": _repeated(1), "torch.nn.modules.utils._pair": _repeated(2),
    "torch.nn.modules.utils._triple": _repeated(3), "timm.layers.to_2tuple": _repeated(2),
    "timm.models.layers.to_2tuple": _repeated(2), "timm.layers.helpers.to_2tuple": _repeated(2),
}  # fmt: skip
