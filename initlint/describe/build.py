"""From a file to its description: which classes and functions are read, and what is kept of each reading."""

from __future__ import annotations

import ast
import re
from typing import Any

from initlint.describe import calls, classes, expressions, forward
from initlint.describe.flow import Graph, follow
from initlint.describe.index import FileIndex
from initlint.describe.modules import walk
from initlint.describe.nodes import FileModel, Model, Parameter, Site
from initlint.describe.project import Project
from initlint.describe.run import Frame, Run, Stop
from initlint.describe.symbols import Sym
from initlint.describe.values import Choice, ClassRef, Function, ModuleObject, Storage, Tensor, Value
from initlint.reference.layers import LAYERS

_TOUCHES_WEIGHTS = re.compile(
    r"\binit|init\b|init_|[a-z]_\(|\.data\b|Parameter\(|deepcopy|\]\s*\*|\.weight\b|\.bias\b|calculate_gain|manual_seed|nn\.[A-Z]"
)


def describe(project: Project, path: str) -> FileModel:
    """Everything that is known of the file. Raises SyntaxError when it does not parse."""
    source = project.sources[path]
    file = project.file(path)
    if file is None:
        source.tree  # raises what is wrong  # noqa: B018
        raise SyntaxError(f"{path} cannot be read")
    models: list[Model] = []
    records: list[Any] = []
    files: set[str] = {path}
    reached: set[ast.AST] = set()
    for model, run in _read_all(project, file, reached):
        if model is not None:
            models.append(model)
        records += run.records
        files |= run.files
    return FileModel(path, source, tuple(models), tuple(records), frozenset(files))


def _read_all(project: Project, file: FileIndex, reached: set[ast.AST]) -> Any:
    for info in file.classes.values():
        cls = ClassRef(info, file)
        if classes.is_module(project, cls):
            model, run = read_class(project, cls)
            reached |= run.reached
            yield model, run
    for function in _left(file, reached):
        run = read_function(project, function)
        reached |= run.reached
        yield _function_model(run, function), run


def _left(file: FileIndex, reached: set[ast.AST]) -> Any:
    """Functions and methods that no model reached, where they may touch weights."""
    for node in file.functions.values():
        if node not in reached and _touches(file, node):
            yield Function(node, file)
    for info in file.classes.values():
        for node in info.methods.values():
            if node not in reached and _touches(file, node) and node.name != "forward":
                yield Function(node, file, owner=ClassRef(info, file))


def _touches(file: FileIndex, node: ast.AST) -> bool:
    lines = file.source.lines[node.lineno - 1 : node.end_lineno]  # type: ignore[attr-defined]
    return any(_TOUCHES_WEIGHTS.search(line) for line in lines)


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
    method = classes.find(project, cls, "forward")
    graph = None
    if module is not None and complete:
        graph = _flow(run, module, method)
    parameters = tuple(_parameters(run, module, graph)) if module is not None else ()
    return Model(cls.name, "class", site, module, parameters, complete, graph is not None), run


def _flow(run: Run, module: ModuleObject, method: Function | None) -> Graph | None:
    records = len(run.records)
    try:
        if method is not None:
            forward.read_forward(run, module, method)
        elif "Sequential" in module.bases:
            run.forward = True
            from initlint.describe import flow_operations as ops

            frame = Frame(module.cls.file, {}, "forward") if module.cls else None
            out = forward.base_forward(run, module, [ops.add(run, "input", [])], {}, module.site.node, frame)  # type: ignore[arg-type, union-attr]
            ops.add(run, "return", ops.flows(run, [out]))
        else:
            return None
    except (Stop, RecursionError):
        return None
    finally:
        run.forward = False
    del run.records[records:]
    return Graph(run.nodes)


def symbolic(run: Run, init: Function, frame: Frame) -> list[Value]:
    """The constructor's arguments: symbols, with their defaults where they have some."""
    arguments = [*init.node.args.posonlyargs, *init.node.args.args][1:]
    defaults = expressions.defaults(run, init.node.args, Frame(init.file, {}, "__init__"))
    return [argument(run, arg, defaults, init) for arg in arguments]


def argument(run: Run, arg: ast.arg, defaults: dict[str, Value], function: Function) -> Value:
    """One argument of a root: its default, kept symbolic where that is a plain value."""
    payload = _annotated_class(run, arg.annotation, function)
    if arg.arg in defaults:
        default = defaults[arg.arg]
        if isinstance(default, (int, float, str, bool, type(None))):
            return run.unknown(arg.arg, default, payload)
        if not isinstance(default, Sym):
            return default
    return run.unknown(arg.arg, payload=payload)


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


def read_function(project: Project, function: Function) -> Run:
    """Read a function that nothing reached, with unknown arguments."""
    run = Run(project)
    frame = Frame(function.file, {}, "")
    node = function.node
    defaults = expressions.defaults(run, node.args, frame)
    names = [*node.args.posonlyargs, *node.args.args]
    args = [argument(run, arg, defaults, function) for arg in names]
    if function.owner is not None and names:
        args[0] = _owner(run, function.owner)
    try:
        value = calls.call_function(run, function, args, {}, node, frame)
        run.stack.append(value)
    except (Stop, RecursionError):
        pass
    return run


def _owner(run: Run, cls: ClassRef) -> Value:
    """`self` of a method that nothing calls: an object of its class, built by its constructor."""
    if not classes.is_module(run.project, cls):
        return run.unknown("self")
    init = classes.find(run.project, cls, "__init__")
    frame = Frame(cls.file, {}, "")
    kept = len(run.records)
    made = classes.instantiate(run, cls, symbolic(run, init, frame) if init else [], {}, cls.info.node, frame)
    del run.records[kept:]
    return made


def _function_model(run: Run, function: Function) -> Model | None:
    """The modules that a function returns, as a model of its own."""
    value = run.stack[-1] if run.stack else None
    value = run.default_option(value) if not isinstance(value, ast.AST) else None
    if not isinstance(value, ModuleObject) or not isinstance(function.node, ast.FunctionDef):
        return None
    site = Site(function.file.source, function.node)
    method = classes.find(run.project, value.cls, "forward") if value.cls is not None else None
    graph = None
    if value.cls is not None or "Sequential" in value.bases:
        try:
            graph = _flow(run, value, method)
        except AttributeError:
            graph = None
    return Model(function.name, "function", site, value, tuple(_parameters(run, value, graph)), True, graph is not None)


def _parameters(run: Run, root: ModuleObject, graph: Graph | None) -> Any:
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
                    name = f"{path}.{slot}" if path else slot
                    seen[id(tensor.storage)] = name
                    yield _parameter(run, name, slot, module, tensor.storage, graph)


def _parameter(
    run: Run, name: str, slot: str, module: ModuleObject, storage: Storage, graph: Graph | None
) -> Parameter:
    spec = _spec(module, storage.slot or slot)
    effective, after, alternatives = _effective(storage)
    fans = (spec.fan_in, spec.fan_out, spec.effective_fan_in, spec.effective_fan_out) if spec else _raw_fans(storage)
    key: object = module if spec is not None else storage
    return Parameter(
        name=name, slot=slot, module=module, storage=storage, shape=storage.shape, role=spec.role if spec else "raw",
        fan_in=fans[0], fan_out=fans[1], effective_fan_in=fans[2], effective_fan_out=fans[3],
        packed=spec.packed if spec else 1, history=tuple(storage.events), effective=effective, after=after,
        alternatives=alternatives, follow=follow(graph, key) if graph is not None else None,
        uses=tuple(dict.fromkeys(how for how, _ in storage.uses)), in_list="*" in name,
    )  # fmt: skip


def _spec(module: ModuleObject, slot: str) -> Any:
    from initlint.describe.layers import plain

    for base in module.bases:
        layer = LAYERS.get(base)
        if layer is not None and layer.role != "composite":
            for spec in layer.parameters({key: plain(value) for key, value in module.arguments.items()}):
                if spec.name == slot:
                    return spec
    return None


def _raw_fans(storage: Storage) -> tuple[Any, Any, Any, Any]:
    from initlint.reference.fans import torch_fans

    shape = storage.shape
    if shape is None or len(shape) < 2:
        return None, None, None, None
    fan_in, fan_out = torch_fans(shape)
    for how, detail in storage.uses:
        if how == "contract":
            axis = detail.get("axis")
            if detail.get("transposed") and axis is not None:
                axis = -3 - axis
            if axis in (-1, -2) and len(shape) == 2:
                return fan_in, fan_out, shape[axis], shape[-3 - axis]
            axes = detail.get("axes")
            if axes and len(axes) < len(shape):
                inner: Any = 1
                outer: Any = 1
                for i, size in enumerate(shape):
                    inner, outer = (inner * size, outer) if i in axes else (inner, outer * size)
                return fan_in, fan_out, inner, outer
    return fan_in, fan_out, None, None


def _effective(storage: Storage) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """The last whole write of the default configuration, the partial writes after it, and what else may be left."""
    made = storage.events[0].guards if storage.events else ()
    events = [(event, tuple(guard for guard in event.guards if guard not in made)) for event in storage.events]
    after: list[Any] = []
    alternatives: list[Any] = []
    for event, guards in reversed(events):
        if event.region is not None:
            after.insert(0, event)
            continue
        if all(guard.default for guard in guards):
            return event, tuple(after), tuple(alternatives)
        alternatives.append(event)
        if any(guard.default is None for guard in guards) and not any(guard.default is False for guard in guards):
            return None, tuple(after), tuple(alternatives + [e for e, _ in events[: events.index((event, guards))]][:1])
    return None, tuple(after), tuple(alternatives)
