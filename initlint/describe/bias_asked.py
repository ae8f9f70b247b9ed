"""`if isinstance(m, Conv2d) and m.bias is not None: init(m.weight)`: a layer without a bias keeps torch's default."""

from __future__ import annotations

import ast

from initlint.describe import branch_chains, modules
from initlint.describe.facts import BiasAskedFirst
from initlint.describe.run import Frame, Run
from initlint.describe.values import ModuleObject, Tensor
from initlint.source import syntax


def note(run: Run, node: ast.If, frame: Frame) -> None:
    """Remember a layer without a bias that the condition turns away for nothing else than that."""
    if not isinstance(node.test, ast.BoolOp) or not isinstance(node.test.op, ast.And):
        return
    asking = [part for part in node.test.values if _asks_for_bias(part)]
    owner = branch_chains.owner_of_bias(asking[0]) if len(asking) == 1 else None
    if owner is None or not _writes_weight(node.body, owner) or _handed_on(node, owner, frame):
        return
    module = _layer_without_bias(run, owner, frame)
    if module is None or any(guard.default is False for guard in run.guards):
        return
    if all(_holds(run, part, frame) for part in node.test.values if part is not asking[0]):
        run.records.append(BiasAskedFirst(frame.site(node.test), module, ast.unparse(asking[0])))


def _asks_for_bias(part: ast.expr) -> bool:
    """Whether a layer whose bias is None fails it; hasattr is true of such a layer."""
    return branch_chains.owner_of_bias(part) is not None and "hasattr" not in ast.unparse(part)


def _writes_weight(body: list[ast.stmt], owner: ast.expr) -> bool:
    """Whether the body fills the weight, and does not just ask it for its fan."""
    weight = f"{ast.unparse(owner)}.weight"
    for node in (inner for statement in body for inner in syntax.walk(statement)):
        match node:
            case ast.Call(func=ast.Attribute(value=held, attr=name), args=args) if name.endswith("_"):
                if any(ast.unparse(one).removesuffix(".data") == weight for one in (held, *args[:1])):
                    return True
            case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name.endswith("_"):
                if ast.unparse(first).removesuffix(".data") == weight:
                    return True
    return False


def _handed_on(node: ast.If, owner: ast.expr, frame: Frame) -> bool:
    """Whether the function hands the layer on: what gets it may see to the weight."""
    around = frame.file.source.around(node, ast.FunctionDef)
    return around is None or branch_chains.handed_whole(around.body, owner)


def _layer_without_bias(run: Run, owner: ast.expr, frame: Frame) -> ModuleObject | None:
    from initlint.describe.expressions import evaluate

    module = run.settle(evaluate(run, owner, frame))
    if not isinstance(module, ModuleObject) or not modules.is_layer(module) or module.generic:
        return None
    weight = module.slots.get("weight")
    known = isinstance(weight, Tensor) and "bias" in module.slots and module.slots["bias"] is None
    return module if known and not any("Norm" in base for base in module.bases) else None


def _holds(run: Run, part: ast.expr, frame: Frame) -> bool:
    from initlint.describe.expressions import evaluate

    return run.settle(evaluate(run, part, frame)) is True
