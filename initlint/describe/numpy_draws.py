"""`torch.from_numpy(numpy.random.randn(n, m))`: an array that numpy draws, put into a tensor at once."""

from __future__ import annotations

import ast

from initlint.describe.run import Frame, Run
from initlint.describe.values import External, Value

_TAKES_ARRAY = frozenset({"from_numpy", "tensor", "as_tensor", "Tensor", "FloatTensor"})
_SAME_VALUES = frozenset({"astype", "copy"})
# What torch's factory of the same distribution is called, and how numpy calls its arguments.
_DRAWS = {"randn": "randn", "standard_normal": "randn", "rand": "rand", "random_sample": "rand", "normal": "normal"}
_NAMES = {"loc": "mean", "scale": "std", "size": "size"}

Drawn = tuple[str, list[Value], dict[str, Value]]


def drawn(run: Run, name: str, node: ast.AST, frame: Frame) -> Drawn | None:
    """The factory of torch, with its arguments, that fills a tensor as the array given to `name` is filled."""
    from initlint.describe.expressions import evaluate

    if name not in _TAKES_ARRAY or not isinstance(node, ast.Call) or not node.args:
        return None
    made = _made_by(node.args[0])
    if made is None or any(isinstance(given, ast.Starred) for given in made.args):
        return None
    function = run.settle(evaluate(run, made.func, frame))
    head, _, last = function.dotted.rpartition(".") if isinstance(function, External) else ("", "", "")
    if head != "numpy.random" or last not in _DRAWS:
        return None
    args = [evaluate(run, given, frame) for given in made.args]
    named = {keyword.arg or "": evaluate(run, keyword.value, frame) for keyword in made.keywords}
    if not set(named) <= set(_NAMES):
        return None
    if last == "normal" and not args and "loc" not in named:
        named["loc"] = 0.0
    return _DRAWS[last], args, {_NAMES[key]: value for key, value in named.items()}


def _made_by(node: ast.expr) -> ast.Call | None:
    """The call that draws, under those that only change its type."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SAME_VALUES:
        node = node.func.value
    return node if isinstance(node, ast.Call) else None
