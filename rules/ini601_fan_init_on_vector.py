"""INI601 fan-init-on-vector: a scheme that needs a matrix is given a vector."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.handing import handed_over
from initlint.describe.nodes import InitCall, Site
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, Guard

# Function -> the numbers of axes it takes (torch/nn/init.py raises ValueError for others).
_MATRIX = range(2, 100)
_AXES = {
    "xavier_uniform": _MATRIX, "xavier_normal": _MATRIX, "kaiming_uniform": _MATRIX, "kaiming_normal": _MATRIX,
    "orthogonal": _MATRIX, "lecun_normal": _MATRIX, "eye": range(2, 3), "sparse": range(2, 3), "dirac": range(3, 6),
}  # fmt: skip
_ABOUT_PARAMETER = re.compile(r"any parameter of (?!.*\.requires_grad)")


class FanInitOnVector(Rule):
    """A scheme that reads a fan off two axes is given a bias, a norm's weight or another vector.

    ## What it does
    Reports `xavier_*`, `kaiming_*` and `orthogonal_` on tensors with fewer than two axes, `eye_` and `sparse_` on
    anything but a matrix, `dirac_` on anything but a convolution's weight. So do loops over all `parameters()` with
    nothing that leaves the vectors out.

    ## Why is this bad?
    torch raises `ValueError: Fan in and fan out can not be computed for tensor with fewer than 2 dimensions`. A vector
    has no fan: there is no sum over inputs whose variance could be kept.

    ## Example
    ```python
    nn.init.xavier_uniform_(self.fc.weight)
    nn.init.xavier_uniform_(self.fc.bias)
    ```

    ## Use instead
    ```python
    nn.init.xavier_uniform_(self.fc.weight)
    nn.init.zeros_(self.fc.bias)
    ```

    ## Fix safety
    Safe for a bias, which becomes zero, and for a loop, which gets the guard `p.dim() > 1`: the code raised before.
    Unsafe for the weight of a norm, which becomes one.

    ## References
    - [torch.nn.init](https://docs.pytorch.org/docs/stable/nn.init.html)
    - Glorot and Bengio 2010, eq. 12: the fans of a layer, https://proceedings.mlr.press/v9/glorot10a.html
    """

    code = "INI601"
    name = "fan-init-on-vector"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every call whose tensor is known to have the wrong number of axes."""
        for call in file.facts(InitCall):
            allowed = _AXES.get(call.name.rstrip("_"))
            if allowed is None or call.is_method or call.in_try or _is_helper(call):
                continue
            site, node = handed_over(call.site, call.nodes.get("tensor"), call.via)
            what = _what(call, node, allowed) if not isinstance(node, ast.IfExp) else None  # it may well ask for them
            if what is not None:
                yield self.finding(
                    site,
                    f"`{call.name}` {_wants(allowed)}, and {what}: this raises ValueError",
                    help=_help(node, allowed),
                    layer=file.name_of(call.target.storage),
                    fix=_fix(call, site, node, allowed),
                )


def _is_helper(call: InitCall) -> bool:
    return not call.function.startswith("torch.nn.init.")


def _what(call: InitCall, node: ast.expr | None, allowed: range) -> str | None:
    """What is wrong with the tensor, in words; None where nothing is known to be."""
    target = call.target
    if target.kind == "tensor":
        if target.ndim is None or target.ndim in allowed or call.doubtful or call.weighed(node):
            return None
        name = f"`{ast.unparse(node)}`" if node is not None else "the tensor"
        return f"{name} has {target.ndim} {'axis' if target.ndim == 1 else 'axes'}"
    if target.kind != "unknown" or 1 in allowed or any(_leaves_out(guard) for guard in call.guards):
        return None
    bare = _without_data(node)
    if isinstance(bare, ast.Attribute) and bare.attr == "bias" and isinstance(bare.value, ast.Name):
        return "a bias has one axis"
    if _walks_all(call.site, node):
        return "the biases among these parameters have one axis"
    return None


def _leaves_out(guard: Guard) -> bool:
    """Whether a condition may keep vectors away: one on the parameter or its name, or one that cannot be read."""
    key = guard.key
    return not isinstance(key, str) or bool(_ABOUT_PARAMETER.search(key)) or "dim" in key or "shape" in key


def _without_data(node: ast.expr | None) -> ast.expr | None:
    while isinstance(node, ast.Attribute) and node.attr == "data":
        node = node.value
    return node


def _walks_all(site: Site, node: ast.expr | None) -> bool:
    """Whether `node` is the variable of a loop over all `parameters()`, with no call in between that could filter."""
    match _goes_through(site, node):
        case ast.Call(func=ast.Attribute(attr=("parameters" | "named_parameters"))):
            return True
    return False


def _goes_through(site: Site, node: ast.expr | None) -> ast.expr | None:
    """What the loop or comprehension goes through whose variable `node` is."""
    node = _without_data(node)
    above: ast.AST | None = site.node if isinstance(node, ast.Name) else None
    while above is not None and not isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        above = site.source.parents.get(above)
        for loop in _loops(above):
            names = {inner.id for inner in syntax.walk(loop.target) if isinstance(inner, ast.Name)}
            if isinstance(node, ast.Name) and node.id in names:
                return loop.iter
    return None


def _loops(node: ast.AST | None) -> list[ast.For | ast.comprehension]:
    match node:
        case ast.For():
            return [node]
        case ast.ListComp(generators=loops) | ast.SetComp(generators=loops) | ast.GeneratorExp(generators=loops):
            return [*reversed(loops)]
    return []


def _wants(allowed: range) -> str:
    if allowed is _MATRIX:
        return "needs two axes or more"
    return "needs two axes" if 2 in allowed else "needs three to five axes"


def _help(node: ast.expr | None, allowed: range) -> str:
    node = _without_data(node)
    if isinstance(node, ast.Attribute) and node.attr == "bias":
        return "a bias starts at zero: nn.init.zeros_"
    return "leave vectors out: `if p.dim() > 1`" if allowed is _MATRIX else "use a scheme for tensors of this shape"


def _fix(call: InitCall, site: Site, node: ast.expr | None, allowed: range) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.calls import replace_call
    from initlint.fixer.conditions import run_only_if

    source, outer = site.source, site.node
    if not isinstance(outer, ast.Call) or node is None or site is not call.site:
        return None
    text, bare = ast.unparse(node), _without_data(node)
    if isinstance(bare, ast.Attribute) and bare.attr == "bias":
        return attempt(Applicability.SAFE, "Set the bias to zero", lambda: replace_call(source, outer, "zeros_", text))
    if isinstance(bare, ast.Attribute) and bare.attr == "weight" and "Norm" in (call.target.layer or ""):
        return attempt(
            Applicability.UNSAFE, "Set the norm's weight to one", lambda: replace_call(source, outer, "ones_", text)
        )
    if _goes_through(call.site, node) is None or allowed is not _MATRIX:
        return None
    return attempt(Applicability.SAFE, "Leave the vectors out", lambda: run_only_if(source, outer, f"{text}.dim() > 1"))
