"""What each layer's output meets: the graph that reading `forward` leaves, and the questions asked of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from initlint.describe.nodes import Guard, Site
from initlint.describe.values import ModuleObject, Storage

# Operations that hand the signal on: what follows them follows the layer.
TRANSPARENT = frozenset({"pass", "join", "scale", "bias"})


@dataclass(slots=True, eq=False)
class FlowNode:
    """One operation of `forward`.

    `op` is input, param, layer, activation, norm, add, mul, contract, softmax, attention, cat, join, scale, bias,
    unknown or return. `name` is the activation's canonical name, or the layer's kind.
    """

    op: str
    inputs: tuple[FlowNode, ...] = ()
    module: ModuleObject | None = None
    name: str = ""
    slope: Any = None
    storage: Storage | None = None
    operands: tuple[Storage, ...] = ()
    site: Site | None = None
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Follow:
    """What a layer's output meets, over all its calls, in the default configuration.

    `activation` is the one activation all of it meets (None for none, or several); `meets` lists every operation met
    first, activations by name. `output` says that no other layer of weights comes after it. `known` is False when
    something met could not be understood. `then` is what comes next behind the one activation.
    """

    activation: str | None
    slope: Any
    meets: tuple[str, ...]
    normalised: bool
    residual: bool
    prenorm: bool
    output: bool
    gate: bool
    known: bool
    calls: int
    next_layers: tuple[ModuleObject, ...] = field(default=(), compare=False)
    then: tuple[FlowNode, ...] = field(default=(), compare=False, repr=False)

    @property
    def plain(self) -> bool:
        """Whether nothing makes the scale irrelevant: no norm after it, no residual around it."""
        return self.known and not (self.normalised or self.residual or self.prenorm)


class Graph:
    """The operations of one reading of `forward`, with their consumers."""

    def __init__(self, nodes: Iterable[FlowNode]) -> None:
        self.nodes = [node for node in nodes if all(guard.default is not False for guard in node.guards)]
        self.consumers: dict[int, list[FlowNode]] = defaultdict(list)
        self.by_module: dict[int, list[FlowNode]] = defaultdict(list)
        for node in self.nodes:
            for source in node.inputs:
                self.consumers[id(source)].append(node)
            if node.module is not None and node.op == "layer":
                self.by_module[id(node.module)].append(node)
            for operand in node.operands:
                self.by_module[id(operand)].append(node)
        self._ancestors: dict[int, frozenset[int]] = {}

    def met(self, node: FlowNode, seen: set[int] | None = None) -> Iterator[FlowNode]:
        """The first operations that matter after `node`."""
        seen = set() if seen is None else seen
        for consumer in self.consumers[id(node)]:
            if id(consumer) in seen:
                continue
            seen.add(id(consumer))
            if consumer.op in TRANSPARENT:
                yield from self.met(consumer, seen)
            else:
                yield consumer

    def ancestors(self, node: FlowNode) -> frozenset[int]:
        """Everything that `node` depends on, itself included."""
        if id(node) not in self._ancestors:
            found: set[int] = set()
            queue = [node]
            while queue:
                current = queue.pop()
                if id(current) not in found:
                    found.add(id(current))
                    queue += current.inputs
            self._ancestors[id(node)] = frozenset(found)
        return self._ancestors[id(node)]

    def after(self, node: FlowNode) -> list[FlowNode]:
        """Everything that depends on `node`."""
        found: dict[int, FlowNode] = {}
        queue = list(self.consumers[id(node)])
        while queue:
            current = queue.pop()
            if id(current) not in found:
                found[id(current)] = current
                queue += self.consumers[id(current)]
        return list(found.values())

    def residual(self, node: FlowNode) -> bool:
        """Whether a later addition adds something that bypasses this layer: its own input, or what that came from."""
        sources = frozenset().union(*(self.ancestors(source) for source in node.inputs)) if node.inputs else frozenset()
        for later in self.after(node):
            if later.op != "add" or len(later.inputs) < 2:
                continue
            through = [i for i in later.inputs if id(node) in self.ancestors(i)]
            around = [i for i in later.inputs if id(node) not in self.ancestors(i)]
            if through and any(self._stem(other, sources) for other in around):
                return True
        return False

    def added(self, node: FlowNode) -> bool:
        """Whether what comes of `node` is added to a weight, or later to something that does not come of it."""
        queue = list(self.consumers[id(node)])
        while queue:
            current = queue.pop()
            if current.op == "bias":
                return True
            queue += self.consumers[id(current)] if current.op in TRANSPARENT else ()
        return any(
            any(id(node) not in self.ancestors(source) for source in later.inputs)
            for later in self.after(node)
            if later.op == "add" and len(later.inputs) > 1
        )

    def _stem(self, node: FlowNode, sources: frozenset[int]) -> bool:
        """Whether `node` (through a shortcut's layers) starts from what fed the branch, and carries a signal."""
        while node.op in TRANSPARENT | {"layer", "norm"} and id(node) not in sources and node.inputs:
            node = node.inputs[0]
        return id(node) in sources and node.op != "param"

    def prenorm(self, node: FlowNode) -> bool:
        """Whether what enters the layer's branch was normalised: a norm comes before it inside a residual branch."""
        queue, seen = list(node.inputs), set()
        while queue:
            current = queue.pop()
            if id(current) in seen:
                continue
            seen.add(id(current))
            if current.op == "norm":
                return self.residual(node)
            if current.op != "add":
                queue += current.inputs
        return False


def follow(graph: Graph, key: object) -> Follow | None:
    """What the outputs of a module (or of the products with a raw parameter) meet; None when forward never uses it."""
    nodes = graph.by_module.get(id(key), [])
    if not nodes:
        return None
    met = [consumer for node in nodes for consumer in graph.met(node)]
    names = tuple(dict.fromkeys(_name(node) for node in met))
    activations = {node.name for node in met if node.op == "activation"}
    others = [node for node in met if node.op != "activation"]
    sole = next(iter(activations)) if len(activations) == 1 and not others else None
    slopes = [node.slope for node in met if node.op == "activation"]
    later = [later for node in nodes for later in graph.after(node)]
    layers = [
        node
        for node in later
        if (node.op in ("layer", "contract") and node.module is not None) or node.op == "contract"
    ]
    return Follow(
        activation=sole,
        slope=slopes[0] if sole and slopes and all(s == slopes[0] for s in slopes) else None,
        meets=names,
        normalised=bool(met) and all(node.op == "norm" for node in met),
        residual=any(graph.residual(node) for node in nodes),
        prenorm=any(graph.prenorm(node) for node in nodes),
        output=not layers and all(node.op != "unknown" for node in later),
        gate=any(node.op == "mul" for node in met)
        or any(_gated(graph, node) for node in met if node.op == "activation"),
        known=bool(met) and all(node.op != "unknown" for node in met),
        calls=len(nodes),
        next_layers=tuple(node.module for node in met if node.op == "layer" and node.module is not None),
        then=tuple(later for node in met for later in graph.met(node)) if sole else (),
    )


def _gated(graph: Graph, node: FlowNode) -> bool:
    return any(consumer.op == "mul" for consumer in graph.met(node))


def _name(node: FlowNode) -> str:
    if node.op == "activation":
        return node.name
    return node.name or node.op if node.op == "layer" else node.op
