"""What an expression can stand for while a file is being read: numbers, objects, functions, modules, tensors.

Python's own numbers, strings, booleans and None stand for themselves; `Sym` is any unknown.
"""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from initlint.describe.index import ClassInfo, FileIndex
    from initlint.describe.nodes import Guard, InitEvent, Site
    from initlint.reference.layer_kind import ParameterSpec

Value: TypeAlias = Any
births = itertools.count()


@dataclass(slots=True, eq=False)
class Choice:
    """One of several values, each under its guards."""

    options: tuple[tuple[tuple[Guard, ...], Value], ...]


@dataclass(slots=True, eq=False)
class External:
    """Something outside the project, by its canonical dotted name."""

    dotted: str


@dataclass(slots=True, eq=False)
class ModuleRef:
    """A module (file) of the project."""

    file: FileIndex


@dataclass(slots=True, eq=False)
class Function:
    """A function or lambda of the project, with what it closes over and the object it is bound to."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    file: FileIndex
    closure: Any = None  # the frame it was defined in
    bound: Value = None
    owner: ClassRef | None = None  # the class whose body defines it
    defaults: dict[str, Value] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name, or `<lambda>`."""
        return self.node.name if not isinstance(self.node, ast.Lambda) else "<lambda>"


@dataclass(slots=True, eq=False)
class ClassRef:
    """A class of the project."""

    info: ClassInfo
    file: FileIndex

    @property
    def name(self) -> str:
        """Its name."""
        return self.info.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClassRef) and other.info is self.info

    def __hash__(self) -> int:
        return id(self.info)


@dataclass(slots=True, eq=False)
class Method:
    """A method that the reader itself knows (of a tensor, module, list, string), bound to its object."""

    target: Value
    name: str


@dataclass(slots=True, eq=False)
class Super:
    """`super()`: attribute look-up starts after `after` in the class order of `target`."""

    target: Value
    after: ClassRef | None


@dataclass(slots=True, eq=False)
class Partial:
    """`functools.partial`."""

    function: Value
    args: tuple[Value, ...]
    kwargs: dict[str, Value]


class Heap:
    """Base of objects that can change: all their state is in `slots`, so that a branch can be undone and merged."""

    __slots__ = ("birth", "slots")

    def __init__(self, **slots: Value) -> None:
        self.slots: dict[str, Value] = slots
        self.birth = next(births)  # older objects have smaller numbers


class Sequence(Heap):
    """A list, tuple or set. `items` are its known elements; `repeated` when they stand for an unknown number."""

    __slots__ = ("kind", "root")

    def __init__(
        self, items: tuple[Value, ...], kind: str = "list", repeated: Value = None, root: ModuleObject | None = None
    ) -> None:
        super().__init__(items=items, repeated=repeated)
        self.kind = kind
        self.root = root  # of a walk: the module whose parts these are

    @property
    def items(self) -> tuple[Value, ...]:
        """The known elements."""
        return self.slots["items"]  # type: ignore[no-any-return]

    @property
    def repeated(self) -> Value:
        """None where `items` is all there is; else how often its last element stands for alike ones."""
        return self.slots["repeated"]


class Mapping(Heap):
    """A dict; `items` maps constant keys to values. `open` when there may be further ones."""

    __slots__ = ()

    def __init__(self, items: dict[Value, Value], is_open: bool = False) -> None:
        super().__init__(items=items, open=is_open)

    @property
    def items(self) -> dict[Value, Value]:
        """The known entries."""
        return self.slots["items"]  # type: ignore[no-any-return]

    @property
    def is_open(self) -> bool:
        """Whether there may be further entries, if only in some configurations."""
        return self.slots["open"] is not False


class Instance(Heap):
    """An object of a project class that is no nn.Module: a configuration, a helper."""

    __slots__ = ("cls",)

    def __init__(self, cls: ClassRef) -> None:
        super().__init__()
        self.cls = cls


class ModuleObject(Heap):
    """An nn.Module.

    `kind` is torch's class name for a layer of torch (`Linear`), else the name of the project's or library's class.
    `cls` is set for a class of the project. `slots` holds attributes, in the order in which they were set.
    """

    __slots__ = (
        "arguments",
        "bases",
        "cls",
        "dotted",
        "generic",
        "kind",
        "loaded",
        "marks",
        "multiplicity",
        "site",
        "specs",
        "wrappers",
    )

    def __init__(
        self,
        kind: str,
        site: Site | None,
        *,
        cls: ClassRef | None = None,
        dotted: str | None = None,
        arguments: dict[str, Value] | None = None,
        generic: bool = False,
    ) -> None:
        super().__init__()
        self.kind = kind
        self.site = site
        self.cls = cls
        self.dotted = dotted
        self.arguments = arguments or {}
        self.generic = generic  # stands for any layer of its kind
        self.wrappers: tuple[str, ...] = ()
        self.loaded: Site | None = None
        self.multiplicity: Value = None
        self.bases: tuple[str, ...] = ()  # torch layer kinds that the class derives from
        self.marks: frozenset[str] = frozenset()
        self.specs: dict[str, ParameterSpec] = {}  # what the layers it derives from make, by slot


@dataclass(slots=True, eq=False)
class Storage:
    """The memory behind a tensor, with all that was written to it, in order."""

    shape: tuple[Value, ...] | None
    site: Site | None
    events: list[InitEvent] = field(default_factory=list)
    name: str | None = None
    is_parameter: bool = False
    source: Storage | None = None  # the storage this one is a copy of
    layer: ModuleObject | None = None
    slot: str | None = None
    uses: list[Any] = field(default_factory=list)
    frozen: bool = False  # requires_grad is, or may be, False
    marks: dict[str, Any] = field(default_factory=dict)  # attributes that the code puts on the tensor
    moved: bool = False  # `.to()` was called on the parameter: on another device it is none any more
    is_buffer: bool = False

    def twin(self, events: list[InitEvent]) -> Storage:
        """The same with a history of its own. Spelt out: `dataclasses.replace` takes more than twice as long."""
        return Storage(
            self.shape, self.site, events, self.name, self.is_parameter, self.source, self.layer, self.slot, [],
            self.frozen, self.marks, self.moved, self.is_buffer,
        )  # fmt: skip


@dataclass(slots=True, eq=False)
class Tensor:
    """A tensor as seen through one expression.

    `storage` is None for what flows through `forward` (then `node` says where it comes from).
    `region` is the source of the index when it is a part; `copied` says how it stopped sharing memory.
    """

    storage: Storage | None
    region: str | None = None
    transposed: bool = False
    detached: bool = False
    copied: str | None = None
    is_parameter: bool = False
    node: Any = None
    shape: tuple[Value, ...] | None = None
    tracked: bool = False  # a parameter, or a view of one made while autograd watches
    each: bool = False  # a part, as a loop over all parts along the first axis sees it

    def on(self, storage: Storage) -> Tensor:
        """The same view of another memory. Spelt out, as above."""
        return Tensor(
            storage, self.region, self.transposed, self.detached, self.copied, self.is_parameter, self.node,
            self.shape, self.tracked, self.each,
        )  # fmt: skip


@dataclass(slots=True, eq=False)
class ClassName:
    """`type(m).__name__` of an object whose class is unknown: matching it tells what the object is."""

    target: Value
