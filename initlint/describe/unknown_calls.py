"""Calls that cannot be followed, and what they may have done to what they were given."""

from __future__ import annotations

import ast
import re

from initlint.describe import (
    classes,
    externals,
    forward,
    modules,
    strangers,
    tensors,
    truth,
)
from initlint.describe.nodes import Guard, InitEvent, Loaded, Site
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import Sym
from initlint.describe.values import (
    ClassRef,
    External,
    Method,
    ModuleObject,
    Sequence,
    Tensor,
    Value,
)  # fmt: skip
from initlint.reference.layers import LAYERS_BY_DOTTED_NAME

# A function of unknown make with such a name may write to what it is given; torch ends in `_` what works in place.
_MAY_WRITE = re.compile(r"init|reset|load|weight|restore|pretrain|fill_|copy_|zero|[a-z0-9]_$", re.IGNORECASE)
# What is loaded beside models, by the last words of its class's name.
_NO_MODEL = re.compile(
    r"(Config|Configuration|Tokenizer|TokenizerFast|Processor|FeatureExtractor|Extractor|Scheduler|Args)$"
)


def class_method(
    run: Run, cls: ClassRef, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    """`Class.from_pretrained(...)`, `nn.Module.__init__(self)`."""
    if name == "__init__":
        return _constructed_by_hand(run, args, kwargs, node, frame)
    if name == "_from_config":
        return classes.instantiate(run, cls, args[:1], {}, node, frame)
    if name in modules.LOADERS:
        config = args[0] if args else None
        made = classes.instantiate(run, cls, [config] if isinstance(config, Sym) else [], {}, node, frame)
        if isinstance(made, ModuleObject):
            modules.method(run, made, name, args, kwargs, node, frame)  # type: ignore[arg-type]
        return made
    return run.nameless(name)


def _constructed_by_hand(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> None:
    """`nn.Module.__init__(self)`; in transformers' templates `self` may be left out."""
    given = bool(args) and isinstance(args[0], ModuleObject)
    module = args[0] if given else frame.self_value
    if isinstance(module, ModuleObject) and module.cls is not None:
        classes.super_init(run, module, module.cls, None, args[1:] if given else args, kwargs, node, frame)


def unknown_call(
    run: Run, function: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    """A call that cannot be followed. What it is given may have been written to."""
    dotted = function.dotted if isinstance(function, External) else ""
    given = [*args, *kwargs.values()]
    if dotted.endswith(".__init__"):
        return _constructed_by_hand(run, args, kwargs, node, frame)
    if run.forward or externals._flows(given):
        return forward.unknown(run, given, node, frame)
    if isinstance(function, Sym):
        if (walked := strangers.walk(run, function)) is not None:
            return walked
        strangers.write(run, args, kwargs, node, frame)
    text = _text(function, node)
    if _MAY_WRITE.search(text) or text.startswith("unread."):
        for value in given:
            may_write(run, value, node, frame)
        if isinstance(function, Method) and isinstance(function.target, ModuleObject):
            may_write(run, function.target, node, frame)
    owner, _, last = text.rpartition(".")
    if last == "backward" and run.trained is None:
        run.trained = run.tick()
    if last in modules.LOADERS and _NO_MODEL.search(owner):
        return run.nameless(text)
    if last in modules.LOADERS or _pretrained(run, kwargs):
        dotted = owner if owner in LAYERS_BY_DOTTED_NAME else dotted  # nn.Embedding.from_pretrained(table)
        module = ModuleObject(last, frame.site(node), dotted=dotted or None)
        module.loaded = frame.site(node)
        if not (dotted == owner and any(_made_here(value, node) for value in given)):
            run.records.append(Loaded(frame.site(node), module, tuple(run.guards), run.tick()))
        return module
    if asked := _when_asked(run, kwargs, frame.site(node)):
        module = ModuleObject(last, frame.site(node), dotted=dotted or None)
        run.records.append(Loaded(frame.site(node), module, (*run.guards, *asked), run.tick()))
        return module
    if text.rpartition(".")[2][:1].isupper() and dotted:
        module = ModuleObject(text.rpartition(".")[2], frame.site(node), dotted=dotted)
        module.arguments = {**{str(i): value for i, value in enumerate(args)}, **kwargs}
        return module
    return run.nameless(text)


def _made_here(value: Value, call: ast.AST) -> bool:
    """Whether a table is raw memory or drawn before the call: nothing is lost when it is drawn again."""
    events = value.storage.events if isinstance(value, Tensor) and value.storage is not None else []
    before = [event for event in events if event.site is None or event.site.node is not call]
    return bool(before) and all(event.scheme not in ("copy", "unknown") for event in before)


def _pretrained(run: Run, kwargs: dict[str, Value]) -> bool:
    value = run.settle(kwargs.get("pretrained", False))
    value = value.default if isinstance(value, Sym) else value
    weights = run.settle(kwargs.get("weights"))
    return (
        value is True
        or (isinstance(weights, str) and bool(weights))
        or (isinstance(weights, External) and "Weights" in weights.dotted)
    )


def _when_asked(run: Run, kwargs: dict[str, Value], site: Site) -> tuple[Guard, ...]:
    """`resnet18(pretrained=pretrained)`: under which condition the weights are loaded; none where that is not known."""
    value = run.settle(kwargs.get("pretrained"))
    if not isinstance(value, Sym) or value.single is None or run.forward:
        return ()
    return next((guards for guards, taken in truth.branches(run, value, site) if taken), ())


def _text(function: Value, node: ast.AST) -> str:
    if isinstance(function, External):
        return function.dotted
    if isinstance(function, Sym):
        return repr(function)
    if isinstance(function, Method):
        return function.name
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else "call"


def may_write(run: Run, value: Value, node: ast.AST, frame: Frame) -> None:
    """Whatever the tensors in `value` held, it is no longer known."""
    for guards, option in run.options(value):
        with run.under(guards):
            if isinstance(option, Tensor) and option.storage is not None:
                tensors.write(run, option, InitEvent("unknown", frame.site(node), scope=frame.name))
            elif isinstance(option, ModuleObject):
                for _, tensor in modules.named_parameters(run, option):
                    for more, inner in run.options(tensor):
                        with run.under(more):
                            tensors.write(run, inner, InitEvent("unknown", frame.site(node), scope=frame.name))
            elif isinstance(option, Sequence):
                for item in option.items[:50]:
                    may_write(run, item, node, frame)
