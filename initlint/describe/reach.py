"""What an init reaches: the modules below one, the writes that are its doing, the kinds of layers its code names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from initlint.describe.nodes import Applied, FileModel, Guard, InitEvent, Model, Parameter
from initlint.describe.symbols import Sym
from initlint.describe.values import Choice, Function, ModuleObject, Partial, Value
from initlint.reference.layers import LAYERS
from initlint.source import syntax

_TENSORS = frozenset({"Tensor", "DTensor", "Parameter", "UninitializedParameter"})  # tests of these pick no layers
_WEIGHTLESS = re.compile(r"act|nonlin|norm|drop|loss|criterion|pool|fn$|func", re.IGNORECASE)
_TYPE_TESTS = frozenset({"isinstance", "issubclass"})


def below(module: ModuleObject | None) -> dict[int, ModuleObject]:
    """The module and all modules below it, in whatever configuration, by identity."""
    found: dict[int, ModuleObject] = {}
    queue: list[Value] = [module]
    while queue:
        value = queue.pop()
        if isinstance(value, Choice):
            queue += [option for _, option in value.options]
        elif isinstance(value, ModuleObject) and id(value) not in found:
            found[id(value)] = value
            queue += [inner for name, inner in value.slots.items() if not name.startswith("__")]
    return found


def opaque(module: ModuleObject | None) -> bool:
    """Whether a part of the module is of a class that was not read: it may hold layers nobody knows of."""
    parts = below(module).values()
    return any(one.cls is None and not one.bases and not (one.dotted or "torch.").startswith("torch.") for one in parts)


def given_layers(module: ModuleObject) -> list[str]:
    """The attributes whose values a caller hands over and that the class calls: layers, of kinds that are not known."""
    given = [name for name, value in module.slots.items() if isinstance(value, Sym) and not _WEIGHTLESS.search(name)]
    if not given or module.cls is None:
        return []
    called = {_own_attribute(node.func) for node in syntax.walk(module.cls.info.node) if isinstance(node, ast.Call)}
    return [name for name in given if name in called]


def _own_attribute(node: ast.expr) -> str | None:
    """`x` of `self.x`."""
    match node:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name
    return None


def doing(applied: Applied, parameter: Parameter) -> list[InitEvent]:
    """The writes to a parameter that are this init's doing."""
    return [event for event in parameter.history if applied.order < event.order < applied.end and not event.default]


def applied_by(file: FileModel) -> dict[int, Applied]:
    """The innermost `apply` that runs each init call, by the call's identity."""
    found: dict[int, Applied] = {}
    for place, record in enumerate(file.records):
        if isinstance(record, Applied) and record.how in ("apply", "post_init"):
            found.update({id(inner): record for inner in file.records[place + 1 : place + 1 + record.count]})
    return found


def holds_with(one: Iterable[Guard], other: Iterable[Guard]) -> bool:
    """Whether two lists of conditions can hold at once."""
    taken = {guard.key: guard.taken for guard in one}
    return all(taken.get(guard.key, guard.taken) == guard.taken for guard in other)


def inits(file: FileModel, model: Model) -> list[Applied]:
    """The inits that run over this model or a part of it, in order."""
    parts = below(model.root)
    return [one for one in file.facts(Applied) if id(one.module) in parts and not _only_builds(one, model)]


def _only_builds(applied: Applied, model: Model) -> bool:
    """Whether a method that is named like an init makes layers, and what it draws is within what it has made.

    `self.encoder = self.init_encoder()`: the values are the doing of constructors, and reach no layer from before.
    """
    if applied.how != "method":
        return False
    drawn = [one for one in model.parameters if doing(applied, one)]
    return bool(drawn) and all(one.history[0].order > applied.order for one in drawn)


def code(file: FileModel, applied: Applied) -> list[ast.AST]:
    """The functions and loops that an init runs: its own, and those that it applies in turn."""
    place = next(i for i, record in enumerate(file.records) if record is applied)
    inner = file.records[place : place + 1 + applied.count]
    return [node for one in inner if isinstance(one, Applied) for node in (*_nodes(one), *_called(file, one))]


def _called(file: FileModel, applied: Applied) -> Iterator[ast.AST]:
    """The functions of the same file that a loop calls for each module: `for m in self.modules(): self.init(m)`."""
    index = file.references.project.file(applied.site.path) if applied.how == "loop" and file.references else None
    loop = next(_nodes(applied), None)
    if index is None or not isinstance(loop, (ast.For, ast.AsyncFor)):
        return
    modules = {one.id for one in syntax.walk(loop.target) if isinstance(one, ast.Name)}
    functions = {**index.functions, **{k: node for info in index.classes.values() for k, node in info.methods.items()}}
    for call in syntax.walk(loop):
        if isinstance(call, ast.Call) and any(isinstance(one, ast.Name) and one.id in modules for one in call.args):
            name = syntax.last_name(call.func)
            if name in functions:
                yield functions[name]


def _nodes(applied: Applied) -> Iterator[ast.AST]:
    function = applied.function
    while isinstance(function, Partial):
        function = function.function
    if isinstance(function, Function):
        yield function.node
    elif applied.how == "loop":
        yield applied.site.source.parents.get(applied.site.node) or applied.site.node


def named_kinds(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """The kinds of layers that type tests and tests of class names in the code speak of, as written."""
    found = (name for root in nodes for node in syntax.walk(root) for name in _tested(node))
    return frozenset(name for name in found if name not in _TENSORS)


def names(kinds: Iterable[str], layer: ModuleObject) -> bool:
    """Whether one of these words means the layer: its class, a base (`_ConvNd`), a part of its class's name."""
    own = {layer.kind, *layer.bases}
    words = {kind.strip("_").removesuffix("Nd").lower() for kind in kinds}
    return any(word and word in name.lower() for word in words for name in own)


def is_kind(word: str) -> bool:
    """Whether the word names a layer of torch, or a family of them as `Conv` and `_ConvNd` do."""
    plain = word.strip("_").removesuffix("Nd").lower()
    return bool(plain) and any(plain in name.lower() for name in LAYERS)


def _tested(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Name(id=function), args=[_, types]) if function in _TYPE_TESTS:
            yield from _last_names(types)
        case ast.Call(func=ast.Attribute(attr="find" | "startswith"), args=[ast.Constant(value=str() as text), *_]):
            yield text
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is() | ast.In()], comparators=[right]):
            sides = (left, right)
            asks = any(isinstance(side, ast.Call) and _is_type(side) for side in sides)
            named = [side.value for side in sides if isinstance(side, ast.Constant) and isinstance(side.value, str)]
            yield from named
            yield from (name for side in sides if asks for name in _last_names(side))


def _is_type(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id == "type"


def _last_names(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            for part in parts:
                yield from _last_names(part)
        case ast.BinOp(left=left, right=right):
            yield from (*_last_names(left), *_last_names(right))
        case ast.Attribute(attr=name) | ast.Name(id=name):
            yield name
