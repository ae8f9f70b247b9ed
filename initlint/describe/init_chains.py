"""What a model's `_init_weights` speaks of, with those it hands on to: asked for each of its hundreds of modules."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from initlint.describe import classes
from initlint.describe.project import Project
from initlint.describe.values import Choice, ClassRef, Function, ModuleObject, Storage, Tensor, Value
from initlint.source import syntax

_FANS = re.compile(r"fan_|fan\b|numel|len\(")  # sizes that are asked for by other ways than an attribute of their name
_NAME = "_init_weights"
_EVERY = frozenset({"Module", "object", "ABC"})  # classes that a test of the type does not tell apart


@dataclass(frozen=True, slots=True)
class Chain:
    """The methods of one name along a class's bases. `asked` are the attributes of self that they use.

    `words` are all names in them, `texts` their strings, `parts` the attributes that they take of their argument.
    `sized` tells that they may well ask for a layer's size in a way that a reading does not notice.
    """

    infos: tuple[int, ...]
    text: str
    sized: bool
    asked: tuple[str, ...]
    words: frozenset[str]
    texts: tuple[str, ...]
    parts: frozenset[str]


def chain_of(project: Project, function: Function) -> Chain | None:
    """The chain that starts with the class of the object that the function is bound to."""
    bound = function.bound
    if not isinstance(bound, ModuleObject) or bound.cls is None:
        return None
    key = ("init chain", id(bound.cls.info))
    if key not in project.memo:
        project.memo[key] = _read(project, bound.cls)
    return project.memo[key]  # type: ignore[return-value]


def _read(project: Project, cls: ClassRef) -> Chain:
    entries = [one for one in classes.order(project, cls) if isinstance(one, ClassRef) and _NAME in one.info.methods]
    methods = [(one, one.info.methods[_NAME]) for one in entries]
    text = "\n".join(one.file.source.whole_lines(node) for one, node in methods)
    asked: dict[str, None] = {}
    words, texts, parts = set[str](), dict[str, None](), set[str]()
    for _, method in methods:
        first, second = ([one.arg for one in method.args.args] + ["self", "module"])[:2]
        for node in syntax.walk(method):
            match node:
                case ast.Attribute(value=ast.Name(id=owner), attr=name):
                    asked.update({name: None} if owner == first else {})
                    parts.update({name} if owner == second else ())
                    words |= {name, owner}
                case ast.Attribute(attr=name) | ast.Name(id=name):
                    words.add(name)
                case ast.Constant(value=str() as word) if word:
                    texts[word] = None
    infos = tuple(id(one.info) for one in entries)
    sized = _FANS.search(text) is not None
    return Chain(infos, text, sized, tuple(asked), frozenset(words), tuple(texts), frozenset(parts))


def is_indifferent(project: Project, chain: Chain, module: ModuleObject) -> bool:
    """Whether the methods surely do nothing to the module: it has no tensors, and they speak of nothing that it is."""
    if any(True for _ in _tensors_of(module)) or not chain.parts.isdisjoint(module.slots):
        return False
    names = {module.kind, *module.bases}
    for one in classes.order(project, module.cls) if module.cls is not None else ():
        names.add(one.name if isinstance(one, ClassRef) else one.dotted.rpartition(".")[2])
    if not chain.words.isdisjoint(names - _EVERY):
        return False
    own_name = names if module.cls is None else {module.cls.name}
    return not any(text in module.slots or any(text in name for name in own_name) for text in chain.texts)


def own_storages(module: ModuleObject) -> list[Storage]:
    """The memory behind the module's own tensors, in whatever configuration, each once."""
    found: dict[int, Storage] = {}
    for tensor in _tensors_of(module):
        if tensor.storage is not None:
            found.setdefault(id(tensor.storage), tensor.storage)
    return list(found.values())


def _tensors_of(module: ModuleObject) -> Iterator[Tensor]:
    return (tensor for value in module.slots.values() for tensor in _tensors(value))


def _tensors(value: Value) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Choice):
        for _, option in value.options:
            yield from _tensors(option)
