"""Whether an index is the variable of a loop that meets every place of an axis: `for i in range(n): init(w[i])`."""

from __future__ import annotations

import ast
from typing import Any

from initlint.describe import expressions
from initlint.describe.run import Frame, Run
from initlint.describe.symbols import number


def runs_over(run: Run, index: ast.expr, shape: tuple[Any, ...] | None, frame: Frame) -> bool:
    """Whether a loop around it runs the index over the whole first axis, and its turns all come here.

    Of a loop whose turns are read one by one, the last one stands for all.
    """
    if not isinstance(index, ast.Name) or not shape:
        return False
    loop = _loop_of(index, frame)
    if loop is None:
        return False
    count, value = _count(run, loop, frame), run.settle(frame.env.get(index.id))
    if count is None or count != shape[0]:
        return False
    return not isinstance(value, int) or value + 1 == number(run.settle(count))


def _loop_of(index: ast.Name, frame: Frame) -> ast.For | None:
    """The loop that binds the name, unless a condition stands in between."""
    parents = frame.file.source.parents
    above = parents.get(index)
    while above is not None and not isinstance(above, (ast.If, ast.IfExp, ast.FunctionDef, ast.Lambda)):
        if isinstance(above, ast.For) and isinstance(above.target, ast.Name) and above.target.id == index.id:
            return above
        above = parents.get(above)
    return None


def _count(run: Run, loop: ast.For, frame: Frame) -> Any:
    match loop.iter:
        case ast.Call(func=ast.Name("range"), args=[stop], keywords=[]):
            return expressions.evaluate(run, stop, frame)
    return None
