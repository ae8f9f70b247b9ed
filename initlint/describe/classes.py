"""Classes of the project: their order of look-up, whether they are modules, and making objects of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from initlint.describe import templates
from initlint.describe.facts import Constructed
from initlint.describe.nodes import Site
from initlint.describe.run import DEPTH_LIMIT, Frame, Run
from initlint.describe.values import (
    ClassRef,
    External,
    Function,
    Instance,
    Mapping,
    ModuleObject,
    Sequence,
    Value,
)  # fmt: skip
from initlint.reference.layers import LAYERS_BY_DOTTED_NAME

if TYPE_CHECKING:
    from initlint.describe.project import Project

# Base classes outside the project that are modules, beyond torch.nn's own.
_MODULE_BASES = frozenset({
    "Module", "LightningModule", "PreTrainedModel", "BaseModule", "BaseModel", "ModuleList", "Sequential", "ModuleDict",
    "GenerationMixin", "GradientCheckpointingLayer", "MessagePassing", "FairseqEncoder", "FairseqDecoder",
    "FairseqIncrementalDecoder", "BaseFairseqModel", "FairseqEncoderDecoderModel", "FairseqEncoderModel",
    "FairseqLanguageModel", "ModelMixin", "TorchModelV2", "BaseFeaturesExtractor", "BaseDetector", "BaseSegmentor",
    "BaseDecodeHead", "MultiHeadAttention", "FairseqDropout", "BaseBackbone", "BackboneMixin", "BaseModuleWithInit",
})  # fmt: skip
_NOT_MODULES = frozenset({"ABC", "object", "Generic", "Protocol", "Enum", "IntEnum", "NamedTuple", "Dataset",
    "Exception",
                          "PretrainedConfig", "PreTrainedConfig", "ModelOutput", "Function", "TypedDict",
                          "Optimizer"})  # fmt: skip
_TORCH_FAMILIES = ("torch.nn.", "torchvision.", "timm.", "lightning.", "transformers.", "mmcv.", "mmengine.",
    "fairseq.",
                   "torch_geometric.", "detectron2.", "diffusers.")  # fmt: skip
# torch's own bases of its norms, by the class that has their constructor and parameters.
_STANDS_FOR = {
    "torch.nn.modules.batchnorm._BatchNorm": "torch.nn.BatchNorm2d",
    "torch.nn.modules.batchnorm._NormBase": "torch.nn.BatchNorm2d",
    "torch.nn.modules.instancenorm._InstanceNorm": "torch.nn.InstanceNorm2d",
}


def order(project: Project, cls: ClassRef) -> tuple[ClassRef | External, ...]:
    """The class and its bases, in the order in which Python looks attributes up."""
    key = f"mro:{id(cls.info)}"
    if key not in project.memo:
        project.memo[key] = (cls,)  # a class that inherits from itself
        project.memo[key] = tuple(_linear(project, cls))
    return project.memo[key]  # type: ignore[return-value]


def _linear(project: Project, cls: ClassRef) -> list[ClassRef | External]:
    """Python's own order (C3): a class before its bases, and bases as they are listed."""
    bases = direct(project, cls)
    lines = [list(order(project, base)) if isinstance(base, ClassRef) else [base] for base in bases]
    lines.append(bases)
    found: list[ClassRef | External] = [cls]
    while lines := [line for line in lines if line]:
        heads = [line[0] for line in lines]
        free = (head for head in heads if not any(_same(head, later) for line in lines for later in line[1:]))
        first = next(free, heads[0])  # Python would refuse what has none
        found.append(first)
        lines = [[entry for entry in line if not _same(entry, first)] for line in lines]
    return found


def direct(project: Project, cls: ClassRef) -> list[ClassRef | External]:
    """The bases that the class statement names, as far as they can be told."""
    bases = (_base(project, cls, base) for base in cls.info.node.bases)
    return [base for base in bases if base is not None]


def _same(left: ClassRef | External, right: ClassRef | External) -> bool:
    if isinstance(left, External) and isinstance(right, External):
        return left.dotted == right.dotted
    return left == right


def _base(project: Project, cls: ClassRef, node: ast.expr) -> ClassRef | External | None:
    if isinstance(node, ast.Subscript):
        node = node.value
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    found = project.member(cls.file, node.id)
    from initlint.describe.values import ModuleRef

    for part in parts:
        if isinstance(found, ModuleRef):
            found = project.member(found.file, part)
        elif isinstance(found, External):
            from initlint.describe.names import canonical

            found = External(canonical(f"{found.dotted}.{part}"))
        else:
            return None
    if isinstance(found, External):
        return External(_STANDS_FOR.get(found.dotted, found.dotted))
    return found if isinstance(found, ClassRef) else None


def is_module(project: Project, cls: ClassRef) -> bool:
    """Whether the class surely derives from nn.Module."""
    for entry in order(project, cls):
        if isinstance(entry, External):
            last = entry.dotted.rpartition(".")[2]
            if entry.dotted.startswith("torch.nn.") and last[:1].isupper() and "utils" not in entry.dotted:
                return last not in ("Parameter",)
            if last in _MODULE_BASES and last not in _NOT_MODULES:
                return True
            if (
                entry.dotted.startswith(_TORCH_FAMILIES)
                and last[:1].isupper()
                and last not in _NOT_MODULES
                and "forward" in cls.info.methods
            ):
                return True
    return False


def is_pretrained(project: Project, cls: ClassRef) -> bool:
    """Whether the class derives from transformers' PreTrainedModel, or from a family's base outside of the project."""
    return any(
        entry.name == "PreTrainedModel" if isinstance(entry, ClassRef) else entry.dotted.endswith("PreTrainedModel")
        for entry in order(project, cls)
    )


def pretrained_base(project: Project, cls: ClassRef) -> str | None:
    """The class of transformers, outside the project or in it, that `post_init` comes from.

    None where another class of a library stands in between: its constructor may do anything.
    """
    for entry in order(project, cls)[1:]:
        name = entry.name if isinstance(entry, ClassRef) else entry.dotted.rpartition(".")[2]
        if name.endswith("PreTrainedModel") and (isinstance(entry, External) or name == "PreTrainedModel"):
            return name
        plain = ("torch.nn.", "abc.", "builtins.", "typing.")
        if isinstance(entry, External) and not entry.dotted.startswith(plain) and not name.endswith("Mixin"):
            return None
    return None


def _note_construction(run: Run, cls: ClassRef, init: Function | None, module: ModuleObject) -> None:
    """Remember how a transformers model that was built from its class, with a constructor of its own, ended."""
    own = cls.info.methods.get("__init__")
    if own is None or init is None or init.owner != cls or pretrained_base(run.project, cls) is None:
        return
    finished = not module.marks.isdisjoint({"_post_init", "_asked_for_post_init"})
    run.records.append(Constructed(Site(cls.file.source, cls.info.node), own, module, finished))


def layer_bases(project: Project, cls: ClassRef) -> list[External]:
    """The layers of torch that the class derives from."""
    return [e for e in order(project, cls) if isinstance(e, External) and e.dotted in LAYERS_BY_DOTTED_NAME]


def find(project: Project, cls: ClassRef, name: str, after: ClassRef | None = None) -> Function | None:
    """A method by name, in the class or its bases; with `after`, only in the bases behind that class."""
    entries = order(project, cls)
    if after is not None:
        at = next((i for i, entry in enumerate(entries) if isinstance(entry, ClassRef) and entry == after), -1)
        entries = entries[at + 1 :]
    for entry in entries:
        if name == "__init__" and isinstance(entry, External) and entry.dotted.startswith("torch.nn."):
            return None  # nn.Module's own constructor comes first, and calls no other
        if isinstance(entry, ClassRef) and name in entry.info.methods:
            if entry.name == "PreTrainedModel" and name != "_init_weights":
                return None  # transformers' machinery: `modules` knows what it comes to
            return Function(entry.info.methods[name], entry.file, owner=entry)
    return None


def constant(project: Project, cls: ClassRef, name: str) -> tuple[ast.expr, ClassRef] | None:
    """A plain assignment in the body of the class or its bases."""
    for entry in order(project, cls):
        if isinstance(entry, ClassRef) and name in entry.info.constants:
            return entry.info.constants[name], entry
    return None


def instantiate(
    run: Run, cls: ClassRef, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    """`Class(*args, **kwargs)`."""
    from initlint.describe import calls

    run.files.add(cls.file.path)
    if run.stack:
        run.built.add(cls.info)
    if not is_module(run.project, cls):
        return _plain(run, cls, args, kwargs, node, frame)
    if len(run.stack) > DEPTH_LIMIT or sum(entry is cls.info for entry in run.stack) > 1:
        return run.nameless(cls.name)
    key = templates.key(run, cls, args, kwargs)
    if (known := templates.recall(run, key, frame.site(node))) is not None:
        run.made[id(known)] = run.order
        return known
    module = ModuleObject(cls.name, frame.site(node), cls=cls)
    start = templates.Start(run.steps, run.order, len(run.records), len(run.buffers))
    run.stack.append(cls.info)
    try:
        init = find(run.project, cls, "__init__")
        if init is not None:
            init.bound = module
            calls.call_function(run, init, args, kwargs, node, frame)
        else:
            super_init(run, module, cls, None, args, kwargs, node, frame)
    finally:
        run.stack.pop()
    _note_construction(run, cls, init, module)
    templates.keep(run, key, module, start)
    run.made[id(module)] = run.order
    return module


def super_init(
    run: Run, module: ModuleObject, cls: ClassRef, after: ClassRef | None, args: list[Value], kwargs: dict[str, Value],
    node: ast.AST, frame: Frame,
) -> None:  # fmt: skip
    """The constructor of the first base outside the project: nn.Module's, or a layer's own."""
    from initlint.describe import layers

    run.initialised.add(id(module))
    if is_pretrained(run.project, cls) and (args or "config" in kwargs):
        module.slots.setdefault("config", args[0] if args else kwargs["config"])
    bases = layer_bases(run.project, cls)
    if bases:
        layers.build_onto(run, module, bases[0].dotted, args, kwargs, frame.site(node))
        _reset(run, module, LAYERS_BY_DOTTED_NAME[bases[0].dotted].role, node, frame)
        return
    containers = [
        e.dotted for e in order(run.project, cls) if isinstance(e, External) and e.dotted.startswith("torch.nn.")
    ]
    container = next(
        (
            d.rpartition(".")[2]
            for d in containers
            if d.rpartition(".")[2] in ("Sequential", "ModuleList", "ModuleDict")
        ),
        None,
    )
    if container is not None:
        layers.fill_container(run, module, container, args, kwargs)


def _reset(run: Run, module: ModuleObject, role: str, node: ast.AST, frame: Frame) -> None:
    """A layer's constructor ends with `self.reset_parameters()`, which a class of the project may have overridden."""
    from initlint.describe import calls

    name = "_reset_parameters" if role == "attention" else "reset_parameters"
    own = find(run.project, module.cls, name) if module.cls is not None else None
    if own is not None and not own.node.args.args[1:]:
        own.bound = module
        calls.call_function(run, own, [], {}, node, frame)


def _plain(run: Run, cls: ClassRef, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    from initlint.describe import calls
    from initlint.describe.expressions import evaluate

    outside = [e.dotted for e in order(run.project, cls) if isinstance(e, External)]
    if any(
        dotted.rpartition(".")[2] in ("Enum", "IntEnum", "NamedTuple", "Exception", "Function", "Dataset")
        for dotted in outside
    ):
        return run.nameless(cls.name)
    made = Instance(cls)
    init = find(run.project, cls, "__init__")
    if init is None:  # a dataclass, or a namespace
        place = Frame(cls.file, {}, cls.name)
        for entry in reversed(order(run.project, cls)):
            if isinstance(entry, ClassRef):
                for name, value in entry.info.constants.items():
                    made.slots[name] = evaluate(run, value, place)
                names = list(entry.info.annotations)
                made.slots.update(zip(names, args, strict=False))
        made.slots.update(kwargs)
        return made
    if len(run.stack) > DEPTH_LIMIT or sum(entry is cls.info for entry in run.stack) > 1:
        return made
    run.stack.append(cls.info)
    try:
        init.bound = made
        calls.call_function(run, init, args, kwargs, node, frame)
    finally:
        run.stack.pop()
    return made


def configured(project: Project, cls: ClassRef) -> dict[str, Value]:
    """What a configuration class sets by default: class-level values and its constructor's defaults."""
    key = f"config:{id(cls.info)}"
    memo = project.memo
    if key in memo:
        return memo[key]  # type: ignore[return-value]
    memo[key] = values = {}
    from initlint.describe.expressions import defaults, evaluate

    for entry in reversed(order(project, cls)):
        if not isinstance(entry, ClassRef):
            continue
        run, place = Run(project), Frame(entry.file, {}, entry.name)
        for name, node in entry.info.constants.items():
            values[name] = evaluate(run, node, place)
        init = entry.info.methods.get("__init__")
        if init is not None:
            given = defaults(run, init.args, place)
            values.update(given)
            _assigned(run, init, given, values, place)
    for name in [
        n for n, v in values.items() if not isinstance(v, (int, float, str, bool, type(None), Sequence, Mapping))
    ]:
        del values[name]
    return values


def _assigned(
    run: Run,
    init: ast.FunctionDef | ast.AsyncFunctionDef,
    given: dict[str, Value],
    values: dict[str, Value],
    place: Frame,
) -> None:
    from initlint.describe.expressions import evaluate

    place.env.update(given)
    for statement in init.body:
        match statement:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=value):
                values[name] = evaluate(run, value, place)


def sub_configuration(project: Project, cls: ClassRef, name: str) -> ClassRef | None:
    """The class of a configuration inside another: transformers' `sub_configs = {"text_config": TextConfig}`."""
    found = constant(project, cls, "sub_configs")
    if found is None or not isinstance(found[0], ast.Dict):
        return None
    for key, value in zip(found[0].keys, found[0].values, strict=True):
        if isinstance(key, ast.Constant) and key.value == name and isinstance(value, ast.Name):
            target = project.member(found[1].file, value.id)
            return target if isinstance(target, ClassRef) else None
    return None


def is_closed(project: Project, cls: ClassRef) -> bool:
    """Whether the whole class is known: no base outside the project but Python's own."""
    return all(
        isinstance(entry, ClassRef) or entry.dotted.startswith(("builtins.", "abc.", "typing.", "collections."))
        for entry in order(project, cls)
    )
