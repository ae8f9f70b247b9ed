"""`value.name` and `value[index]`, for every kind of value."""

from __future__ import annotations

import ast
from typing import Any

from initlint.describe import calls, classes, exact_types, tensors
from initlint.describe.facts import MissingAttribute
from initlint.describe.names import canonical
from initlint.describe.project import Constant
from initlint.describe.run import ABSENT, TENSOR_SIZE, Frame, Run
from initlint.describe.symbols import MISSING, Sym
from initlint.describe.values import (
    ClassName,
    ClassRef,
    External,
    Function,
    Instance,
    Mapping,
    Method,
    ModuleObject,
    ModuleRef,
    Sequence,
    Super,
    Tensor,
    Value,
)  # fmt: skip
from initlint.reference.layers import LAYERS

# What torch's layers keep of their arguments, under the same name.
_ARGUMENTS = frozenset({
    "in_features", "out_features", "in_channels", "out_channels", "kernel_size", "groups", "stride", "padding",
    "padding_idx", "num_embeddings", "embedding_dim", "hidden_size", "input_size", "num_layers", "normalized_shape",
    "num_features", "embed_dim", "bidirectional",
})  # fmt: skip
_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")


def get(run: Run, value: Value, name: str, frame: Frame, node: ast.AST) -> Value:
    """`value.name`."""
    value = run.settle(value)
    if isinstance(value, External) and name == "__name__":
        return value.dotted.rpartition(".")[2]
    if value is None and name == "data":
        return None  # what is then called on it tells more
    if isinstance(value, External):
        return (
            run.project.resolve(f"{value.dotted}.{name}", frame.file)
            if "." not in value.dotted and value.dotted not in ("torch",)
            else External(canonical(f"{value.dotted}.{name}"))
        )
    if isinstance(value, ModuleObject):
        return _of_module(run, value, name, frame, node)
    if isinstance(value, Sym):
        return _of_symbol(run, value, name)
    if isinstance(value, Tensor):
        return _of_tensor(run, value, name)
    if isinstance(value, ModuleRef):
        found = run.project.member(value.file, name)
        if isinstance(found, Constant):
            from initlint.describe.expressions import constant_value

            return constant_value(run, found, name)
        return found if found is not None else run.project.resolve(f"{'.'.join(value.file.parts)}.{name}", frame.file)
    if isinstance(value, ClassRef):
        return _of_class(run, value, name, frame)
    if isinstance(value, Instance):
        return _of_instance(run, value, name, frame, node)
    if isinstance(value, Super):
        return _of_super(run, value, name)
    if isinstance(value, Function) and name == "__name__":
        return value.name
    return Method(value, name)


def _of_module(run: Run, module: ModuleObject, name: str, frame: Frame, node: ast.AST) -> Value:
    if name in module.slots:
        return run.settle(module.slots[name])
    if name == "__class__":
        return exact_types.class_of(run, module)
    value = _of_its_class(run, module, name, frame, node) if module.cls is not None else ABSENT
    if value is ABSENT and name in module.arguments and name in _ARGUMENTS:
        value = _of_constructor(run, module, name)
    return _of_torch(run, module, name, frame, node) if value is ABSENT else value


def _of_its_class(run: Run, module: ModuleObject, name: str, frame: Frame, node: ast.AST) -> Value:
    """What the project's class or a base of it defines: a method, a property's value, a constant; else ABSENT."""
    from initlint.describe.expressions import evaluate

    assert module.cls is not None
    method = classes.find(run.project, module.cls, name)
    if method is not None:
        method.bound = module
        if _is_property(method.node):
            return calls.call_function(run, method, [], {}, node, frame)
        if _is_static(method.node):
            method.bound = None
        return method
    found = classes.constant(run.project, module.cls, name)
    return evaluate(run, found[0], Frame(found[1].file, {}, found[1].name)) if found is not None else ABSENT


def _of_constructor(run: Run, module: ModuleObject, name: str) -> Value:
    """An argument that torch's layer keeps under its name; a convolution has one size for each axis."""
    run.sizes.add(name)
    value = module.arguments[name]
    if isinstance(value, tuple):
        return Sequence(value, "tuple")
    by_axis = name in ("kernel_size", "stride", "padding") and module.kind.startswith(("Conv", "Lazy"))
    if by_axis and isinstance(value, (int, Sym)):
        return Sequence((value,) * int(module.kind[-2]), "tuple") if module.kind[-2:-1].isdigit() else value
    return value if not hasattr(value, "name") or isinstance(value, Sym) else run.nameless(name)


def _of_torch(run: Run, module: ModuleObject, name: str, frame: Frame, node: ast.AST) -> Value:
    """What torch's own class gives it, where that is no argument."""
    parametric = name in ("weight", "bias")
    if name == "bias" and name in module.arguments and _is_recurrent(module):
        return module.arguments[name]  # a flag: the vectors are bias_ih_l0 and their like
    if parametric and module.cls is None and module.bases and module.bases[0] not in _CONTAINERS:
        return run.nameless(name)
    if name == "_all_weights" and module.bases:
        names = tuple(slot for slot, held in module.slots.items() if isinstance(held, Tensor))
        return Sequence((Sequence(names),))
    if name == "training":
        return run.unknown("training")
    if parametric and not run.forward and _surely_without(run, module):
        run.records.append(MissingAttribute(frame.site(node), module, name, bool(frame.in_try)))
    if name == "weight_g" and "weight_norm" in module.wrappers:
        return run.nameless(name)
    return Method(module, name)


def _is_recurrent(module: ModuleObject) -> bool:
    return any(LAYERS[kind].role == "recurrent" for kind in (module.kind, *module.bases) if kind in LAYERS)


def _surely_without(run: Run, module: ModuleObject) -> bool:
    """Whether nothing outside the project could give the module attributes of its own: all its bases are known."""
    if module.cls is None or module.bases or "__getattr__" in module.slots:
        return False
    entries = classes.order(run.project, module.cls)
    outside = [entry.dotted for entry in entries if isinstance(entry, External)]
    return all(dotted.startswith(("torch.nn.", "builtins.", "abc.")) for dotted in outside) and not classes.find(
        run.project, module.cls, "__getattr__"
    )


def _is_property(node: Any) -> bool:
    return any(
        (isinstance(d, ast.Name) and d.id in ("property", "cached_property"))
        or (isinstance(d, ast.Attribute) and d.attr == "cached_property")
        for d in getattr(node, "decorator_list", ())
    )


def _of_symbol(run: Run, value: Sym, name: str) -> Value:
    atom = value.single
    text = repr(value)
    if atom is not None:
        if isinstance(atom.payload, ClassRef) and not name.startswith("__"):
            return _of_configuration(run, text, atom.payload, name)
        if name == "__dict__" and (held := namespace(run, value)) is not None:
            return held
        if name == "__class__":
            return run.unknown(f"{text}.__class__", payload=("class of", value))
        if name == "__name__" and isinstance(atom.payload, tuple) and atom.payload[0] == "class of":
            return ClassName(atom.payload[1])
        if name in ("weight", "bias", "data"):
            return run.unknown(f"{text}.{name}", payload=("attribute", value, name))
    if isinstance(atom.default if atom else None, str):
        return Method(value, name)
    return run.unknown(f"{text}.{name}")


def namespace(run: Run, value: Value) -> Mapping | None:
    """`vars(config)`: what the class of a configuration sets, and perhaps more."""
    atom = value.single if isinstance(value, Sym) else None
    if atom is None or not isinstance(atom.payload, ClassRef):
        return None
    cls, text = atom.payload, repr(value)
    names = classes.configured(run.project, cls)
    return Mapping({name: _of_configuration(run, text, cls, name) for name in names}, is_open=True)


def _of_configuration(run: Run, text: str, cls: ClassRef, name: str) -> Value:
    """An attribute of a configuration of this class: unknown, with the class's own value for its default."""
    part = classes.sub_configuration(run.project, cls, name)
    if part is not None:
        return run.unknown(f"{text}.{name}", payload=part)
    known = classes.configured(run.project, cls).get(name, MISSING)
    if isinstance(known, Sym):
        return run.unknown(f"{text}.{name}", known.default)
    if isinstance(known, (Sequence, Mapping)):
        return run.unknown(f"{text}.{name}", MISSING, known)
    return run.unknown(f"{text}.{name}", known)


def _of_tensor(run: Run, tensor: Tensor, name: str) -> Value:
    if name == "shape":
        run.sizes.add(TENSOR_SIZE)
        shape = tensors.shape_of(tensor)
        return Sequence(shape, "tuple") if shape is not None else run.nameless("shape")
    if name in ("data", "T", "mT", "H"):
        if tensor.storage is None:
            from initlint.describe import flow_operations

            return flow_operations.passed(run, tensor)
        return tensors.look(run, tensor, name, [])
    if name in ("device", "dtype", "grad", "requires_grad", "is_cuda", "is_meta", "layout"):
        return run.nameless(name)
    if name == "ndim":
        return tensors.measure(run, tensor, "dim", [])
    if tensor.storage is not None and name in tensor.storage.marks:
        return tensor.storage.marks[name]
    return Method(tensor, name)


def _of_class(run: Run, cls: ClassRef, name: str, frame: Frame) -> Value:
    if name == "__name__":
        return cls.name
    method = classes.find(run.project, cls, name)
    if method is not None:
        decorators = {d.id for d in method.node.decorator_list if isinstance(d, ast.Name)}  # type: ignore[union-attr]
        if "classmethod" in decorators:
            method.bound = cls
        return method
    found = classes.constant(run.project, cls, name)
    if found is not None:
        from initlint.describe.expressions import evaluate

        return evaluate(run, found[0], Frame(found[1].file, {}, found[1].name))
    if name in cls.info.inner:
        return ClassRef(cls.info.inner[name], cls.file)
    return Method(cls, name)


def _is_static(node: ast.AST) -> bool:
    decorators = node.decorator_list if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else []
    return any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in decorators)


def _of_instance(run: Run, value: Instance, name: str, frame: Frame, node: ast.AST) -> Value:
    if name in value.slots:
        return run.settle(value.slots[name])
    method = classes.find(run.project, value.cls, name)
    if method is not None:
        method.bound = None if _is_static(method.node) else value
        return calls.call_function(run, method, [], {}, node, frame) if _is_property(method.node) else method
    found = classes.constant(run.project, value.cls, name)
    if found is not None:
        from initlint.describe.expressions import evaluate

        return evaluate(run, found[0], Frame(found[1].file, {}, found[1].name))
    return run.unknown(f"{value.cls.name}.{name}")


def _of_super(run: Run, value: Super, name: str) -> Value:
    target = value.target
    cls = target.cls if isinstance(target, (ModuleObject, Instance)) else None
    if cls is not None:
        method = classes.find(run.project, cls, name, after=value.after)
        if method is not None:
            method.bound = target
            return method
    return Method(value, name)


def item(run: Run, value: Value, index: ast.expr, frame: Frame, node: ast.Subscript) -> Value:
    """`value[index]`."""
    from initlint.describe.expressions import children_sequence, evaluate

    value = run.settle(value)
    if isinstance(value, Tensor):
        if value.storage is None:
            from initlint.describe import flow_operations

            evaluate(run, index, frame) if not isinstance(index, (ast.Slice, ast.Tuple)) else None
            return flow_operations.passed(run, value)
        return tensors.index(run, value, index, frame)
    if isinstance(value, ModuleObject):
        if isinstance(index, ast.Slice) or value.kind in ("ModuleList", "Sequential", "ParameterList"):
            value = children_sequence(run, value)
        else:
            key = run.settle(evaluate(run, index, frame))
            if str(key) in value.slots:
                return run.settle(value.slots[str(key)])
            members = [child for name, child in value.slots.items() if isinstance(child, ModuleObject)]
            return members[0] if len(members) == 1 and value.multiplicity is not None else run.nameless("member")
    if isinstance(value, Sequence):
        return _of_sequence(run, value, index, frame)
    key = run.settle(evaluate(run, index, frame)) if not isinstance(index, ast.Slice) else None
    if isinstance(value, Mapping):
        if isinstance(key, (str, int, float, bool, Sym)) and key in value.items:
            return run.settle(value.items[key])
        if (
            isinstance(key, Sym)
            and key.default is not MISSING
            and isinstance(key.default, (str, int))
            and key.default in value.items
        ):
            return run.settle(value.items[key.default])
        return run.nameless("entry")
    if isinstance(value, str) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    if isinstance(value, Sym):
        atom = value.single
        if atom is not None and isinstance(atom.payload, (Sequence, Mapping)) and isinstance(key, (int, str)):
            held: Any = atom.payload.items
            known = (
                held.get(key, MISSING)
                if isinstance(held, dict)
                else (held[key] if isinstance(key, int) and -len(held) <= key < len(held) else MISSING)
            )
            return run.unknown(f"{value!r}[{key!r}]", known if isinstance(known, (int, float, str, bool)) else MISSING)
        return run.unknown(f"{value!r}[{key!r}]") if isinstance(key, (int, str, Sym)) else run.nameless("item")
    if isinstance(value, External):
        from initlint.reference.activations import canonical_activation

        if value.dotted.rpartition(".")[2] in ("ACT2FN", "ACT2CLS"):
            return activation_by_name(run, key, canonical_activation)
        return value if value.dotted.startswith(("typing.", "builtins.")) else run.nameless("item")
    return run.nameless("item")


def activation_by_name(run: Run, key: Value, canonical_activation: Any) -> Value:
    """transformers' `ACT2FN["gelu"]`."""
    if isinstance(key, Sym) and isinstance(key.default, str):
        key = key.default
    name = canonical_activation(key) if isinstance(key, str) else None
    if name is None:
        return run.unknown("activation", payload=("activation", None))
    return ModuleObject(name, None, dotted=f"activation.{name}")


def _of_sequence(run: Run, value: Sequence, index: ast.expr, frame: Frame) -> Value:
    from initlint.describe.expressions import evaluate

    if isinstance(index, ast.Slice):
        bounds = [
            run.settle(evaluate(run, part, frame)) if part is not None else None
            for part in (index.lower, index.upper, index.step)
        ]
        if value.repeated is None and all(part is None or isinstance(part, int) for part in bounds):
            return Sequence(value.items[slice(*bounds)], value.kind)
        return Sequence(
            value.items, value.kind, value.repeated if value.repeated is not None else run.nameless("count")
        )
    key = run.settle(evaluate(run, index, frame))
    if isinstance(key, int) and not isinstance(key, bool):
        if value.repeated is None and -len(value.items) <= key < len(value.items):
            return run.settle(value.items[key])
        if value.repeated is not None and value.items:
            return run.settle(value.items[key if -len(value.items) <= key < len(value.items) else -1])
        return run.nameless("item")
    if value.items and (value.repeated is not None or len(value.items) == 1):
        return run.settle(value.items[-1])
    if value.items and all(isinstance(member, ModuleObject) for member in value.items):
        return run.settle(value.items[0])
    return run.nameless("item")


def name_test(run: Run, operator: ast.cmpop, left: Value, right: Value) -> Value | None:
    """`'Conv' in classname`, `classname == 'Linear'`: what the class's name teaches about the module."""
    if isinstance(operator, (ast.Eq, ast.NotEq)) and isinstance(left, ClassName) and isinstance(right, str):
        return calls.name_lesson(run, left, right) if isinstance(operator, ast.Eq) else None
    if isinstance(operator, ast.In) and isinstance(right, ClassName) and isinstance(left, str):
        return calls.name_lesson(run, right, left)
    if (
        (
            isinstance(left, Sym)
            and isinstance(operator, (ast.NotEq, ast.Gt, ast.GtE))
            and (atom := left.single) is not None
        )
        and isinstance(atom.payload, tuple)
        and atom.payload[0] == "find"
        and right in (-1, 0)
    ):
        return calls.name_lesson(run, atom.payload[1], atom.payload[2])
    return None
