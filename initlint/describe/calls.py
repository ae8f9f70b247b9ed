"""Calls: of the project's functions and classes, of torch, of builtins; each by our own hands."""

from __future__ import annotations

import ast
import re
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from initlint.describe import (
    classes,
    externals,
    forward,
    identity,
    modules,
    plumbing,
    pure,
    signatures,
    tensors,
    text_patterns,
    unknown_calls,
)
from initlint.describe.handing import Handing, calls_directly
from initlint.describe.nodes import Applied, Repeat
from initlint.describe.run import DEPTH_LIMIT, Frame, Run
from initlint.describe.symbols import Sym
from initlint.describe.values import (
    Choice,
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
    Super,
    Tensor,
    Value,
)  # fmt: skip

# Functions that many projects carry as their own copy of torch's or timm's, argument for argument.
COPIED_FROM_TORCH = frozenset({"trunc_normal_", "trunc_normal_tf_", "lecun_normal_", "variance_scaling_"})
_NAME_KINDS = (
    ("ConvTranspose", "ConvTranspose2d"), ("Conv", "Conv2d"), ("BatchNorm", "BatchNorm2d"), ("InstanceNorm",
    "InstanceNorm2d"),
    ("GroupNorm", "GroupNorm"), ("LayerNorm", "LayerNorm"), ("Linear", "Linear"), ("Embedding", "Embedding"),
    ("LSTM", "LSTM"), ("GRU", "GRU"), ("Norm", "BatchNorm2d"),
)  # fmt: skip


def read_call(run: Run, node: ast.Call, frame: Frame) -> Value:
    """A call expression."""
    from initlint.describe.expressions import evaluate

    run.step()
    function = evaluate(run, node.func, frame)
    if isinstance(function, External):
        special = identity.syntactic(run, function.dotted, node, frame)
        if special is not NotImplemented:
            return special
    args: list[Value] = []
    alike: Value = None  # how many members the last argument stands for, in `Sequential(*blocks)`
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            spread = evaluate(run, argument.value, frame)
            args += _spread(run, spread)
            alike = spread.repeated if isinstance(spread, Sequence) else alike
        else:
            args.append(evaluate(run, argument, frame))
    kwargs: dict[str, Value] = {}
    for keyword in node.keywords:
        value = evaluate(run, keyword.value, frame)
        if keyword.arg is not None:
            kwargs[keyword.arg] = value
        elif isinstance(value := run.settle(value), Mapping):
            kwargs.update({str(key): inner for key, inner in value.items.items() if isinstance(key, str)})
    result = call(run, function, args, kwargs, node, frame)
    if alike is not None and isinstance(result, ModuleObject) and "Sequential" in result.bases:
        result.multiplicity = alike
    return result


def _spread(run: Run, value: Value) -> list[Value]:
    from initlint.describe.expressions import children_sequence

    value = run.settle(value)
    if isinstance(value, ModuleObject):
        value = children_sequence(run, value)
    if isinstance(value, Sequence):
        return list(value.items)
    return [run.nameless("arguments")]


def call(run: Run, function: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> Value:
    """Call a value."""
    function = run.settle(function)
    match function:
        case Choice():
            options = []
            for guards, option in run.options(function)[:6]:
                with run.under(guards):
                    options.append((guards, call(run, option, args, kwargs, node, frame)))
            return run.choose(options) if options else run.nameless("call")
        case Function():
            return call_function(run, function, args, kwargs, node, frame)
        case ClassRef():
            return classes.instantiate(run, function, args, kwargs, node, frame)
        case ModuleObject():
            return forward.call_module(run, function, args, kwargs, node, frame)
        case External():
            return externals.call(run, function.dotted, args, kwargs, node, frame)
        case Partial():
            return call(run, function.function, [*function.args, *args], {**function.kwargs, **kwargs}, node, frame)
        case Method():
            return _method(run, function, args, kwargs, node, frame)
    return unknown_calls.unknown_call(run, function, args, kwargs, node, frame)


def call_function(
    run: Run, function: Function, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    """Read a function's body with these arguments."""
    body = function.node
    if function.name in COPIED_FROM_TORCH and isinstance(node, ast.Call) and function.bound is None:
        names = [argument.arg for argument in body.args.args]
        if names[:1] == ["tensor"] and not run.forward:
            given = {**dict(zip(names[1:], args[1:], strict=False)), **kwargs}
            return externals.call(run, f"torch.nn.init.{function.name}", args[:1], given, node, frame)
    if len(run.stack) > DEPTH_LIMIT or sum(entry is body for entry in run.stack) > 2:
        return run.nameless(function.name)
    if plumbing.is_too_long(run, function, args, kwargs):
        return run.nameless(function.name)
    sums = pure.sums(run, function, args, kwargs)
    if (known := pure.recall(run, sums)) is not pure.UNKNOWN:
        return known
    value = _read_body(run, function, args, kwargs, node, frame)
    pure.keep(run, sums, value)
    return value


def _read_body(
    run: Run, function: Function, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    from initlint.describe import expressions, statements

    body = function.node
    run.reached.add(body)
    run.files.add(function.file.path)
    place = Frame(function.file, {}, function.name, owner=function.owner, outer=function.closure)
    if run.frames is not None and function.owner is None:
        run.frames.append(place)
    if function.bound is not None:
        args = [function.bound, *args]
    definitions = function.defaults
    if not definitions and (body.args.defaults or body.args.kw_defaults):
        definitions = expressions.defaults(run, body.args, Frame(function.file, {}, function.name))
    bind(run, body.args, args, kwargs, definitions, place)
    if body.args.args and function.owner is not None:
        place.self_value = place.env.get((body.args.posonlyargs + body.args.args)[0].arg)
    if isinstance(body, ast.Lambda):
        return expressions.evaluate(run, body.body, place)
    grad = run.grad
    run.grad = grad and not _is_no_grad(body) and not _under_post_init(run, function)
    run.stack.append(body)
    handing = Handing(frame.site(node), body, function.bound is not None) if calls_directly(node, body) else None
    kept = run.via
    run.via = [*kept, handing] if handing is not None else []
    try:
        with _noted(run, function, args, node, frame):
            statements.read_block(run, body.body, place)
    finally:
        run.stack.pop()
        run.grad = grad
        run.via = kept
    if not place.returns:
        return None
    own = len(run.guards)
    returned = [(guards[own:], value) for guards, value in place.returns]
    return returned[0][1] if len(returned) == 1 else run.choose(_disjoint(returned))


_INITIALISES = re.compile(r"^(?!__).*(?:init|reset)|^reset", re.IGNORECASE)


def _noted(
    run: Run, function: Function, args: list[Value], node: ast.AST, frame: Frame
) -> AbstractContextManager[None]:
    """An init method or init function called on a whole module is remembered with all that it does."""
    module = args[0] if args else None
    if run.forward or run.broad or not isinstance(module, ModuleObject) or not _INITIALISES.search(function.name):
        return nullcontext()
    return run.applying(
        Applied(frame.site(node), module, function, frame.name, run.tick(), tuple(run.guards), "method")
    )


def _disjoint(returned: list[tuple[Any, Value]]) -> list[tuple[Any, Value]]:
    """Returns in order: one without a condition ends the list."""
    kept: list[tuple[Any, Value]] = []
    for guards, value in returned:
        kept.append((guards, value))
        if not guards:
            break
    return kept


def _under_post_init(run: Run, function: Function) -> bool:
    """Whether transformers calls the function, which it does under no_grad."""
    return (
        function.name == "_init_weights"
        and function.owner is not None
        and classes.pretrained_base(run.project, function.owner) is not None
    )


def _is_no_grad(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    for decorator in node.decorator_list:
        name = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(name, (ast.Attribute, ast.Name)) and (
            name.attr if isinstance(name, ast.Attribute) else name.id
        ) in ("no_grad", "inference_mode"):
            return True
    return False


def bind(
    run: Run,
    arguments: ast.arguments,
    args: list[Value],
    kwargs: dict[str, Value],
    defaults: dict[str, Value],
    place: Frame,
) -> None:
    """Bind arguments to names as Python does; what is missing is unknown."""
    names = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
    place.env.update(zip(names, args, strict=False))
    if arguments.vararg is not None:
        place.env[arguments.vararg.arg] = Sequence(tuple(args[len(names) :]), "tuple")
    extra = {}
    keyword_names = {*names, *(argument.arg for argument in arguments.kwonlyargs)}
    for name, value in kwargs.items():
        if name in keyword_names:
            place.env[name] = value
        else:
            extra[name] = value
    if arguments.kwarg is not None:
        place.env[arguments.kwarg.arg] = Mapping(dict(extra))
    for name in keyword_names:
        if name not in place.env:
            place.env[name] = defaults[name] if name in defaults else run.unknown(name)


def _method(
    run: Run, method: Method, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    target, name = method.target, method.name
    if name == "backward" and run.trained is None:
        run.trained = run.tick()
    if target is None and name in signatures.METHODS and isinstance(node, ast.Call) and not run.forward:
        bound = signatures.bind(name, args, kwargs, node)
        run.records.append(tensors.init_call(run, f"Tensor.{name}", bound, None, node, frame, len(node.args)))
        return None
    if isinstance(target, ModuleObject):
        return modules.method(run, target, name, args, kwargs, node, frame)  # type: ignore[arg-type]
    if isinstance(target, Tensor):
        if target.storage is None or run.forward:
            return forward.tensor_method(run, target, name, args, kwargs, node, frame)
        return tensors.method(run, target, name, args, kwargs, node, frame)  # type: ignore[arg-type]
    if isinstance(target, Super):
        return _super_method(run, target, name, args, kwargs, node, frame)
    if isinstance(target, Sequence):
        return _sequence_method(run, target, name, args, node, frame)
    if isinstance(target, Mapping):
        return _mapping_method(run, target, name, args, kwargs)
    if isinstance(target, str):
        return _text_method(run, target, name, args)
    if isinstance(target, Sym) and isinstance(target.default, str):
        return run.unknown(f"{target!r}.{name}()", _text_method(run, target.default, name, args))
    if isinstance(target, ClassName):
        return _class_name_method(run, target, name, args)
    if isinstance(target, ClassRef):
        return unknown_calls.class_method(run, target, name, args, kwargs, node, frame)
    return unknown_calls.unknown_call(run, method, args, kwargs, node, frame)


def _super_method(
    run: Run, target: Super, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame
) -> Value:
    module = target.target
    if isinstance(module, ModuleObject) and module.cls is not None:
        if name == "__init__":
            classes.super_init(run, module, module.cls, target.after, args, kwargs, node, frame)
            return None
        if name == "forward" and run.forward:
            return forward.base_forward(run, module, args, kwargs, node, frame)
        return modules.method(run, module, name, args, kwargs, node, frame)  # type: ignore[arg-type]
    if isinstance(module, Instance) and name == "__init__":
        run_slots = dict(kwargs.items())
        for key, value in run_slots.items():
            module.slots.setdefault(key, value)
        return None
    return run.nameless(name)


def _sequence_method(run: Run, target: Sequence, name: str, args: list[Value], node: ast.AST, frame: Frame) -> Value:
    from initlint.describe.operators import extend

    match name:
        case "append" | "add" if args:
            run.set(target, "items", (*target.items, args[0]))
            if (repeats := run.repeats(target)) is not None:
                run.set(target, "repeated", repeats)
        case "extend" if args:
            more = run.settle(args[0])
            if isinstance(more, ModuleObject):
                more = Sequence(tuple(child for _, child in modules.children(run, more)), "list", more.multiplicity)
            if isinstance(more, Sequence):
                extend(run, target, more)
            else:
                run.set(target, "repeated", run.nameless("count"))
        case "insert" if len(args) == 2:
            at = args[0] if isinstance(args[0], int) else len(target.items)
            run.set(target, "items", (*target.items[:at], args[1], *target.items[at:]))
        case "pop" if target.items:
            at = args[0] if args and isinstance(args[0], int) else -1
            items = list(target.items)
            if -len(items) <= at < len(items):
                value = items.pop(at)
                run.set(target, "items", tuple(items))
                return value
            return run.nameless("item")
        case "copy":
            return Sequence(target.items, target.kind, target.repeated)
        case "index" | "count":
            return run.nameless(name)
        case "reverse":
            run.set(target, "items", tuple(reversed(target.items)))
        case "numel":
            total: Any = 1
            for item in target.items:
                total = total * item if isinstance(item, (int, float, Sym)) else run.nameless("numel")
            return total
    return None


def _mapping_method(run: Run, target: Mapping, name: str, args: list[Value], kwargs: dict[str, Value]) -> Value:
    match name:
        case "items":
            pairs = tuple(Sequence((key, value), "tuple") for key, value in target.items.items())
            return Sequence(pairs, "list", run.nameless("count") if target.is_open else None)
        case "values":
            return Sequence(tuple(target.items.values()), "list", run.nameless("count") if target.is_open else None)
        case "keys":
            return Sequence(tuple(target.items), "list", run.nameless("count") if target.is_open else None)
        case "get" | "pop" if args:
            key = run.settle(args[0])
            if isinstance(key, (str, int, Sym)) and key in target.items:
                return run.settle(target.items[key])
            if target.is_open or isinstance(key, Sym):
                return run.nameless("entry")
            return args[1] if len(args) > 1 else None
        case "update":
            more = run.settle(args[0]) if args else Mapping(kwargs)
            if isinstance(more, Mapping):
                run.set(target, "items", {**target.items, **more.items})
            else:
                run.set(target, "open", True)
            return None
        case "copy":
            return Mapping(dict(target.items), target.is_open)
        case "setdefault" if args and isinstance(args[0], (str, int)):
            if args[0] not in target.items:
                run.set(target, "items", {**target.items, args[0]: args[1] if len(args) > 1 else None})
            return target.items[args[0]]
    return run.nameless(name)


_TEXT = frozenset(
    {
        "lower",
        "upper",
        "strip",
        "startswith",
        "endswith",
        "find",
        "replace",
        "split",
        "rsplit",
        "count",
        "lstrip",
        "rstrip",
        "partition",
        "rpartition",
        "title",
        "capitalize",
        "isdigit",
        "removeprefix",
        "removesuffix",
    }
)


def _text_method(run: Run, target: str, name: str, args: list[Value]) -> Value:
    args = [tuple(arg.items) if isinstance(arg, Sequence) else arg for arg in args]
    simple = all(
        isinstance(arg, (str, int)) or (isinstance(arg, tuple) and all(isinstance(a, str) for a in arg)) for arg in args
    )
    if name in _TEXT and simple:
        try:
            result = getattr(target, name)(*args)
        except (TypeError, ValueError):
            return run.nameless("text")
        return Sequence(tuple(result)) if isinstance(result, (list, tuple)) else result
    if name == "format" and (made := text_patterns.by_format(target, args)) is not None:
        return made
    return run.nameless("text")


def _class_name_method(run: Run, target: ClassName, name: str, args: list[Value]) -> Value:
    if name in ("lower", "upper"):
        return ClassName(target.target)
    if args and isinstance(args[0], str):
        if name == "find":
            return run.unknown(f"classname.find({args[0]!r})@{target.target!r}", payload=("find", target, args[0]))
        if name in ("startswith", "endswith"):
            return name_lesson(run, target, args[0])
    return run.nameless(name)


def name_lesson(run: Run, name: ClassName, text: str) -> Value:
    """A module whose class name holds `text`: most likely the layer of torch of that name."""
    subject = name.target
    lessons: dict[Sym, Value] = {}
    if isinstance(subject, Sym):
        kind = next((kind for part, kind in _NAME_KINDS if part.lower() in text.lower()), None)
        if kind is not None:
            from initlint.describe.layers import generic

            lessons[subject] = generic(run, f"torch.nn.{kind}", None, repr(subject))
            lessons[subject].marks = frozenset({"by name"})
    return run.unknown(f"{text} in classname of {subject!r}", payload=("narrow", lessons))


def note_repeat(run: Run, node: ast.AST, sequence: Sequence, count: Value, frame: Frame) -> None:
    """`[module] * n`, or `[module, function] * n`."""
    sides = (node.left, node.right) if isinstance(node, ast.BinOp) else ()
    listed = next((side for side in sides if isinstance(side, (ast.List, ast.Tuple))), None)
    if listed is None or len(listed.elts) != len(sequence.items):
        return
    for element, item in zip(listed.elts, sequence.items, strict=True):
        if isinstance(item, ModuleObject):
            run.records.append(Repeat(frame.site(node), item, count, element, None))
