"""The description of a file: the data that rules, `describe`, the fixer and the editor read.

Nothing here computes; `build` fills it. `None` always means unknown, and a rule says nothing about the unknown.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from initlint.finding import Span

if TYPE_CHECKING:
    from initlint.describe.flow import Follow
    from initlint.describe.handing import Handing
    from initlint.describe.lazy_flow import LazyFlow
    from initlint.describe.references import References
    from initlint.describe.symbols import Dim
    from initlint.describe.values import ModuleObject, Storage
    from initlint.reference.layers import ParameterSpec
    from initlint.source.text import SourceText


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the user's text, and the syntax node that stands there. `node` belongs to `source.tree`."""

    source: SourceText = field(repr=False)
    node: ast.AST = field(repr=False)

    @property
    def path(self) -> str:
        """The file, as shown."""
        return self.source.path

    @property
    def span(self) -> Span:
        """Where it stands, inside the cell for a notebook."""
        return self.source.local(self.source.span(self.node))[1]

    @property
    def cell(self) -> int | None:
        """The notebook cell, counted from 1."""
        return self.source.local(self.source.span(self.node))[0]

    @property
    def line(self) -> int:
        """The first line, inside the cell for a notebook."""
        return self.span.line

    def told_in(self, path: str) -> str:
        """`line 8` for a reader of the file `path`, with the file's name where it is another."""
        return f"line {self.line}" if path == self.path else f"line {self.line} of {self.path}"

    @property
    def text(self) -> str:
        """The source text of the node."""
        return self.source.segment(self.source.span(self.node))

    @property
    def head(self) -> Span:
        """Of a class or function: `class Net` or `def reset`, without its body."""
        whole, name = self.span, getattr(self.node, "name", "")
        line = self.source.lines[self.source.span(self.node).line - 1]
        end = line.find(name, whole.column - 1) + len(name) + 1
        return Span(whole.line, whole.column, whole.line, max(end, whole.column + 1))

    @property
    def function(self) -> ast.AST | None:
        """The innermost function around it; None at the top level of a file or class."""
        above = self.source.parents.get(self.node)
        while above is not None and not isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            above = self.source.parents.get(above)
        return above

    @property
    def statement(self) -> Site:
        """The innermost statement around it."""
        return Site(self.source, self.source.statement(self.node))


@dataclass(frozen=True, slots=True)
class Guard:
    """One condition under which something happens. `key` tells conditions apart.

    `default` says whether the default configuration takes this side; None where nothing decides.
    """

    key: object
    taken: bool
    default: bool | None
    site: Site | None = field(compare=False, default=None)


@dataclass(frozen=True, slots=True)
class Target:
    """What an init call was aimed at.

    `kind` is `tensor`, `module`, `none` (the parameter is known to be absent), `value` (a number, a string) or
    `unknown`. `slot` is the parameter's name inside its layer.
    """

    kind: str
    module: ModuleObject | None = None
    slot: str | None = None
    shape: tuple[Any, ...] | None = None
    storage: Storage | None = None
    is_parameter: bool = False
    detached: bool = False  # reached through .data or .detach()
    transposed: bool = False
    copied: str | None = None  # how it stopped sharing memory with the parameter
    region: str | None = None  # source of the index when only a part is meant
    tracked: bool = False  # a parameter, or a view of one, that autograd watches: no .data, not frozen

    @property
    def layer(self) -> str | None:
        """The kind of the layer that holds it, as torch names it."""
        return self.module.kind if self.module is not None else None

    @property
    def ndim(self) -> int | None:
        """The number of axes."""
        return None if self.shape is None else len(self.shape)


@dataclass(frozen=True, slots=True)
class InitCall:
    """A call that writes to a tensor, as it was reached. The same text may be reached several times.

    `function` is the canonical dotted name (`torch.nn.init.normal_`), for a tensor method `Tensor.normal_`.
    `values` are the arguments bound to the callee's parameter names, defaults excluded; `nodes` their source.
    """

    function: str
    site: Site
    values: dict[str, Any]
    nodes: dict[str, ast.expr]
    target: Target
    guards: tuple[Guard, ...] = ()
    scope: str = ""
    in_try: bool = False
    grad: bool = True  # gradients are recorded: no torch.no_grad() around
    broad: bool = False  # reached through a loop or an apply over many modules
    positional: int = 0  # how many arguments were given by position
    via: tuple[Handing, ...] = ()  # the calls of helpers that led here

    @property
    def name(self) -> str:
        """The last part of `function`."""
        return self.function.rpartition(".")[2]

    @property
    def doubtful(self) -> bool:
        """Whether a loop over modules got here under a condition of its own that could not be decided.

        Such a condition most likely picks modules, and may leave this one out.
        """
        open_ones = [guard.site for guard in self.guards if guard.default is None and guard.site is not None]
        return self.broad and any(site.function is self.site.function for site in open_ones)

    def weighed(self, node: ast.expr | None) -> bool:
        """Whether a condition here asks about `node` in a way that was not told apart option by option."""
        text = ast.unparse(node) if node is not None else ""
        merged = [guard.site for guard in self.guards if isinstance(guard.key, tuple) and guard.key[:1] == ("any",)]
        return any(site is not None and text in ast.unparse(site.node) for site in merged)

    @property
    def is_method(self) -> bool:
        """Whether it is a method of the tensor rather than a function."""
        return self.function.startswith("Tensor.")


@dataclass(frozen=True, slots=True)
class InitEvent:
    """One write to a parameter.

    Scheme names: zeros, ones, constant, uniform, normal, trunc_normal, xavier_uniform, xavier_normal,
    kaiming_uniform, kaiming_normal, lecun_uniform, lecun_normal, variance_scaling, orthogonal, eye, dirac, sparse,
    empty (raw memory), copy, unknown.

    `std` is the standard deviation of what is drawn, `mean` its mean, `low` and `high` its bounds; each a number or
    a symbol, None where unknown.
    """

    scheme: str
    site: Site | None
    call: InitCall | None = None
    mean: Dim | None = None
    std: Dim | None = None
    low: Dim | None = None
    high: Dim | None = None
    default: bool = False  # the constructor's own
    region: str | None = None  # None: the whole tensor; else the source text of the part written
    guards: tuple[Guard, ...] = ()
    scope: str = ""  # the function it was written in
    broad: bool = False  # written by a loop or an apply over many modules, not by name
    scaled: bool = False  # the values were multiplied or shifted after drawing
    order: int = 0  # position among all writes of the run
    each: bool = False  # a loop writes the part, and all others like it

    def moved(self, by: int) -> InitEvent:
        """The same write, later. Spelt out: `dataclasses.replace` takes more than twice as long."""
        return InitEvent(
            self.scheme, self.site, self.call, self.mean, self.std, self.low, self.high, self.default, self.region,
            self.guards, self.scope, self.broad, self.scaled, self.order + by, self.each,
        )  # fmt: skip

    @property
    def whole(self) -> bool:
        """Whether nothing of what stood there is left: the tensor at once, or part by part."""
        return self.region is None or self.each

    @property
    def certain(self) -> bool:
        """Whether the default configuration makes this write."""
        return all(guard.default for guard in self.guards)

    @property
    def possible(self) -> bool:
        """Whether nothing says that the default configuration skips it."""
        return all(guard.default is not False for guard in self.guards)

    @property
    def distribution(self) -> str | None:
        """`uniform`, `normal`, `trunc_normal`, `constant`, or None where the scheme says nothing of it."""
        return _DISTRIBUTIONS.get(self.scheme)


_DISTRIBUTIONS = {
    "zeros": "constant", "ones": "constant", "constant": "constant", "uniform": "uniform", "normal": "normal",
    "trunc_normal": "trunc_normal", "xavier_uniform": "uniform", "xavier_normal": "normal",
    "kaiming_uniform": "uniform", "kaiming_normal": "normal", "lecun_uniform": "uniform", "lecun_normal": "normal",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """One parameter of a model, with all that is known of how it gets its value.

    `effective` is the last write that the default configuration makes over the whole tensor, `after` the partial or
    conditional writes that follow it, `alternatives` what other configurations leave instead. What forward does with
    it (`follow`, `uses`, the fans of a raw parameter) is read when first asked for.
    """

    name: str
    slot: str
    module: ModuleObject
    storage: Storage
    shape: tuple[Any, ...] | None
    role: str
    packed: int
    history: tuple[InitEvent, ...]
    effective: InitEvent | None
    after: tuple[InitEvent, ...]
    alternatives: tuple[InitEvent, ...]
    spec: ParameterSpec | None
    flow: LazyFlow

    @property
    def layer(self) -> str:
        """The kind of the layer that holds it."""
        return self.module.kind

    @property
    def drawn_shape(self) -> tuple[Any, ...] | None:
        """The shape that its init sees: of a stack that is filled matrix by matrix, that of one of them."""
        shape, event = self.shape, self.effective
        by_parts = shape is not None and len(shape) > 2 and event is not None and event.each
        return shape[1:] if by_parts and shape is not None else shape

    @property
    def normalised(self) -> bool:
        """Whether a norm is known to stand right behind it."""
        return self.follow is not None and self.follow.normalised

    @property
    def site(self) -> Site | None:
        """Where the layer or the raw parameter is made."""
        return self.storage.site or self.module.site

    @property
    def follow(self) -> Follow | None:
        """What the outputs of its layer meet; None where forward does not use it, or cannot be read."""
        return self.flow.follow(self.module if self.spec is not None else self.storage)

    @property
    def uses(self) -> tuple[str, ...]:
        """How forward uses a raw parameter: contract, add, mul, cat, embedding, rescaled, transformed, unknown."""
        return self.flow.uses(self.storage)

    @property
    def fan_in(self) -> Any:
        """The fan-in that torch.nn.init reads off the shape."""
        return self.flow.fans(self)[0]

    @property
    def fan_out(self) -> Any:
        """The fan-out that torch.nn.init reads off the shape."""
        return self.flow.fans(self)[1]

    @property
    def effective_fan_in(self) -> Any:
        """The number of terms in the sums that forward really forms."""
        return self.flow.fans(self)[2]

    @property
    def effective_fan_out(self) -> Any:
        """The number of terms in the sums that backward really forms."""
        return self.flow.fans(self)[3]

    @property
    def in_list(self) -> bool:
        """Whether it stands for the alike members of a list."""
        return "*" in self.name


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A class, function or module body that builds modules, read to the end.

    `name` is the class's name, or the function's. `complete` is False where reading had to stop early.
    """

    name: str
    kind: str  # class, function, body
    site: Site
    root: ModuleObject | None
    parameters: tuple[Parameter, ...]
    complete: bool
    has_forward: bool
    owned: bool = False  # other models of the project build it, and were read: they decide what it becomes


@dataclass(frozen=True, slots=True)
class TypeTest:
    """A test of a module's type or name that cannot mean what it says; `problem` names how."""

    site: Site
    problem: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth value of a tensor is asked for: `if m.bias:`. `subject` is the source of the tensor."""

    site: Site
    subject: Site
    target: Target


@dataclass(frozen=True, slots=True)
class AttributeWrite:
    """`module.name = value`, as reached. `ready` is False before nn.Module.__init__ has run."""

    site: Site
    module: ModuleObject
    name: str
    value: Any
    previous: Any
    ready: bool
    scope: str
    guards: tuple[Guard, ...] = ()
    order: int = 0


@dataclass(frozen=True, slots=True)
class Repeat:
    """`[module] * n`: one module several times. `count` is unknown when None."""

    site: Site
    module: ModuleObject
    count: Any
    element: ast.expr
    used_in: str | None  # the container it ends in


@dataclass(frozen=True, slots=True)
class Copied:
    """`copy.deepcopy(module)` or nn.TransformerEncoder(layer, n): equal weights."""

    site: Site
    original: ModuleObject
    copy: ModuleObject
    name: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """`nn.Parameter(t).to(...)`: the result is no Parameter on another device or dtype."""

    site: Site
    method: str
    inner: ast.expr
    storage: Storage
    assigned: bool


@dataclass(frozen=True, slots=True)
class Seeded:
    """`torch.manual_seed` inside code that builds or initialises."""

    site: Site
    scope: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """Weights came from elsewhere: `load_state_dict`, `from_pretrained`, `pretrained=True`."""

    site: Site
    module: ModuleObject
    guards: tuple[Guard, ...]
    order: int


@dataclass(frozen=True, slots=True)
class Applied:
    """`module.apply(function)`, a loop over `module.modules()`, or an init method called on the module.

    `how` is apply, loop, method or post_init. All writes with an order between `order` and `end` are its doing, and
    so are the `count` records that follow it.
    """

    site: Site
    module: ModuleObject
    function: Any
    scope: str
    order: int
    guards: tuple[Guard, ...] = ()
    how: str = "apply"
    end: int = 0
    count: int = 0


Fact = TypeVar("Fact")
Made = TypeVar("Made")


@dataclass(slots=True, eq=False)
class FileModel:
    """All that is known of one file: the models it defines and the facts met on the way."""

    path: str
    source: SourceText
    models: tuple[Model, ...] = ()
    records: tuple[Any, ...] = ()
    dependencies: frozenset[str] = frozenset()
    references: References | None = None
    rest: Callable[[], Iterator[Model]] = lambda: iter(())  # classes only seen inside others, read when asked for
    _facts: dict[type, list[Any]] = field(default_factory=dict)  # by kind
    _kept: dict[object, Any] = field(default_factory=dict)

    def facts(self, kind: type[Fact]) -> Iterator[Fact]:
        """The facts of one kind, in the order in which they were met."""
        if not self._facts:
            for record in self.records:
                self._facts.setdefault(type(record), []).append(record)
        return iter(self._facts.get(kind, ()))

    def once(self, key: object, make: Callable[[], Made]) -> Made:
        """What `make` comes to, kept for the other rules that ask for it."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]  # type: ignore[no-any-return]

    @property
    def parameters(self) -> Iterator[Parameter]:
        """Every parameter of every model."""
        return (parameter for model in self.models for parameter in model.parameters)

    @property
    def sources(self) -> Iterator[SourceText]:
        """This file, and those that its models were read from."""
        yield self.source
        sources = self.references.project.sources if self.references is not None else {}
        yield from (sources[path] for path in sorted(self.dependencies - {self.path}) if path in sources)

    def speaks_of(self, word: str) -> bool:
        """Whether the word, in whatever case, stands in this file or in one that its models were read from."""
        return any(source.speaks_of(word) for source in self.sources)

    def name_of(self, storage: Storage | None) -> str | None:
        """`Model.layer.weight` for the memory of a parameter; None where no model holds it."""
        for model in self.models:
            for parameter in model.parameters:
                if parameter.storage is storage:
                    return f"{model.name}.{parameter.name}"
        return None
