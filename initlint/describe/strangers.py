"""Modules and tensors of which nothing is known: what their methods still tell."""

from __future__ import annotations

import ast

from initlint.describe import signatures
from initlint.describe.nodes import InitCall, Target
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import Sym
from initlint.describe.values import Sequence, Value

ANY_PARAMETER = "any parameter"  # how the unknowns are called that stand for each of a model's parameters
_WALKS = {"parameters": False, "named_parameters": True}
_PLAIN = frozenset({"normal_", "uniform_", "fill_", "zero_"})


def walk(run: Run, function: Value) -> Sequence | None:
    """`model.parameters()` of an unknown model: one item that may be any of them, vectors included."""
    text = repr(function) if isinstance(function, Sym) else ""
    owner, _, name = text.rpartition(".")
    if not owner or name not in _WALKS:
        return None
    item = run.nameless(f"{ANY_PARAMETER} of {owner}")
    if not _WALKS[name]:
        return Sequence((item,), "walk", run.nameless("count"))
    pair = Sequence((run.nameless(f"name of {ANY_PARAMETER} of {owner}"), item), "tuple")
    return Sequence((pair,), "walk", run.nameless("count"))


def write(run: Run, args: list[Value], kwargs: dict[str, Value], node: ast.AST, frame: Frame) -> None:
    """`w.data.normal_(0.02)` where nothing is known of `w`."""
    match node:
        case ast.Call(func=ast.Attribute(attr=name)) if name in _PLAIN and not run.forward:
            values, nodes = signatures.bind(name, args, kwargs, node)
            run.records.append(
                InitCall(
                    f"Tensor.{name}", frame.site(node), values, nodes, Target("unknown"), tuple(run.guards), frame.name,
                    bool(frame.in_try), run.grad, bool(run.broad), len(node.args), tuple(run.via),
                )
            )  # fmt: skip
