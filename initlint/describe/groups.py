"""Weights by the statement that writes them last, and whether their place in the network lets the scale matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from initlint.describe.classes import order
from initlint.describe.handing import handed_over
from initlint.describe.nodes import Applied, FileModel, InitCall, InitEvent, Model, Parameter, Site
from initlint.describe.ownership import is_part
from initlint.describe.raw import may_be_contracted
from initlint.describe.reach import below, given_layers
from initlint.describe.values import ClassRef, ModuleObject
from initlint.reference.activations import RECTIFIERS
from initlint.reference.layers import LAYERS
from initlint.source import syntax

_OF_TRANSFORMERS = frozenset({"LayerNorm", "MultiheadAttention"})
_WEIGHTED = ("linear", "conv", "conv_transpose", "bilinear")


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A weight of a model."""

    model: Model
    parameter: Parameter

    @property
    def name(self) -> str:
        """As findings name it: `Net.fc1.weight`."""
        return f"{self.model.name}.{self.parameter.name}"

    @property
    def activation(self) -> str | None:
        """The one activation that all its outputs meet."""
        follow = self.parameter.follow
        return follow.activation if follow is not None and follow.known else None

    @property
    def matters(self) -> bool:
        """Whether what follows is known and does not normalise the scale away."""
        follow = self.parameter.follow
        if follow is None or not follow.known or self.parameter.module.wrappers:
            return False
        return not (follow.normalised or self._normalised_behind)

    @property
    def _normalised_behind(self) -> bool:
        """Whether a norm stands right behind the rectifier: it hands a factor on, and the norm takes it out."""
        follow = self.parameter.follow
        if follow is None or follow.activation not in RECTIFIERS or not follow.then:
            return False
        return all(node.op == "norm" for node in follow.then)

    @property
    def plain(self) -> bool:
        """A hidden layer on a path that no norm, no addition and no gate holds: here the scale matters most.

        Where other modules build the model, what stands around it is not known, and this is not said of it.
        """
        follow = self.parameter.follow
        if follow is None or not follow.plain or follow.output or follow.gate or self.parameter.module.wrappers:
            return False
        if self._normalised_behind:
            return False
        scores = bool(follow.then) and all(node.op == "softmax" for node in follow.then)
        return not scores and not self.is_part

    @property
    def held(self) -> bool:
        """Whether a residual path around the layer, or a norm before it inside one, holds the scale."""
        follow = self.parameter.follow
        return follow is not None and (follow.residual or follow.prenorm)

    @property
    def is_part(self) -> bool:
        """Whether other modules of the project build the model."""
        root = self.model.root
        if root is None or root.cls is None:
            return False
        return is_part(self.parameter.flow.project, root.cls)

    @property
    def role(self) -> str:
        """What kind of layer holds it: linear, conv, conv_transpose, bilinear, or raw."""
        return role_of(self.parameter) or "raw"


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """All weights of a file's models whose last value one statement writes."""

    site: Site
    event: InitEvent
    members: tuple[Member, ...]
    around: tuple[Applied, ...] = ()  # the loops and applies that write them

    @property
    def call(self) -> InitCall | None:
        """The call to rewrite: none where a helper writes for this file and for others."""
        return self.event.call if self.site is self.event.site else None


@dataclass(frozen=True, slots=True, eq=False)
class Mismatch:
    """The members of a group that something is wrong with. `plain` where one of them stands in a plain path.

    `alone` tells that the statement serves no other hidden weight well, so that it may be rewritten.
    """

    members: tuple[Member, ...]
    plain: bool
    alone: bool

    @property
    def first(self) -> Member:
        """The one to name."""
        return self.members[0]


def may_use(file: FileModel, model: Model, activation: str) -> bool:
    """Whether something in the model may be the activation (lower case), told before its forward is read.

    The file or the class of one of its parts, or a base of that, speaks of it, or one of its parts is it.
    """
    if file.references is None or file.source.speaks_of(activation):
        return True
    parts = below(model.root).values()
    if any(activation in name.lower() for name in {name or "" for one in parts for name in (one.kind, one.dotted)}):
        return True
    used = {id(one.cls.info): one.cls for one in parts if one.cls is not None}.values()
    own = {cls for one in used for cls in order(file.references.project, one)}
    return any(_speaks_of(cls, activation) for cls in own if isinstance(cls, ClassRef))


def _speaks_of(cls: ClassRef, word: str) -> bool:
    return syntax.stands_on(cls.info.node, cls.file.source.lines_with(re.compile(word), lower=True))


def role_of(parameter: Parameter) -> str | None:
    """The role of the layer that the weight belongs to; None for anything but the weight of a summing layer."""
    if parameter.spec is None or parameter.spec.role != "weight":
        return None
    kinds = (parameter.module.kind, *parameter.module.bases)
    return next((LAYERS[kind].role for kind in kinds if kind in LAYERS and LAYERS[kind].role in _WEIGHTED), None)


def is_weight(parameter: Parameter) -> bool:
    """Whether it is a matrix or kernel that a layer, or a raw parameter that forward itself, sums over."""
    return may_be_weight(parameter) and (parameter.spec is not None or "contract" in parameter.uses)


def may_be_weight(parameter: Parameter) -> bool:
    """The same for a raw parameter as far as it can be told without reading forward."""
    if parameter.module.generic:
        return False
    if parameter.spec is not None:
        return role_of(parameter) is not None
    shape = parameter.shape
    return shape is not None and len(shape) > 1 and not is_row_of_tokens(shape) and may_be_contracted(parameter)


def is_row_of_tokens(shape: tuple[Any, ...]) -> bool:
    """Whether a raw parameter is (1, n, width): the same for each of a batch, joined to the signal or added to it."""
    return len(shape) == 3 and shape[0] == 1


def members(file: FileModel) -> Iterator[Member]:
    """The weights of the outermost models that were read to the end; parts are judged where they are built in."""
    for model in file.models:
        if model.complete and not model.owned:
            yield from (Member(model, parameter) for parameter in model.parameters if parameter.role != "bias")


def groups(
    file: FileModel, wanted: Callable[[Parameter], bool] = lambda parameter: True, *, default: bool = False
) -> list[Group]:
    """The weights of a file by the statement that last writes to them; `default` for what constructors leave.

    A statement none of whose tensors is `wanted` is left out before anything is asked of forward, which is dear.
    """
    made = []
    for written in file.once(("written", default), lambda: _by_place(file, default)):
        alike = [member for member in written if is_weight(member.parameter)] if any(map(wanted, _of(written))) else []
        event = alike[0].parameter.effective if alike else None
        if event is not None:
            made.append(Group(_written(event, file.path), event, tuple(alike), _around(file, event)))
    return made


def _by_place(file: FileModel, default: bool) -> list[list[Member]]:
    found: dict[tuple[str, int], list[Member]] = {}
    for member in members(file):
        event = member.parameter.effective
        if event is None or event.site is None or event.default != default or not event.possible:
            continue
        site = _written(event, file.path)
        found.setdefault((site.path, id(site.node)), []).append(member)
    return list(found.values())


def _around(file: FileModel, event: InitEvent) -> tuple[Applied, ...]:
    """The loops, applies and methods around a broad write."""
    return tuple(one for one in file.facts(Applied) if event.broad and one.order < event.order < one.end)


def _written(event: InitEvent, path: str) -> Site:
    """Where this file asks for the write: a helper of another file, given one weight, serves many and is not wrong."""
    assert event.site is not None
    if event.site.path == path or event.call is None or event.broad:
        return event.site
    given = (one.site for one in event.call.via if one.site.path == path and not one.bound)
    return next(given, event.site)


def _of(written: Iterable[Member]) -> Iterator[Parameter]:
    return (member.parameter for member in written)


def places(members: Iterable[Member], *arguments: str) -> Iterator[tuple[Site, tuple[Member, ...]]]:
    """The members by where one of these arguments of their write was written: in the call, or handed to a helper."""
    found: dict[int, tuple[Site, list[Member]]] = {}
    for member in members:
        site = _place(member, arguments)
        if site is not None:
            found.setdefault(id(site.node), (site, []))[1].append(member)
    return ((site, tuple(alike)) for site, alike in found.values())


def _place(member: Member, arguments: tuple[str, ...]) -> Site | None:
    event = member.parameter.effective
    if event is None or event.call is None:
        return event.site if event is not None else None
    call = event.call
    handed = (handed_over(call.site, call.nodes[name], call.via)[0] for name in arguments if name in call.nodes)
    return next((site for site in handed if site is not call.site), event.site)


def _serves_blocks(group: Group) -> bool:
    """Whether a loop or an apply was written for a network of residual blocks, or for one mostly not understood."""
    if not group.event.broad:
        return False
    follows = [member.parameter.follow for member in group.members]
    unknown = [follow for follow in follows if follow is None or not follow.known]
    for around in group.around:
        layers = below(around.module).values()
        by_size = around.how == "loop" and "parameters()" in around.site.text
        if any(given_layers(layer) or (by_size and _is_transformer(layer)) for layer in layers):
            return True
    return any(member.held for member in group.members) or len(unknown) * 2 > len(follows)


def _is_transformer(layer: ModuleObject) -> bool:
    """Whether it tells of a transformer, for which `if p.dim() > 1: xavier_uniform_(p)` is the custom."""
    return bool(_OF_TRANSFORMERS & {layer.kind, *layer.bases})


def mismatch(group: Group, wrong: Callable[[Member], bool], right: Callable[[Member], bool]) -> Mismatch | None:
    """The members for which `wrong` holds. A layer that is eased anyway is not worth a word where others are right."""
    bad = [member for member in group.members if wrong(member) and member.matters]
    plain = [] if _serves_blocks(group) else [member for member in bad if member.plain]
    good = [member for member in group.members if member not in bad and right(member) and member.matters]
    if not bad or (good and not plain):
        return None
    hidden = any(member.parameter.follow is not None and not member.parameter.follow.output for member in good)
    return Mismatch(tuple(plain or bad), bool(plain), not hidden)
