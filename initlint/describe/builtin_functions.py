"""Python's own functions on values that are known in part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from initlint.describe.run import Run
from initlint.describe.symbols import MISSING, Sym
from initlint.describe.truth import decided
from initlint.describe.values import (
    ClassName,
    ClassRef,
    External,
    Function,
    Instance,
    Mapping,
    Method,
    ModuleObject,
    Partial,
    Sequence,
    Tensor,
    Value,
)

_RANGE_LIMIT = 16


def _range(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """Known small ranges are spelt out; of others the index is a symbol and the items are alike."""
    if args and all(isinstance(arg, int) for arg in args) and len(args) < 4:
        try:
            known = range(*args)
        except ValueError:
            return run.nameless("range")
        if len(known) <= _RANGE_LIMIT:
            return Sequence(tuple(known))
        return Sequence((run.nameless("i"),), "list", len(known))
    count = args[0] if len(args) == 1 else (_minus(args[1], args[0]) if len(args) > 1 else run.nameless("count"))
    return Sequence((run.nameless("i"),), "list", count if count is not None else run.nameless("count"))


def _minus(left: Value, right: Value) -> Value:
    try:
        return left - right
    except TypeError:
        return None


def _enumerate(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    source = _sequence(run, args[0] if args else None)
    start = args[1] if len(args) > 1 and isinstance(args[1], int) else 0
    alike = source.repeated is not None
    items = tuple(
        Sequence((run.nameless("i") if alike else i, item), "tuple") for i, item in enumerate(source.items, start)
    )
    return Sequence(items, source.kind, source.repeated, source.root)


def _zip(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """As many items as the known sources have: those of which less is known are taken to be as long."""
    sources = [_sequence(run, arg) for arg in args]
    length = min((len(source.items) for source in sources if source.repeated is None), default=None)
    if length is not None:
        rows = ([_nth(run, source, i) for source in sources] for i in range(length))
        return Sequence(tuple(Sequence(tuple(row), "tuple") for row in rows))
    items = tuple(source.items[-1] if source.items else run.nameless("item") for source in sources)
    return Sequence((Sequence(items, "tuple"),), "list", run.nameless("count"))


def _nth(run: Run, source: Sequence, index: int) -> Value:
    if source.repeated is None:
        return source.items[index]
    return source.items[-1] if source.items else run.nameless("item")


def _sequence(run: Run, value: Value) -> Sequence:
    from initlint.describe import tensors
    from initlint.describe.expressions import children_sequence

    value = run.settle(value)
    if isinstance(value, Sequence):
        return value
    if isinstance(value, ModuleObject):
        return children_sequence(run, value)
    if isinstance(value, Mapping):
        return Sequence(tuple(value.items), "list", run.nameless("count") if value.is_open else None)
    if isinstance(value, str):
        return Sequence(tuple(value[:256]))
    if isinstance(value, Tensor) and (rows := tensors.slices(run, value)) is not None:
        return rows
    return Sequence((run.nameless("item"),), "list", run.nameless("count"))


def _vars(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    from initlint.describe.attributes import namespace

    held = namespace(run, args[0]) if args else None
    return held if held is not None else run.nameless("vars")


def _list(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if not args:
        return Sequence(())
    source = _sequence(run, args[0])
    return Sequence(source.items, source.kind, source.repeated, source.root)


def _tuple(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    source = _sequence(run, args[0]) if args else Sequence(())
    return Sequence(source.items, "tuple", source.repeated)


def _dict(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    items: dict[Value, Value] = {}
    is_open = False
    source = run.settle(args[0]) if args else None
    if isinstance(source, Mapping):
        items, is_open = dict(source.items), source.is_open
    elif isinstance(source, Sequence):
        for pair in source.items:
            pair = run.settle(pair)
            if isinstance(pair, Sequence) and len(pair.items) == 2 and isinstance(pair.items[0], (str, int, Sym)):
                items[pair.items[0]] = pair.items[1]
        is_open = source.repeated is not None
    elif source is not None:
        is_open = True
    return Mapping({**items, **kwargs}, is_open)


def _len(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    value = args[0] if args else None
    if isinstance(value, (Sequence, ModuleObject)):
        source = _sequence(run, value)
        repeated = value.multiplicity if isinstance(value, ModuleObject) else source.repeated
        if repeated is None:
            return len(source.items)
        return repeated if len(source.items) == 1 and isinstance(repeated, (int, Sym)) else run.nameless("len")
    if isinstance(value, Mapping) and not value.is_open:
        return len(value.items)
    if isinstance(value, str):
        return len(value)
    return run.unknown(f"len({value!r})") if isinstance(value, Sym) else run.nameless("len")


def _number(convert: Callable[[Any], Any]) -> Callable[[Run, list[Value], dict[str, Value]], Value]:
    def convert_value(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
        value = args[0] if args else 0
        if isinstance(value, Sym):
            return value
        try:
            return convert(value) if isinstance(value, (int, float, str)) else run.nameless("number")
        except (ValueError, OverflowError):
            return run.nameless("number")

    return convert_value


def _extreme(which: str) -> Callable[[Run, list[Value], dict[str, Value]], Value]:
    def pick(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
        values = (
            list(args[0].items)
            if len(args) == 1 and isinstance(args[0], Sequence) and args[0].repeated is None
            else args
        )
        if values and all(isinstance(value, (int, float)) for value in values):
            return (max if which == "max" else min)(values)
        defaults = [value.default if isinstance(value, Sym) else value for value in values]
        known = all(isinstance(value, (int, float)) for value in defaults)
        default = (max if which == "max" else min)(defaults) if known and defaults else MISSING
        named = all(isinstance(value, (int, float, Sym)) for value in values)
        return run.unknown(f"{which}({', '.join(map(repr, values))})" if named else repr(run.nameless(which)), default)

    return pick


def _sum(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    source = args[0] if args else None
    if (
        isinstance(source, Sequence)
        and source.repeated is None
        and all(isinstance(item, (int, float, Sym)) for item in source.items)
    ):
        total: Any = 0
        for item in source.items:
            total = total + item
        return total
    return run.nameless("sum")


def _reversed(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    source = _sequence(run, args[0] if args else None)
    return Sequence(tuple(reversed(source.items)), source.kind, source.repeated)


def _bool(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    known = decided(args[0]) if args else False
    return known if known is not None else args[0]


def _callable(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if args and isinstance(args[0], (Function, ClassRef, External, Method, Partial, ModuleObject)):
        return True
    if args and isinstance(args[0], (int, float, str, bool, type(None), Sequence, Mapping, Instance)):
        return False
    return run.nameless("callable")


def _any(word: str) -> Callable[[Run, list[Value], dict[str, Value]], Value]:
    def answer(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
        source = args[0] if args else None
        if isinstance(source, Sequence) and source.repeated is None:
            truths = [decided(run.settle(item)) for item in source.items]
            stop = word == "any"
            if any(truth is stop for truth in truths):
                return stop
            if all(truth is not None for truth in truths):
                return not stop
        return run.nameless(word)

    return answer


def _str(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    value = args[0] if args else ""
    if isinstance(value, Sym) and value.single is not None and value.single.name.startswith("i#"):
        return "*"  # the index of a loop over what is all alike, as in an f-string
    if isinstance(value, Sym) and value.single is not None:
        match value.single.payload:
            case ("class of", subject):
                return ClassName(subject)
    if isinstance(value, (ClassRef, External)):
        return f"<class '{_dotted(value)}'>"
    return str(value) if isinstance(value, (str, int, float)) else run.nameless("text")


def _dotted(cls: ClassRef | External) -> str:
    """A class as `str(type(m))` tells it, as far as that is known: torch keeps its layers in modules of such names."""
    if isinstance(cls, ClassRef):
        return f"{cls.file.path.removesuffix('.py').replace('/', '.')}.{cls.name}"
    if cls.dotted.startswith("torch.nn.") and cls.dotted.count(".") == 2:
        kind = cls.dotted.rpartition(".")[2]
        return f"torch.nn.modules.{kind.lower()}.{kind}"
    return cls.dotted


def _round(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if args and all(isinstance(arg, (int, float)) for arg in args):
        return round(*args)
    return args[0] if args and isinstance(args[0], Sym) else run.nameless("number")


def _map(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    source = _sequence(run, args[1] if len(args) > 1 else None)
    if args and isinstance(args[0], External) and args[0].dotted in ("builtins.int", "builtins.str", "builtins.float"):
        return source
    return Sequence((run.nameless("item"),), "list", run.nameless("count"))


def _filter(run: Run, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """`filter(f, items)`: without the items that surely fail."""
    from initlint.describe import calls
    from initlint.describe.run import Frame
    from initlint.describe.truth import decided

    if len(args) != 2 or not isinstance(args[0], Function):
        return _map(run, args, kwargs)
    function, source = args[0], _sequence(run, args[1])
    frame = Frame(function.file, {}, "filter")
    kept = [
        item
        for item in source.items
        if decided(run.settle(calls.call(run, function, [item], {}, function.node, frame))) is not False
    ]
    return Sequence(tuple(kept), "list", source.repeated)


BUILTINS: dict[str, Callable[[Run, list[Value], dict[str, Value]], Value]] = {
    "range": _range, "enumerate": _enumerate, "zip": _zip, "list": _list, "set": _list, "sorted": _list,
    "tuple": _tuple,
    "dict": _dict, "len": _len, "int": _number(int), "float": _number(float), "abs": _number(abs),
    "max": _extreme("max"),
    "min": _extreme("min"), "sum": _sum, "reversed": _reversed, "bool": _bool, "callable": _callable,
    "any": _any("any"),
    "all": _any("all"), "str": _str, "round": _round, "iter": _list, "filter": _filter, "map": _map,
    "print": lambda run, args, kwargs: None,
    "id": lambda run, args, kwargs: run.nameless("id"),
    "vars": _vars,
}  # fmt: skip
