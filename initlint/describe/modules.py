"""nn.Module's own methods: children, modules, parameters, apply, registration, loading."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from initlint.describe import calls, parts_of_loaded, tensors
from initlint.describe.library_init import library_init
from initlint.describe.nodes import Applied, AttributeWrite, InitEvent, Loaded
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import Sym
from initlint.describe.values import Choice, ClassRef, Mapping, ModuleObject, Sequence, Tensor, Value
from initlint.reference.layers import LAYERS

LOADERS = frozenset({"load_state_dict", "from_pretrained", "load_from_checkpoint", "init_from_pretrained"})


def set_attribute(run: Run, module: ModuleObject, name: str, value: Value, frame: Frame, statement: ast.AST) -> None:
    """`module.name = value`, with the names of parameters noted on their memory."""
    value = parts_of_loaded.as_part(run, value)
    ready = id(module) in run.initialised
    if not run.forward:
        run.records.append(
            AttributeWrite(
                frame.site(statement),
                module,
                name,
                value,
                module.slots.get(name),
                ready,
                frame.name,
                tuple(run.guards),
                run.tick(),
            )
        )
    for _, option in run.options(value):
        if (
            isinstance(option, Tensor)
            and option.storage is not None
            and option.is_parameter
            and option.storage.layer is None
        ):
            option.storage.layer = module
            option.storage.slot = name
    old = module.slots.get(name)
    if isinstance(value, (Tensor, ModuleObject)) and isinstance(old, (Tensor, ModuleObject)) and name in module.slots:
        pass  # a replaced layer keeps its place in the order
    run.set(module, name, value)
    if name.startswith("_") and isinstance(value, bool) and value:
        module.marks = module.marks | {name}


def children(run: Run, module: ModuleObject) -> Iterator[tuple[str, Value]]:
    """Direct children with their names; one that is there under a condition stays a choice."""
    for name, value in list(module.slots.items()):
        if name.startswith("__") or name in ("items", "repeated"):
            continue
        if isinstance(value, ModuleObject) or (
            isinstance(value, Choice) and any(isinstance(option, ModuleObject) for _, option in run.options(value))
        ):
            yield name, value


def walk(run: Run, module: ModuleObject, prefix: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, Value]]:
    """All modules below, the outermost first, as `named_modules` gives them. Guarded ones are choices."""
    seen = set() if seen is None else seen
    if id(module) in seen:
        return
    seen.add(id(module))
    yield prefix, module
    for name, child in children(run, module):
        path = f"{prefix}.{_shown(module, name)}" if prefix else _shown(module, name)
        for guards, option in run.likely_first(child):
            if isinstance(option, ModuleObject):
                for inner_path, inner in walk(run, option, path, seen):
                    yield inner_path, (Choice(((guards, inner),)) if guards else inner)


def _shown(module: ModuleObject, name: str) -> str:
    if module.multiplicity is not None and name.isdigit():
        members = [key for key in module.slots if key.isdigit()]
        if len(members) == 1:
            return "*"
    return name


def own_parameters(run: Run, module: ModuleObject) -> Iterator[tuple[str, tuple[Any, ...], Tensor]]:
    """The module's direct parameters: name, guards, tensor."""
    for name, value in list(module.slots.items()):
        for guards, option in run.options(value) if isinstance(value, (Tensor, Choice)) else ():
            if isinstance(option, Tensor) and option.is_parameter and option.storage is not None:
                yield name, guards, option


def named_parameters(run: Run, module: ModuleObject) -> Iterator[tuple[str, Tensor]]:
    """All parameters below, each once, as `named_parameters` gives them (guards left out)."""
    seen: set[int] = set()
    for path, value in walk(run, module):
        for guards, inner in run.options(value):
            if not isinstance(inner, ModuleObject):
                continue
            for name, more, tensor in own_parameters(run, inner):
                if id(tensor.storage) not in seen:
                    seen.add(id(tensor.storage))
                    full = f"{path}.{name}" if path else name
                    yield full, (Choice(((guards + more, tensor),)) if guards + more else tensor)  # type: ignore[misc]


def method(
    run: Run, module: ModuleObject, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.Call, frame: Frame
) -> Value:
    """A method that nn.Module itself has."""
    handler = _METHODS.get(name)
    if handler is not None:
        return handler(run, module, args, kwargs, node, frame)
    if name in LOADERS:
        return _load(run, module, args, kwargs, node, frame)
    if name in _RETURN_SELF:
        if name == "requires_grad_":
            _freeze(run, module, args[0] if args else kwargs.get("requires_grad", True))
        return module
    if name in ("__getitem__", "get_submodule", "get_parameter"):
        return run.nameless(name)
    if name == "reset_parameters" or name == "_reset_parameters":
        return reset(run, module, frame)
    return run.nameless(name)


def _freeze(run: Run, module: ModuleObject, value: Value) -> None:
    for _, held in named_parameters(run, module):
        for _, tensor in run.options(held):
            tensors.freeze(tensor, value)


_RETURN_SELF = frozenset({
    "to", "cuda", "cpu", "half", "float", "double", "bfloat16", "eval", "train", "requires_grad_", "share_memory",
    "type", "compile", "to_empty", "zero_grad", "xpu",
})  # fmt: skip


def reset(run: Run, module: ModuleObject, frame: Frame) -> None:
    """`layer.reset_parameters()` of a torch layer: back to what its constructor drew."""
    for _, _, tensor in own_parameters(run, module):
        if tensor.storage is not None and tensor.storage.events and tensor.storage.events[0].default:
            first = tensor.storage.events[0]
            tensors.write(
                run,
                tensor,
                InitEvent(
                    first.scheme,
                    first.site,
                    mean=first.mean,
                    std=first.std,
                    low=first.low,
                    high=first.high,
                    default=True,
                    scope=frame.name,
                ),
            )


def _apply(
    run: Run, module: ModuleObject, args: list[Value], kwargs: dict[str, Value], node: ast.Call, frame: Frame
) -> Value:
    """`module.apply(f)`: children first, the module itself last."""
    function = args[0] if args else kwargs.get("fn")
    applied = Applied(frame.site(node), module, function, frame.name, run.tick(), tuple(run.guards))
    run.broad += 1
    try:
        with run.applying(applied):
            for guards, inner in _bottom_up(run, module, set()):
                with run.under(guards):
                    calls.call(run, function, [inner], {}, node, frame)
            if _opaque(module):
                calls.call(run, function, [run.nameless("inner")], {}, node, frame)
    finally:
        run.broad -= 1
    return module


def _opaque(module: ModuleObject) -> bool:
    """Whether it is a class from outside the project, which may hold layers of any kind."""
    outside = module.dotted is not None and not module.dotted.startswith(("torch.nn.", "activation."))
    return outside and module.cls is None and not module.bases and not module.generic


def _bottom_up(run: Run, module: ModuleObject, seen: set[int]) -> Iterator[tuple[Any, ModuleObject]]:
    if id(module) in seen:
        return
    seen.add(id(module))
    for _, child in children(run, module):
        for guards, option in run.likely_first(child):
            if isinstance(option, ModuleObject):
                for more, inner in _bottom_up(run, option, seen):
                    yield guards + more, inner
    yield (), module


def _modules(run: Run, module: ModuleObject, *_: Any) -> Value:
    return _walked(module, (value for _, value in _with_hidden(run, module)))


def _walked(module: ModuleObject, items: Iterable[Value]) -> Sequence:
    return Sequence(tuple(items), "walk", root=module)


def _named_modules(run: Run, module: ModuleObject, *_: Any) -> Value:
    return _walked(module, (_pair(path, value) for path, value in _with_hidden(run, module)))


def _with_hidden(run: Run, module: ModuleObject) -> list[tuple[Value, Value]]:
    """All modules below, and one that stands for what those from outside the project may hold."""
    found = list(walk(run, module))
    opaque = any(isinstance(one, ModuleObject) and _opaque(one) for _, one in found)
    return [*found, (run.nameless("path"), run.nameless("inner"))] if opaque else [*found]


def _pair(path: Value, value: Value) -> Value:
    if isinstance(value, Choice) and len(value.options) == 1:
        guards, inner = value.options[0]
        return Choice(((guards, Sequence((path, inner), "tuple")),))
    return Sequence((path, value), "tuple")


def _children(run: Run, module: ModuleObject, *_: Any) -> Value:
    if parts_of_loaded.is_opaque(module):
        return Sequence((parts_of_loaded.part(run, module, "*"),), "walk", run.nameless("count"), module)
    return _walked(module, (value for _, value in children(run, module)))


def _named_children(run: Run, module: ModuleObject, *_: Any) -> Value:
    return _walked(module, (_pair(name, value) for name, value in children(run, module)))


def _parameters(run: Run, module: ModuleObject, args: list[Value], kwargs: dict[str, Value], *_: Any) -> Value:
    if kwargs.get("recurse", args[0] if args else True) is False:
        own = own_parameters(run, module)
        return _walked(module, (Choice(((guards, tensor),)) if guards else tensor for _, guards, tensor in own))
    return _walked(module, (tensor for _, tensor in named_parameters(run, module)))


def _named_parameters(run: Run, module: ModuleObject, args: list[Value], kwargs: dict[str, Value], *_: Any) -> Value:
    if kwargs.get("recurse") is False:
        own = own_parameters(run, module)
        pairs = [(name, Choice(((guards, tensor),)) if guards else tensor) for name, guards, tensor in own]
        return _walked(module, (_pair(name, value) for name, value in pairs))
    return _walked(module, (_pair(path, value) for path, value in named_parameters(run, module)))


def _register_parameter(
    run: Run, module: ModuleObject, args: list[Value], kwargs: dict[str, Value], node: ast.Call, frame: Frame
) -> None:
    name, value = _two(args, kwargs, "name", "param")
    if isinstance(name, str):
        set_attribute(run, module, name, value, frame, node)


def _register_buffer(
    run: Run, module: ModuleObject, args: list[Value], kwargs: dict[str, Value], node: ast.Call, frame: Frame
) -> None:
    name, value = _two(args, kwargs, "name", "tensor")
    if isinstance(name, str):
        run.set(module, name, value)
        run.buffers.append((module, name, frame.site(node)))
        for _, option in run.options(value):
            if isinstance(option, Tensor) and option.storage is not None:
                option.storage.is_buffer = True


def _add_module(
    run: Run, module: ModuleObject, args: list[Value], kwargs: dict[str, Value], node: ast.Call, frame: Frame
) -> None:
    name, value = _two(args, kwargs, "name", "module")
    if isinstance(name, str):
        set_attribute(run, module, name, value, frame, node)
    elif isinstance(name, Sym):
        set_attribute(run, module, f"*{name!r}", value, frame, node)


def _two(args: list[Value], kwargs: dict[str, Value], first: str, second: str) -> tuple[Value, Value]:
    given = [*args, None, None]
    return kwargs.get(first, given[0]), kwargs.get(second, given[1])


def _append(
    run: Run, module: ModuleObject, args: list[Value], kwargs: dict[str, Value], node: ast.Call, frame: Frame
) -> Value:
    count = sum(name.isdigit() for name in module.slots)
    if args:
        set_attribute(run, module, str(count), args[0], frame, node)
        if (repeats := run.repeats(module)) is not None:
            module.multiplicity = repeats
    return module


def _extend(
    run: Run, module: ModuleObject, args: list[Value], kwargs: dict[str, Value], node: ast.Call, frame: Frame
) -> Value:
    more = run.settle(args[0]) if args else None
    if isinstance(more, Sequence):
        for item in more.items:
            _append(run, module, [item], {}, node, frame)
        if more.repeated is not None:
            module.multiplicity = more.repeated
    return module


def _update(
    run: Run, module: ModuleObject, args: list[Value], kwargs: dict[str, Value], node: ast.Call, frame: Frame
) -> None:
    more = run.settle(args[0]) if args else None
    if isinstance(more, Mapping):
        for key, value in more.items.items():
            set_attribute(run, module, str(key), value, frame, node)


def _insert(
    run: Run, module: ModuleObject, args: list[Value], kwargs: dict[str, Value], node: ast.Call, frame: Frame
) -> None:
    _append(run, module, args[1:], kwargs, node, frame)


def _values(run: Run, module: ModuleObject, *_: Any) -> Value:
    return Sequence(tuple(value for _, value in _held(run, module)), "list", module.multiplicity)


def _items(run: Run, module: ModuleObject, *_: Any) -> Value:
    return Sequence(tuple(_pair(name, value) for name, value in _held(run, module)), "list", module.multiplicity)


def _keys(run: Run, module: ModuleObject, *_: Any) -> Value:
    return Sequence(tuple(name for name, _ in _held(run, module)), "list", module.multiplicity)


def _held(run: Run, module: ModuleObject) -> list[tuple[str, Value]]:
    """What a ModuleDict holds, by name: its modules, or the tensors of a ParameterDict."""
    if "ParameterDict" in module.bases:
        return [(name, value) for name, value in module.slots.items() if isinstance(value, (Tensor, Choice))]
    return list(children(run, module))


def _state_dict(run: Run, module: ModuleObject, *_: Any) -> Value:
    return run.unknown(f"state@{id(module):x}", payload=("state", module))


def _load(
    run: Run, module: ModuleObject, args: list[Value], kwargs: dict[str, Value], node: ast.Call, frame: Frame
) -> Value:
    """Weights from elsewhere: every parameter is a copy from now on."""
    site = frame.site(node)
    run.records.append(Loaded(site, module, tuple(run.guards), run.tick()))
    for _, value in named_parameters(run, module):
        for guards, tensor in run.options(value):
            with run.under(guards):
                tensors.write(run, tensor, InitEvent("copy", site, scope=frame.name))
    return run.nameless("loaded")


def post_init(
    run: Run, module: ModuleObject, args: list[Value], kwargs: dict[str, Value], node: ast.Call, frame: Frame
) -> None:
    """transformers' `post_init`: `_init_weights` over every module, each by the nearest pretrained class around it."""
    from initlint.describe import classes

    module.marks = module.marks | {"_asked_for_post_init"}
    if module.cls is None or not classes.is_pretrained(run.project, module.cls) or "_post_init" in module.marks:
        return
    module.marks = module.marks | {"_post_init"}
    applied = Applied(frame.site(node), module, None, frame.name, run.tick(), tuple(run.guards), "post_init")
    run.broad += 1
    grad, run.grad = run.grad, False  # transformers calls it under no_grad
    try:
        with run.applying(applied):
            _smart_apply(run, module, module, node, frame, set())
    finally:
        run.broad -= 1
        run.grad = grad


def _smart_apply(
    run: Run, module: ModuleObject, root: ModuleObject, node: ast.Call, frame: Frame, seen: set[int]
) -> None:
    from initlint.describe import classes, init_effects

    if id(module) in seen:
        return
    seen.add(id(module))
    for _, child in children(run, module):
        for guards, option in run.likely_first(child):
            if isinstance(option, ModuleObject):
                with run.under(guards):
                    nearest = (
                        option if option.cls is not None and classes.is_pretrained(run.project, option.cls) else root
                    )
                    _smart_apply(run, option, nearest, node, frame, seen)
    if "_is_hf_initialized" in module.marks or root.cls is None:
        return
    function = classes.find(run.project, root.cls, "_init_weights")
    if function is not None:
        function.bound = root
        init_effects.init_weights(run, function, module, node, frame)
    else:
        library_init(run, module, frame.site(node), frame)
    module.marks = module.marks | {"_is_hf_initialized"}  # an outer model's pass leaves it alone


def _base_init(
    run: Run, module: ModuleObject, args: list[Value], kwargs: dict[str, Value], node: ast.Call, frame: Frame
) -> None:
    """`super()._init_weights(layer)`, where the base is a library's."""
    from initlint.describe import classes

    if module.cls is None or not classes.is_pretrained(run.project, module.cls):
        return
    for value in [*args, *kwargs.values()]:
        for guards, option in run.options(value):
            if isinstance(option, ModuleObject):
                with run.under(guards):
                    library_init(run, option, frame.site(node), frame)


_METHODS: dict[str, Any] = {
    "apply": _apply, "modules": _modules, "named_modules": _named_modules, "children": _children,
    "named_children": _named_children, "parameters": _parameters, "named_parameters": _named_parameters,
    "register_parameter": _register_parameter, "register_buffer": _register_buffer, "add_module": _add_module,
    "register_module": _add_module, "__setattr__": _add_module, "append": _append, "extend": _extend,
    "update": _update, "insert": _insert,
    "values": _values, "items": _items, "keys": _keys, "state_dict": _state_dict, "post_init": post_init,
    "init_weights": post_init, "_init_weights": _base_init,
    "add_param": _register_parameter,
}  # fmt: skip


def is_layer(module: ModuleObject) -> bool:
    """Whether it is a layer of torch with parameters of its own."""
    return any(base in LAYERS for base in module.bases)


def class_of(module: ModuleObject) -> ClassRef | str:
    """What `type(m)` is."""
    return module.cls if module.cls is not None else module.kind
