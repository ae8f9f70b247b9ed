"""getattr, setattr, hasattr, and the other builtins that need more than their values."""

from __future__ import annotations

import ast

from initlint.describe import (
    classes,
    draws,
    modules,
    signatures,
    unknown_calls,
)
from initlint.describe.facts import HelperGivenTensor, InitName
from initlint.describe.run import ABSENT, Frame, Run
from initlint.describe.symbols import Sym
from initlint.describe.values import (
    ClassRef,
    External,
    Instance,
    ModuleObject,
    Tensor,
    Value,
)  # fmt: skip
from initlint.reference.module_attributes import may_have


def builtin(run: Run, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    from initlint.describe import attributes
    from initlint.describe.builtin_functions import BUILTINS

    settled = [run.settle(arg) for arg in args]
    if name == "getattr" and len(args) >= 2:
        return _getattr(run, settled, node, frame)
    if name == "eval" and len(args) == 1 and isinstance(settled[0], str):
        return _dotted(run, settled[0], node, frame)
    if name == "setattr" and len(args) == 3:
        if isinstance(settled[0], ModuleObject) and isinstance(settled[1], str):
            modules.set_attribute(run, settled[0], settled[1], settled[2], frame, node)
        elif isinstance(settled[0], Instance) and isinstance(settled[1], str):
            run.set(settled[0], settled[1], settled[2])
        return None
    if name == "delattr" and len(args) == 2:
        if isinstance(settled[0], (ModuleObject, Instance)) and settled[1] in settled[0].slots:
            run.set(settled[0], settled[1], ABSENT)
        return None
    if name == "hasattr" and len(args) == 2:
        if isinstance(settled[0], Tensor) and settled[1] in ("weight", "bias") and isinstance(node, ast.Call):
            run.records.append(HelperGivenTensor(frame.site(node), node.args[0], settled[1], tuple(run.via)))
        return has_attribute(run, settled[0], settled[1], frame)
    if name == "type":
        return run.nameless("type")
    handler = BUILTINS.get(name)
    if handler is not None:
        return handler(run, settled, kwargs)
    del attributes
    return unknown_calls.unknown_call(run, External(f"builtins.{name}"), args, kwargs, node, frame)


def looked_up(run: Run, name: str, node: ast.AST, frame: Frame) -> None:
    """Note a name of torch.nn.init that is deprecated, or that it does not have; not in a table of them."""
    known = name in signatures.SIGNATURES or name in signatures.OTHER_NAMES or name in draws.TRANSFORMERS_NAMES
    if not known and not name.startswith("_") and not isinstance(frame.file.source.parents.get(node), ast.Dict):
        run.records.append(InitName(frame.site(node), name, bool(frame.in_try)))


def _getattr(run: Run, args: list[Value], node: ast.AST, frame: Frame) -> Value:
    from initlint.describe import attributes

    subject, name = args[0], args[1]
    if isinstance(name, Sym) and isinstance(name.default, str):
        name = name.default
    if not isinstance(name, str):
        fills = isinstance(subject, External) and subject.dotted == "torch.nn.init"
        return run.nameless("some init" if fills else "attribute")
    alike = name.replace("*", "0") if isinstance(subject, ModuleObject) and name not in subject.slots else name
    if isinstance(subject, ModuleObject) and alike in subject.slots:
        name = alike  # `bias_ih_l*` of a loop over the layers: what is done to the first is done to all
    if (
        isinstance(subject, ModuleObject)
        and name not in subject.slots
        and len(args) > 2
        and has_attribute(run, subject, name, frame) is False
    ):
        return args[2]
    if (
        isinstance(subject, Tensor) and len(args) > 2 and name.startswith("_")
    ):  # a mark that somebody may have put on it
        return subject.storage.marks.get(name, args[2]) if subject.storage is not None else args[2]
    if isinstance(subject, External):
        if subject.dotted == "torch.nn.init":
            looked_up(run, name, node, frame)
            return External(f"torch.nn.init.{name}")
        return attributes.get(run, subject, name, frame, node)
    value = attributes.get(run, subject, name, frame, node)
    if (
        isinstance(subject, Sym)
        and len(args) > 2
        and isinstance(value, Sym)
        and isinstance(args[2], (int, float, str, bool, type(None)))
        and not value.default
        and value.default is not False
    ):
        return run.unknown(repr(value), args[2]) if not isinstance(value.default, (int, float, str, bool)) else value
    return value


def _dotted(run: Run, text: str, node: ast.AST, frame: Frame) -> Value:
    """`eval("lstm.bias_ih_l" + str(i))`: a variable and its attributes; any other code stays unknown."""
    first, *rest = text.strip().split(".")
    if first not in frame.env or not all(part.replace("*", "0").isidentifier() for part in rest):
        return run.nameless("eval")
    value = frame.env[first]
    for part in rest:
        value = _getattr(run, [run.settle(value), part], node, frame)
    return value


def _is_plain(base: ClassRef | External) -> bool:
    """Whether an instance has no more of this class than its methods say: a constructor's decorator may add to it."""
    if isinstance(base, External):
        return base.dotted.startswith(("torch.nn.", "builtins.", "abc."))
    constructor = base.info.methods.get("__init__")
    return constructor is None or not getattr(constructor, "decorator_list", ())


def has_attribute(run: Run, subject: Value, name: Value, frame: Frame) -> Value:
    if not isinstance(name, str):
        return run.nameless("hasattr")
    if isinstance(subject, ModuleObject):
        if name in subject.slots:
            return True
        if subject.cls is not None:
            if classes.find(run.project, subject.cls, name) or classes.constant(run.project, subject.cls, name):
                return True
            order = classes.order(run.project, subject.cls)
            plain = all(_is_plain(base) for base in order) and not name.startswith("__")
            return False if plain else run.nameless("hasattr")
        if subject.dotted is not None and subject.dotted.startswith(("torch.nn.", "activation.")):
            if name in ("weight", "bias", "in_proj_weight", "weight_ih_l0"):
                return False
            if name in subject.arguments or (name == "reset_parameters" and subject.bases):
                return True
            marked = subject.generic or not subject.bases  # somebody may have put anything on it
            return False if not marked and not may_have(name) else run.nameless("hasattr")
        return run.nameless("hasattr")
    if isinstance(subject, Instance):
        return name in subject.slots or run.nameless("hasattr")
    if isinstance(subject, Sym):
        config = subject.single.payload if subject.single is not None else None
        if isinstance(config, ClassRef) and name in classes.configured(run.project, config):
            return True
        if isinstance(config, ClassRef) and classes.is_closed(run.project, config):
            return False
        return run.unknown(f"hasattr({subject!r}, {name!r})")
    return run.nameless("hasattr")
