"""Making layers of torch.nn and containers: their parameters, with what their constructors draw."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from initlint.describe import parts_of_loaded
from initlint.describe.nodes import Copied, InitCall, InitEvent, Site
from initlint.describe.run import Run
from initlint.describe.symbols import Sym
from initlint.describe.truth import branches
from initlint.describe.values import Choice, Mapping, ModuleObject, Sequence, Storage, Tensor, Value
from initlint.reference.layers import LAYERS, LAYERS_BY_DOTTED_NAME, UNKNOWN, LayerKind, ParameterSpec

CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"})
_WEIGHTED = ("linear", "conv", "conv_transpose", "norm", "bilinear")


def build(run: Run, dotted: str, args: list[Value], kwargs: dict[str, Value], site: Site | None) -> ModuleObject:
    """A layer of torch (or any module known only by its name)."""
    kind = dotted.rpartition(".")[2]
    module = ModuleObject(kind, site, dotted=dotted)
    run.initialised.add(id(module))
    if kind in CONTAINERS:
        fill_container(run, module, kind, args, kwargs)
    else:
        build_onto(run, module, dotted, args, kwargs, site)
    return module


def build_onto(
    run: Run, module: ModuleObject, dotted: str, args: list[Value], kwargs: dict[str, Value], site: Site | None
) -> None:
    """Give `module` the parameters of the torch layer `dotted`."""
    layer = LAYERS_BY_DOTTED_NAME.get(dotted)
    if layer is None:
        module.arguments = {**{str(i): value for i, value in enumerate(args)}, **kwargs}
        return
    module.bases = (*module.bases, layer.name, *_SUBCLASS_OF.get(layer.name, ()))
    arguments = {name: flat(run, value) for name, value in bound(layer, args, kwargs).items()}
    module.arguments.update(arguments)
    if layer.role == "composite":
        _composite(run, module, layer, arguments, site)
        return
    for spec in layer.parameters(sized(counted(layer, arguments))):
        module.specs = {spec.name: spec, **module.specs}
        if not spec.name.startswith(f"{_OUTPUT}."):
            _add(run, module, spec, site, [] if spec.certain else _switches(arguments, spec.name))
    if layer.role == "attention":
        module.slots[_OUTPUT] = _output_layer(run, arguments, site)
    if layer.role in _WEIGHTED:
        for name in ("weight", "bias"):
            if name not in module.slots and (layer.name, name) != ("RMSNorm", "bias"):
                module.slots[name] = None


def counted(layer: LayerKind, arguments: dict[str, Value]) -> dict[str, Value]:
    """How many matrices a recurrent layer has is what the default configuration says."""
    if layer.role != "recurrent":
        return arguments
    counts = {name: arguments[name] for name in ("num_layers", "bidirectional") if name in arguments}
    known = {name: value.default for name, value in counts.items() if isinstance(value, Sym)}
    return {**arguments, **{name: value for name, value in known.items() if isinstance(value, int)}}


_OUTPUT = "out_proj"
_SUBCLASS_OF = {
    "NonDynamicallyQuantizableLinear": ("Linear",),
    **{f"Lazy{plain}": (plain,) for plain in LAYERS if f"Lazy{plain}" in LAYERS},
}


def _output_layer(run: Run, arguments: dict[str, Any], site: Site | None) -> ModuleObject:
    """nn.MultiheadAttention's `out_proj`: a Linear, which loops over modules meet, with a zero bias."""
    wide = arguments["embed_dim"]
    dotted = "torch.nn.modules.linear.NonDynamicallyQuantizableLinear"
    made = build(run, dotted, [wide, wide], {"bias": arguments["bias"]}, site)
    for _, bias in run.options(made.slots["bias"]):
        if isinstance(bias, Tensor) and bias.storage is not None:
            drawn = bias.storage.events[0]
            zeros = replace(drawn, scheme="zeros", mean=0, std=0, low=0, high=0)
            bias.storage.events[:] = [zeros]
    return made


def _switches(arguments: dict[str, Any], slot: str) -> list[Value]:
    """The arguments that decide whether a bias or an affine pair exists; a norm's bias alone may be off as well."""
    affine = [arguments[name] for name in ("affine", "elementwise_affine") if name in arguments]
    alone = [arguments["bias"]] if "bias" in arguments and (slot == "bias" or not affine) else []
    return [flag for flag in (*affine, *alone) if flag is not True] or [*affine, *alone][-1:] or [UNKNOWN]


def bound(layer: LayerKind, args: list[Value], kwargs: dict[str, Value]) -> dict[str, Any]:
    """The constructor's arguments by name; too many or wrong ones are dropped."""
    named = {name: value for (name, _), value in zip(layer.signature, args, strict=False)}
    allowed = {name for name, _ in layer.every_argument}
    return layer.complete({**named, **{name: value for name, value in kwargs.items() if name in allowed}})


def flat(run: Run, value: Value) -> Value:
    """A value as the tables of layers take it: sequences as tuples, choices by their default."""
    value = run.default_option(value)
    if isinstance(value, Sequence):
        return tuple(flat(run, item) for item in value.items) if value.repeated is None else UNKNOWN
    return UNKNOWN if isinstance(value, Choice) else value


_WORDS = frozenset({"nonlinearity", "padding_mode", "padding", "activation", "mode", "device", "dtype"})
_PER_AXIS = frozenset({"kernel_size", "stride", "padding", "dilation", "output_padding", "normalized_shape", "shape"})


def sized(arguments: dict[str, Value]) -> dict[str, Any]:
    """Arguments as the tables of layers take them; a word or a tuple where a size belongs is as good as unknown."""
    known = {name: plain(value) for name, value in arguments.items()}
    return {name: value if _fits(name, value) else UNKNOWN for name, value in known.items()}


def _fits(name: str, value: Any) -> bool:
    return name in _WORDS if isinstance(value, str) else name in _PER_AXIS or not isinstance(value, tuple)


def plain(value: Value) -> Any:
    """A value that the arithmetic of layers can compute with; anything else is UNKNOWN."""
    if isinstance(value, tuple):
        return tuple(UNKNOWN if isinstance(item, (tuple, str)) else plain(item) for item in value)
    if isinstance(value, Sym):
        default = value.default
        return UNKNOWN if isinstance(default, (bool, str)) or default is None else value
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return UNKNOWN


def _add(run: Run, module: ModuleObject, spec: ParameterSpec, site: Site | None, flags: list[Value]) -> None:
    drawn: dict[str, Any] = {"mean": spec.mean, "std": spec.std, "low": spec.low, "high": spec.high}
    event = InitEvent(
        spec.scheme, site, **drawn, default=True,
        guards=tuple(run.guards), order=run.tick(),
    )  # fmt: skip
    storage = Storage(spec.shape, site, [event], is_parameter=True, layer=module, slot=spec.name)
    run.storages.append(storage)
    tensor = Tensor(storage, is_parameter=True, shape=spec.shape, tracked=True)
    value: Value = tensor
    for flag in flags:
        switch = bool(flag) if flag is None or isinstance(flag, int) else flag  # `bias=other.bias`, which is None
        switch = switch if isinstance(switch, (Sym, bool)) else run.nameless("flag")
        value = run.choose([(guards, value if there else None) for guards, there in branches(run, switch, site)])
    module.slots[spec.name] = value


def _composite(run: Run, module: ModuleObject, layer: LayerKind, arguments: dict[str, Any], site: Site | None) -> None:
    known = {name: value if isinstance(value, ModuleObject) else plain(value) for name, value in arguments.items()}
    for part in layer.parts(known):
        child: Value = arguments.get(part.argument or "")
        if part.kind is not None:
            child = build(run, f"torch.nn.{part.kind}", [], dict(part.arguments), site)
        elif isinstance(child, ModuleObject) and part.copies:
            from initlint.describe.copies import clone  # a leaf that only copying needs

            original, child = child, clone(run, child)
            if site is not None:
                run.records.append(Copied(site, original, child, None))
        if isinstance(child, ModuleObject):
            _place(run, module, part.path, child, arguments)
    if layer.name == "Transformer" and site is not None:
        _reinitialise(run, module, site)


def _place(run: Run, module: ModuleObject, path: str, child: ModuleObject, arguments: dict[str, Any]) -> None:
    holder = module
    *folders, last = path.split(".")
    for name in folders:
        if name not in holder.slots:
            holder.slots[name] = build(run, "torch.nn.ModuleList" if last == "*" else "torch.nn.Module", [], {}, None)
        holder = holder.slots[name]
    if last == "*":
        holder.multiplicity = arguments.get("num_layers", run.nameless("count"))
        last = "0"
    holder.slots[last] = child


def _reinitialise(run: Run, module: ModuleObject, site: Site) -> None:
    """nn.Transformer ends with xavier_uniform_ over all matrices."""
    from initlint.describe import draws, tensors
    from initlint.describe.modules import named_parameters

    for _, value in named_parameters(run, module):
        for _, tensor in run.options(value):
            if tensor.storage.shape is not None and len(tensor.storage.shape) > 1:
                call = InitCall("torch.nn.init.xavier_uniform_", site, {}, {}, tensors.target_of(tensor))
                drawn = draws.event_of_init("xavier_uniform_", call, tensor)
                tensor.storage.events[:] = [
                    InitEvent(drawn.scheme, site, mean=0, std=drawn.std, low=drawn.low, high=drawn.high, default=True)
                ]


def fill_container(run: Run, module: ModuleObject, kind: str, args: list[Value], kwargs: dict[str, Value]) -> None:
    """The members of a Sequential, ModuleList or ModuleDict."""
    module.bases = (*module.bases, kind)
    members = run.settle(args[0]) if args else next(iter(kwargs.values()), None)
    if kind == "Sequential" and not (len(args) == 1 and isinstance(members, Mapping)):
        _number(module, Sequence(tuple(parts_of_loaded.as_part(run, arg) for arg in args)))
    elif isinstance(members, Mapping):
        module.slots.update({str(key): value for key, value in members.items.items()})
        if members.is_open and members.items:
            module.multiplicity = run.nameless("count")
    elif isinstance(members, Sequence):
        _number(module, members)
    elif isinstance(members, ModuleObject):
        module.slots.update({name: value for name, value in members.slots.items() if isinstance(value, ModuleObject)})
        module.multiplicity = members.multiplicity


def _number(module: ModuleObject, members: Sequence) -> None:
    module.slots.update({str(position): item for position, item in enumerate(members.items)})
    if members.repeated is not None:
        module.multiplicity = members.repeated


_GENERIC = {
    "kdim": None, "vdim": None, "num_layers": 1, "bidirectional": False, "proj_size": 0, "add_bias_kv": False,
    "_weight": None, "batch_first": False, "nonlinearity": "tanh",
}  # fmt: skip
_UNSIZED = (
    "bias",
    "affine",
    "elementwise_affine",
    "padding_idx",
    "groups",
    "stride",
    "kernel_size",
    "normalized_shape",
)


def generic(run: Run, dotted: str, site: Site | None, name: str) -> ModuleObject:
    """Any layer of a kind: what `isinstance(m, nn.Linear)` teaches about m. Its weights are there; a bias may be."""
    module = ModuleObject(dotted.rpartition(".")[2], site, dotted=dotted, generic=True)
    run.initialised.add(id(module))
    layer = LAYERS_BY_DOTTED_NAME.get(dotted)
    if layer is None or layer.role == "composite":
        return module
    module.bases = (layer.name,)
    module.arguments = {argument: run.unknown(f"{name}.{argument}") for argument, _ in layer.every_argument}
    given = {**module.arguments, **{key: value for key, value in _GENERIC.items() if key in module.arguments}}
    given.update({key: UNKNOWN for key in _UNSIZED if key in given})
    for spec in layer.parameters(given):
        optional = not spec.certain and spec.name != "weight" and layer.role != "norm"
        _add(run, module, spec, site, [UNKNOWN] if optional else [])
    return module
