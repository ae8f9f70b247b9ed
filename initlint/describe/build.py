"""From a file to its description: which classes and functions are read, and what is kept of each reading."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from initlint.describe import bodies, calls, classes, expressions, ownership, templates
from initlint.describe.index import ClassInfo, FileIndex
from initlint.describe.lazy_flow import LazyFlow
from initlint.describe.modules import walk
from initlint.describe.nodes import FileModel, Model, Parameter, Site
from initlint.describe.project import Project
from initlint.describe.reach import holds_with
from initlint.describe.references import of_project
from initlint.describe.run import (
    FUNCTION_STEP_LIMIT,
    FUNCTIONS_STEP_LIMIT,
    SHORT_STEP_LIMIT,
    Frame,
    Run,
    Stop,
)
from initlint.describe.symbols import Sym
from initlint.describe.templates import Start, Template
from initlint.describe.values import Choice, ClassRef, Function, ModuleObject, Storage, Tensor, Value
from initlint.reference.layers import LAYERS, ParameterSpec
from initlint.source import syntax

# Lines that may write to weights, or make parameters by hand.
_FILLS = ("xavier", "kaiming", "normal", "uniform", "orthogonal", "constant", "zeros?", "ones", "fill", "eye", "dirac",
          "sparse", "copy")  # fmt: skip
# Each begins with a plain letter or sign, see source/words.py.
_WRITES_WEIGHTS = (
    r"init(?<!\winit)\w*[.(\[]", r"_init(?<!__init)\w*\(", *(rf"{name}\w*_\(" for name in _FILLS),
    r"\.data\b", r"Parameter\(", "deepcopy", r"\][ \t]*\*[ \t]*[a-z(]", "calculate_gain", "manual_seed", r"\.apply\(",
    "reset_parameters", "weight_norm", "load_state",
    *(rf"\.{name}\b(?:\.data|\[.*\])?[ \t]*[-+*/]?=[^=]" for name in ("weight", "bias")),
)  # fmt: skip
_WRITES = re.compile("|".join(_WRITES_WEIGHTS))
# A function that no model reached is read also when it builds layers, or asks for a weight's truth.
_TOUCHES_WEIGHTS = re.compile(
    "|".join((
        *_WRITES_WEIGHTS,
        r"nn\.(?<!\wnn\.)[A-Z]\w+\(", r"if not? .*\.bias", r"if .*\.bias:", r"if .*\.weight:", "classname", "__class__",
    ))
)  # fmt: skip


def describe(project: Project, path: str, *, parts: bool = False) -> FileModel:
    """Everything that is known of the file. Raises SyntaxError when it does not parse.

    A class that others build, and whose own code writes to no weight, is seen there; with `parts` it is read on its
    own as well.
    """
    source = project.sources[path]
    if is_template(project, path):
        return FileModel(path, source)
    file = project.file(path)
    if file is None:
        source.tree  # raises what is wrong  # noqa: B018
        raise SyntaxError(f"{path} cannot be read")
    project.templates.clear()
    references = of_project(project)
    models: list[Model] = []
    records: list[Any] = []
    files: set[str] = {path}
    seen_there: list[ClassRef] = []
    for read, run in _read_all(project, file, seen_there, parts):
        models += read
        records += run.records
        files |= run.files

    def rest() -> Iterator[Model]:
        return (replace(read_class(project, cls)[0], owned=True) for cls in seen_there)

    return FileModel(path, source, tuple(models), tuple(records), frozenset(files), references=references, rest=rest)


def is_template(project: Project, path: str) -> bool:
    """Whether it is one of transformers' modular files: nobody runs it, the modeling file beside it is made from it."""
    folder, slash, name = path.replace("\\", "/").rpartition("/")
    if not name.startswith("modular_"):
        return False
    sibling = f"{folder}{slash}{name.replace('modular_', 'modeling_', 1)}"
    project.trail.touch(sibling)
    made = project.sources.get(sibling)
    return made is not None and "automatically generated from" in made.text[:1000]


def _read_all(
    project: Project, file: FileIndex, seen_there: list[ClassRef], every: bool
) -> Iterator[tuple[list[Model], Run]]:
    """Whole models first; then the parts that no whole model built, or whose own code writes to weights.

    The other parts, `seen_there`, would say nothing new. Last what the file does as a script, and the functions that
    nothing has reached.
    """
    found = [ClassRef(info, file) for info in file.classes.values()]
    modules = [cls for cls in found if classes.is_module(project, cls)]
    parts = ownership.parts(project, file)
    built: set[ClassInfo] = set()
    reached: set[ast.AST] = set()
    for cls in (cls for cls in modules if cls.name not in parts):
        model, run = read_class(project, cls)
        built |= run.built if model.complete else set()
        reached |= run.reached
        yield [model], run
    for cls in (cls for cls in modules if cls.name in parts):
        owned = cls.info in built
        if owned and not every and not _touches(file, cls.info.node, _WRITES):
            seen_there.append(cls)
            continue
        model, run = read_class(project, cls)
        reached |= run.reached
        yield [replace(model, owned=owned)], run
    if any(_touches(file, node) for node in bodies.top_level(file)):
        run = bodies.read_body(project, file)
        reached |= run.reached
        yield list(_held(run, file)), run
    left = FUNCTIONS_STEP_LIMIT
    for function in _left(file, reached):
        run = read_function(project, function, max(SHORT_STEP_LIMIT, min(FUNCTION_STEP_LIMIT, left)))
        left -= run.steps
        reached |= run.reached
        returned = _function_model(run, function)
        made = [returned] if returned is not None else []
        yield made + [model for model in _held(run, file) if returned is None or model.root is not returned.root], run


def _held(run: Run, file: FileIndex) -> Iterator[Model]:
    """What variables hold, as models; of an object of a class, what is done to it after its constructor."""
    for name, root in bodies.held(run, file):
        flow = LazyFlow(run, root)
        parameters = tuple(one for one in _parameters(run, root, flow) if bodies.changed(run, root, one))
        if parameters and root.site is not None:
            yield Model(name, "body", root.site, root, parameters, True, flow.exists)


def _left(file: FileIndex, reached: set[ast.AST]) -> Any:
    """Functions and methods that no model reached, where they may touch weights.

    Of a function that makes others, and that had its turn, those that it was not seen to call come next.
    """
    for node in file.functions.values():
        if node not in reached and _touches(file, node):
            yield Function(node, file)
            for inner in syntax.walk(node):
                made = isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)) and inner is not node
                if made and inner not in reached and _touches(file, inner):
                    yield Function(inner, file)  # type: ignore[arg-type] # as told above
    for info in file.classes.values():
        for node in info.methods.values():
            if node not in reached and node.name != "forward" and _touches(file, node):
                yield Function(node, file, owner=ClassRef(info, file))


def _has_more(cls: ClassRef, reached: set[ast.AST]) -> bool:
    """Whether the class has a method that may touch weights and that its constructor does not call."""
    methods = cls.info.methods.values()
    return any(node not in reached and node.name != "forward" and _touches(cls.file, node) for node in methods)


def _touches(file: FileIndex, node: ast.AST, pattern: re.Pattern[str] = _TOUCHES_WEIGHTS) -> bool:
    return file.source.holds(pattern, node)


def read_class(project: Project, cls: ClassRef) -> tuple[Model, Run]:
    """Build one object of the class from its constructor's own defaults, then follow its forward."""
    run = Run(project)
    frame = Frame(cls.file, {}, "")
    site = Site(cls.file.source, cls.info.node)
    root: Value = None
    complete = True
    try:
        init = classes.find(project, cls, "__init__")
        args = symbolic(run, init, frame) if init is not None else []
        root = classes.instantiate(run, cls, args, {}, cls.info.node, frame)
    except (Stop, RecursionError):
        complete = False
    module = root if isinstance(root, ModuleObject) else None
    if complete and _has_more(cls, run.reached):
        _keep(run, cls, module)
    flow = LazyFlow(run, module if complete else None)
    parameters = tuple(_parameters(run, module, flow)) if module is not None else ()
    return Model(cls.name, "class", site, module, parameters, complete, flow.exists), run


def symbolic(run: Run, init: Function, frame: Frame) -> list[Value]:
    """The constructor's arguments: symbols, with their defaults where they have some."""
    arguments = [*init.node.args.posonlyargs, *init.node.args.args][1:]
    defaults = expressions.defaults(run, init.node.args, Frame(init.file, {}, "__init__"))
    return [argument(run, arg, defaults, init) for arg in arguments]


def argument(run: Run, arg: ast.arg, defaults: dict[str, Value], function: Function) -> Value:
    """One argument of a root: its default, kept symbolic where that is a plain value."""
    payload = _annotated_class(run, arg.annotation or _configuration(run, arg, function), function)
    if arg.arg in defaults:
        default = defaults[arg.arg]
        if isinstance(default, (int, float, str, bool, type(None))):
            return run.unknown(arg.arg, default, payload)
        if not isinstance(default, Sym):
            return default
    return run.unknown(arg.arg, payload=payload)


def _configuration(run: Run, arg: ast.arg, function: Function) -> ast.expr | None:
    """What a model of transformers names as the class of its `config`."""
    owner = function.owner if arg.arg == "config" else None
    found = classes.constant(run.project, owner, "config_class") if owner is not None else None
    return found[0] if found is not None and found[1].file is function.file else None


def _annotated_class(run: Run, annotation: ast.expr | None, function: Function) -> ClassRef | None:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str) and annotation.value.isidentifier():
        annotation = ast.Name(annotation.value, ast.Load())
    if isinstance(annotation, ast.BinOp):
        annotation = annotation.left
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.slice
    if isinstance(annotation, ast.Name):
        found = run.project.member(function.file, annotation.id)
        return found if isinstance(found, ClassRef) and not classes.is_module(run.project, found) else None
    return None


def read_function(project: Project, function: Function, limit: int = FUNCTION_STEP_LIMIT) -> Run:
    """Read a function that nothing reached, with unknown arguments."""
    run = Run(project, limit=limit, frames=[])
    frame = Frame(function.file, {}, "")
    node = function.node
    defaults = expressions.defaults(run, node.args, frame)
    names = [*node.args.posonlyargs, *node.args.args]
    args = [argument(run, arg, defaults, function) for arg in names]
    try:
        if function.owner is not None and names:
            args[0] = _owner(run, function.owner)
        value = calls.call_function(run, function, args, {}, node, frame)
        run.stack.append(value)
    except (Stop, RecursionError):
        run.stopped = True
    return run


def read_object(project: Project, cls: ClassRef) -> Run:
    """Read the constructor of a policy or a pipeline, which is no module but may build some, with unknown arguments."""
    run, frame = Run(project, limit=FUNCTION_STEP_LIMIT), Frame(cls.file, {}, "")
    init = classes.find(project, cls, "__init__")
    try:
        classes.instantiate(run, cls, symbolic(run, init, frame) if init else [], {}, cls.info.node, frame)
    except (Stop, RecursionError):
        run.stopped = True
    return run


def _owner(run: Run, cls: ClassRef) -> Value:
    """`self` of a method that nothing calls: an object of its class, built by its constructor."""
    if not classes.is_module(run.project, cls):
        return run.unknown("self")
    made = run.project.templates.get(_object_of(cls)) or _built(run.project, cls)
    return templates.give(run, made) if made is not None else run.unknown("self")


def _built(project: Project, cls: ClassRef) -> Template | None:
    """An object of the class, built by a reading of its own."""
    run, frame = Run(project), Frame(cls.file, {}, "")
    init = classes.find(project, cls, "__init__")
    try:
        made = classes.instantiate(run, cls, symbolic(run, init, frame) if init else [], {}, cls.info.node, frame)
    except (Stop, RecursionError):
        return None
    return _keep(run, cls, made)


def _keep(run: Run, cls: ClassRef, made: Value) -> Template | None:
    """Hold a copy of a class's object, all that its reading has made, for the methods that are read on one."""
    if not isinstance(made, ModuleObject):
        return None
    run.project.templates[_object_of(cls)] = template = templates.take(run, made, Start(0, 0, 0, 0))
    return template


def _object_of(cls: ClassRef) -> templates.Key:
    return ("object of", id(cls.info))


def _function_model(run: Run, function: Function) -> Model | None:
    """The modules that a function returns, as a model of its own."""
    value = run.stack[-1] if run.stack else None
    value = run.default_option(value) if not isinstance(value, ast.AST) else None
    if not isinstance(value, ModuleObject) or not isinstance(function.node, ast.FunctionDef):
        return None
    site = Site(function.file.source, function.node)
    flow = LazyFlow(run, value)
    return Model(function.name, "function", site, value, tuple(_parameters(run, value, flow)), True, flow.exists)


def _parameters(run: Run, root: ModuleObject, flow: LazyFlow) -> Iterator[Parameter]:
    seen: dict[int, str] = {}
    for path, value in walk(run, root):
        for guards, module in run.options(value):
            if not isinstance(module, ModuleObject) or any(guard.default is False for guard in guards):
                continue
            for slot, held in list(module.slots.items()):
                for more, tensor in run.options(held) if isinstance(held, (Tensor, Choice)) else ():
                    if not isinstance(tensor, Tensor) or not tensor.is_parameter or tensor.storage is None:
                        continue
                    if any(guard.default is False for guard in more) or id(tensor.storage) in seen:
                        continue
                    if not holds_with(guards, more):  # where the layer is in place, its tensor is replaced
                        continue
                    name = f"{path}.{slot}" if path else slot
                    seen[id(tensor.storage)] = name
                    yield _parameter(name, slot, module, tensor.storage, flow)


def _parameter(name: str, slot: str, module: ModuleObject, storage: Storage, flow: LazyFlow) -> Parameter:
    spec = _spec(module, storage.slot or slot)
    effective, after, alternatives = _effective(storage)
    if "parametrizations.orthogonal" in module.wrappers and slot == "weight":
        effective = None  # what is used is computed from what was drawn
    return Parameter(
        name=name, slot=slot, module=module, storage=storage, shape=storage.shape, role=spec.role if spec else "raw",
        packed=spec.packed if spec else 1, history=tuple(storage.events), effective=effective, after=after,
        alternatives=alternatives, spec=spec, flow=flow,
    )  # fmt: skip


def _spec(module: ModuleObject, slot: str) -> ParameterSpec | None:
    from initlint.describe.layers import counted, sized

    if slot in module.specs:
        return module.specs[slot]
    for base in module.bases:
        layer = LAYERS.get(base)
        if layer is not None and layer.role != "composite":
            for spec in layer.parameters(sized(counted(layer, module.arguments))):
                if spec.name == slot:
                    return spec
    return None


def _effective(storage: Storage) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """The last whole write of the default configuration, the partial writes after it, and what else may be left."""
    made = storage.events[0].guards if storage.events else ()
    events = [(event, tuple(guard for guard in event.guards if guard not in made)) for event in storage.events]
    after: list[Any] = []
    alternatives: list[Any] = []
    for event, guards in reversed(events):
        if not event.whole:
            after.insert(0, event)
            continue
        if all(guard.default for guard in guards):
            return event, tuple(after), tuple(alternatives)
        alternatives.append(event)
        if any(guard.default is None for guard in guards) and not any(guard.default is False for guard in guards):
            return None, tuple(after), tuple(alternatives + [e for e, _ in events[: events.index((event, guards))]][:1])
    return None, tuple(after), tuple(alternatives)
