"""What parent and child say to each other: plain frozen data, and its way to JSON and back."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of somebody's text; lines and columns count from 1, the end column is exclusive."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    function: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to build. `kind` is module, file, hf or folder; `text` is what the user typed."""

    text: str
    kind: str
    location: str
    name: str = ""
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)
    inputs: str = ""  # module:function
    input_shape: tuple[int, ...] = ()
    optional: bool = False  # found in a folder: skipped, not failed, where it cannot be built


@dataclass(frozen=True, slots=True)
class Request:
    """The parent's order: build these targets one after the other and report on each."""

    targets: tuple[Target, ...]
    seed: int = 0
    seeds: int = 3
    device: str = "cpu"
    time_limit: float = 300.0
    memory_limit: int = 4 << 30
    alpha: float = 1e-6
    propagate: bool = True
    statistics: bool = True
    overlay: dict[str, str] = field(default_factory=dict)  # path -> text to import in the place of what is on the disk
    digests: bool = False  # tell the bits of every tensor
    root: str = ""  # of the project: modules are looked for there as well
    deferred: bool = False  # walk the second way to each weight: to_empty() and the init methods


@dataclass(frozen=True, slots=True)
class Event:
    """One write to a parameter, in order. `region` is empty for the whole tensor, else as Python would index it.

    `kind` is create (the memory came with these values), set (whatever was there is gone) or update (it was scaled,
    shifted, cut). `mean` and `std` are those of what the write leaves, where they are known.
    """

    kind: str
    scheme: str
    function: str
    arguments: dict[str, Any]
    region: str = ""
    family: str = "opaque"
    mean: float | None = None
    std: float | None = None
    place: Place | None = None  # the user's line
    near: Place | None = None  # the library's line, where that is another
    default: bool = False  # by the constructor of one of torch's own layers


@dataclass(frozen=True, slots=True)
class Form:
    """The distribution that all writes together leave."""

    family: str
    mean: float | None = None
    std: float | None = None
    low: float | None = None
    high: float | None = None
    loc: float | None = None
    scale: float | None = None
    region: str = ""  # for an overlay: the part it holds for
    fraction: float = 1.0  # of the tensor


@dataclass(frozen=True, slots=True)
class Test:
    """One statistical test: its p-value, and what it compared."""

    name: str
    p: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """Statistics of the materialised values. `tests` compare them with the closed form."""

    count: int
    mean: float | None = None
    std: float | None = None
    low: float | None = None
    high: float | None = None
    finite: float = 1.0  # share of entries
    zero: float = 0.0
    denormal: float = 0.0
    sampled: int = 0
    origin: str = "real"  # real or replay
    orthogonality: float | None = None  # largest entry of |W W^T - g^2 I| / g^2
    duplicate_rows: int = 0  # rows that equal an earlier row
    halves_equal: bool = False
    halves_opposed: bool = False  # one half of the columns is the other with the sign turned
    shards_equal: bool = False  # two processes hold the same numbers for different parts of it
    digest: str = ""  # of the entries looked at: equal ones are equal numbers
    histogram: tuple[int, ...] = ()
    edges: tuple[float, ...] = ()
    tests: tuple[Test, ...] = ()


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What the gradient says of a weight that is constant: `gradient` is zero, alike (rows equal), distinct, or tokens.

    The last are learned tokens that the model does not tell apart.

    `blocks` tells that with every other weight healthy this one alone cuts the output off from the input.
    """

    gradient: str
    blocks: bool = False
    partner: str = ""  # the other zero factor, where two stand in series


@dataclass(frozen=True, slots=True)
class Parameter:
    """All that is known of one parameter or buffer."""

    name: str
    shape: tuple[int, ...]
    numel: int
    dtype: str = "float32"
    kind: str = "parameter"  # parameter or buffer
    aliases: tuple[str, ...] = ()
    module: str = ""  # class of the module that holds it
    owners: tuple[str, ...] = ()  # classes of the modules that hold it, by alias
    role: str = "weight"
    trainable: bool = True
    scheme: str = "unknown"
    default: bool = False  # written by the layer's own constructor, and by nothing else
    history: tuple[Event, ...] = ()
    form: Form | None = None
    overlays: tuple[Form, ...] = ()
    draw: int | None = None  # equal numbers have equal draws
    halves_copied: bool = False  # one half of it, by rows, was copied from what the other half was copied from, or is
    uninitialized: float = 0.0  # share of entries that nothing wrote
    method: str = "meta"  # meta, replay, real, or outside (made where the tape did not run)
    mean: float | None = None
    std: float | None = None
    fan_in: int | None = None  # torch's reading of the shape
    fan_out: int | None = None
    effective_fan_in: float | None = None
    effective_fan_out: float | None = None
    packed: int = 1
    measured: Measured | None = None
    suggested: str | None = None
    suggested_std: float | None = None
    ratio: float | None = None
    followed_by: tuple[str, ...] = ()
    normalised: bool | None = None
    residual: bool | None = None
    on_path: bool = False  # in series with other layers, nothing normalising it
    used_fan_in: int | None = None  # as forward contracts it
    used_std: float | None = None  # of the tensor that forward contracts
    facts: dict[str, Any] = field(default_factory=dict)  # padding_idx, groups, transposed, negative_slope ...
    sensitivity: Sensitivity | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement that the child could make only with the model in hand."""

    code: str
    layer: str
    message: str
    help: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """One model that was built and examined."""

    target: str
    name: str
    place: Place | None = None
    method: str = "meta"
    notes: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    propagation: dict[str, Any] | None = None
    builds: dict[str, Place] = field(default_factory=dict)  # module path -> where it was constructed
    seeded: tuple[Place, ...] = ()  # where a seed was set while it was built
    total: int = 0
    seed: int = 0
    seconds: float = 0.0
    memory: int = 0
    torch: str = ""
    digests: dict[str, str] = field(default_factory=dict)  # name of a tensor -> name of its bits


@dataclass(frozen=True, slots=True)
class Failure:
    """A target that could not be built or examined. `skipped` ones are told, and are no error; a `bug` is ours."""

    target: str
    message: str
    traceback: str = ""
    output: str = ""
    skipped: bool = False
    bug: bool = False


def encode(value: Any) -> Any:
    """Plain JSON data; numbers that JSON lacks become their names."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: encode(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [encode(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return repr(value)


def decode(kind: type[T], data: dict[str, Any]) -> T:
    """The dataclass `kind` from what `encode` made of it."""
    hints = typing.get_type_hints(kind)
    return kind(**{name: _convert(hints[name], item) for name, item in data.items() if name in hints})


def _convert(hint: Any, item: Any) -> Any:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return None if item is None else _convert(next(part for part in parts if part is not type(None)), item)
    if origin is tuple and item is not None:
        return tuple(_convert(parts[0], entry) for entry in item)
    if origin is dict:
        return {key: _convert(parts[1], entry) for key, entry in item.items()}
    if dataclasses.is_dataclass(hint) and isinstance(item, dict):
        return decode(typing.cast("type[Any]", hint), item)
    return float(item) if hint is float else item
