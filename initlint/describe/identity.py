"""What an object is: super(), type(), isinstance, and what each teaches about the unknown."""

from __future__ import annotations

import ast
from typing import Any

from initlint.describe import classes, exact_types, layers, type_tests
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import Sym
from initlint.describe.values import (
    Choice,
    ClassRef,
    External,
    Function,
    Instance,
    Mapping,
    ModuleObject,
    Sequence,
    Super,
    Tensor,
    Value,
)  # fmt: skip
from initlint.reference.layers import LAYERS_BY_DOTTED_NAME

_BASES = {"_BatchNorm": "torch.nn.BatchNorm2d", "_ConvNd": "torch.nn.Conv2d"}  # of several layers, by the last name


def syntactic(run: Run, dotted: str, node: ast.Call, frame: Frame) -> Value:
    """Builtins whose arguments matter as text; NotImplemented for all else."""
    match dotted:
        case "builtins.super":
            return Super(frame.self_value if frame.self_value is not None else _outer_self(frame), _owner(frame))
        case "builtins.isinstance":
            return _isinstance(run, node, frame)
        case "builtins.type" if len(node.args) == 1:
            return _type_of(run, node, frame)
    return NotImplemented


def _outer_self(frame: Frame) -> Value:
    scope: Frame | None = frame
    while scope is not None:
        if scope.self_value is not None:
            return scope.self_value
        scope = scope.outer
    return None


def _owner(frame: Frame) -> ClassRef | None:
    scope: Frame | None = frame
    while scope is not None:
        if scope.owner is not None:
            return scope.owner
        scope = scope.outer
    return None


def _type_of(run: Run, node: ast.Call, frame: Frame) -> Value:
    from initlint.describe.expressions import evaluate

    value = run.settle(evaluate(run, node.args[0], frame))
    if isinstance(value, ModuleObject):
        return exact_types.class_of(run, value)
    if isinstance(value, Instance):
        return value.cls
    if isinstance(value, Sym):
        return run.unknown(f"type({value!r})", payload=("class of", value))
    return run.nameless("type")


def _isinstance(run: Run, node: ast.Call, frame: Frame) -> Value:
    from initlint.describe.expressions import evaluate

    type_tests.note_isinstance(run, node, frame)
    if len(node.args) != 2:
        return run.nameless("isinstance")
    subject = evaluate(run, node.args[0], frame)
    types = run.settle(evaluate(run, node.args[1], frame))
    members = list(types.items) if isinstance(types, Sequence) else [types]
    options = [(guards, _is_one_of(run, option, members, node, frame)) for guards, option in run.options(subject)]
    return run.choose(options) if options else run.nameless("isinstance")


def exact_type(run: Run, node: ast.Compare, left: Value, right: Value, frame: Frame) -> Value | None:
    """`type(m) == nn.Linear`, `type(m) in (A, B)` of an unknown module; None for any other comparison."""
    atom = left.single if isinstance(left, Sym) else None
    match atom.payload if atom is not None else None:
        case ("class of", Sym() as subject):
            pass
        case _:
            return None
    if isinstance(node.ops[0], (ast.Eq, ast.Is)) and isinstance(right, (External, ClassRef)):
        return _is_one_of(run, subject, [right], node, frame)
    if isinstance(node.ops[0], ast.In) and isinstance(right, Sequence):
        return _is_one_of(run, subject, [run.settle(item) for item in right.items], node, frame)
    return None


def _is_one_of(run: Run, subject: Value, members: list[Value], node: ast.expr, frame: Frame) -> Value:
    answers = [is_instance(run, subject, run.settle(member)) for member in members]
    if True in answers:
        return True
    if all(answer is False for answer in answers):
        return False
    text = " or ".join(_type_text(member) for member in members)
    lessons: dict[Sym, Value] = {}
    if isinstance(subject, Sym):
        kinds = [_layer_of(member) for member in members if isinstance(member, External)]
        made = [layers.generic(run, kind, frame.site(node), repr(subject)) for kind in kinds if kind is not None]
        if len(made) == 1 and len(members) == 1:
            lessons[subject] = made[0]
        elif made:
            from initlint.describe.nodes import Guard

            lessons[subject] = Choice(
                tuple(((Guard(("kind", id(node), i), True, None),), module) for i, module in enumerate(made))
            )
    return run.unknown(
        f"isinstance({subject!r}, {text})" if isinstance(subject, Sym) else f"isinstance@{id(node)}:{id(subject)}",
        payload=("narrow", lessons),
    )


def _layer_of(cls: External) -> str | None:
    """The layer of torch that a class is: itself, or for a common base the one that is met most."""
    dotted = _BASES.get(cls.dotted.rpartition(".")[2], cls.dotted)
    return dotted if dotted in LAYERS_BY_DOTTED_NAME else None


def _type_text(value: Value) -> str:
    return value.dotted if isinstance(value, External) else value.name if isinstance(value, ClassRef) else repr(value)


def is_instance(run: Run, subject: Value, cls: Value) -> bool | None:
    """Whether a value is an instance of a class; None where unknown."""
    if isinstance(subject, ModuleObject):
        return _module_is(run, subject, cls)
    simple = {"builtins.str": str, "builtins.int": int, "builtins.float": float, "builtins.bool": bool}
    if isinstance(cls, External) and cls.dotted in simple and _is_class(subject):
        return False
    if isinstance(cls, External) and isinstance(subject, (str, int, float, bool, type(None))):
        return isinstance(subject, simple[cls.dotted]) if cls.dotted in simple else False
    if isinstance(subject, Sequence) and isinstance(cls, External):
        return {"builtins.list": subject.kind == "list", "builtins.tuple": subject.kind == "tuple"}.get(
            cls.dotted, False
        )
    if isinstance(subject, Mapping) and isinstance(cls, External):
        return cls.dotted == "builtins.dict" or cls.dotted.endswith("OrderedDict")
    if isinstance(subject, Tensor) and isinstance(cls, External):
        if cls.dotted == "torch.nn.Parameter":
            return subject.is_parameter
        return cls.dotted == "torch.Tensor"
    if (
        isinstance(subject, Sym)
        and isinstance(subject.default, (str, int, float, bool))
        and isinstance(cls, External)
        and cls.dotted in simple
    ):
        return isinstance(subject.default, simple[cls.dotted])
    return None


def _is_class(value: Value) -> bool:
    outside = value.dotted.rpartition(".")[2] if isinstance(value, External) else ""
    return isinstance(value, (ClassRef, Function)) or (outside[:1].isupper() and not outside.isupper())


_FAMILIES = {
    "torch.nn.modules.batchnorm._BatchNorm": "BatchNorm", "torch.nn._BatchNorm": "BatchNorm",
    "torch.nn.modules.conv._ConvNd": "Conv", "torch.nn._ConvNd": "Conv",
    "torch.nn.modules.instancenorm._InstanceNorm": "InstanceNorm", "torch.nn.modules.batchnorm._NormBase": "BatchNorm",
    "torch.nn.RNNBase": ("RNN", "LSTM", "GRU"), "mmcv.utils._BatchNorm": "BatchNorm",
    "mmengine.utils.dl_utils.parrots_wrapper._BatchNorm": "BatchNorm",
    "mmcv.utils.parrots_wrapper._BatchNorm": "BatchNorm",
    "torch.nn.modules.conv._ConvTransposeNd": "ConvTranspose",
}  # fmt: skip


def _module_is(run: Run, module: ModuleObject, cls: Value) -> bool | None:
    if isinstance(cls, External):
        dotted = cls.dotted
        last = dotted.rpartition(".")[2]
        if dotted in ("torch.nn.Module", "builtins.object"):
            return True
        if dotted in _FAMILIES:
            prefix: Any = _FAMILIES[dotted]
            names = (*module.bases, module.kind) if module.cls is None else module.bases
            return any(name.startswith(prefix) for name in names) and not (module.generic and "by name" in module.marks)
        if module.cls is not None:
            entries = classes.order(run.project, module.cls)
            outside = [entry.dotted for entry in entries if isinstance(entry, External)]
            if dotted in outside or last in module.bases:
                return True
            unknown = [o for o in outside if not o.startswith(("torch.nn.", "abc.", "typing.", "builtins."))]
            return None if unknown and not dotted.startswith("torch.nn.") else False
        if dotted == (module.dotted or "") or (dotted.startswith("torch.nn.") and last in (module.kind, *module.bases)):
            return True
        if module.generic and "by name" in module.marks:
            return None
        if last == "BatchNorm2d" and module.kind == "SyncBatchNorm":
            return False
        known = module.dotted is not None and module.dotted.startswith(("torch.nn.", "activation."))
        return False if known else None
    if isinstance(cls, ClassRef):
        if module.cls is None:
            known = module.dotted is not None and module.dotted.startswith(("torch.nn.", "activation."))
            return False if known else None
        return any(entry == cls for entry in classes.order(run.project, module.cls) if isinstance(entry, ClassRef))
    return None
