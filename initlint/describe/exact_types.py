"""`type(m) == nn.Linear`: which layers of a model such a test misses though they are Linear layers."""

from __future__ import annotations

import ast

from initlint.describe.nodes import TypeTest
from initlint.describe.run import Frame, Run
from initlint.describe.values import ClassRef, External, ModuleObject, Sequence, Tensor, Value

_EXACT = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn)


def class_of(run: Run, module: ModuleObject) -> ClassRef | External:
    """What `type(module)` is. A parametrization gives the layer a class of its own."""
    if module.cls is not None:
        return module.cls
    if is_parametrised(run, module):
        return External(f"torch.nn.utils.parametrize.Parametrized{module.kind}")
    return External(module.dotted or f"torch.nn.{module.kind}")


def is_parametrised(run: Run, module: ModuleObject) -> bool:
    """Whether one of its tensors is computed by `torch.nn.utils.parametrize`."""
    held = (option for value in module.slots.values() if _tensors(value) for _, option in run.options(value))
    return any(isinstance(one, Tensor) and (one.copied or "").startswith("parametriz") for one in held)


def _tensors(value: Value) -> bool:
    return not isinstance(value, (ModuleObject, int, float, str))


def note_exact(run: Run, node: ast.Compare, right: Value, frame: Frame) -> None:
    """Remember a test of the exact type that misses a layer which is an instance of that type."""
    from initlint.describe.expressions import evaluate  # which reads the tests that this module judges

    subject = _subject(node.left)
    if subject is None or not isinstance(node.ops[0], _EXACT):
        return
    right = run.settle(right)
    wanted = [run.settle(item) for item in right.items] if isinstance(right, Sequence) else [right]
    kinds = [one.dotted.rpartition(".")[2] for one in wanted if isinstance(one, External) and "torch.nn." in one.dotted]
    for _, module in run.options(evaluate(run, subject, frame)) if kinds else ():
        if not isinstance(module, ModuleObject) or module.generic:
            continue
        derived = module.cls is not None or is_parametrised(run, module)
        if derived and any(kind in module.bases for kind in kinds):
            name = module.kind if module.cls is not None else f"Parametrized{module.kind}"
            run.records.append(TypeTest(frame.site(node), "exact-type", name))


def _subject(node: ast.expr) -> ast.expr | None:
    """`m` of `type(m)` or `m.__class__`."""
    match node:
        case ast.Call(func=ast.Name(id="type"), args=[ast.Name() as subject]):
            return subject
        case ast.Attribute(value=ast.Name() as subject, attr="__class__"):
            return subject
    return None
