"""INI512 parameter-moved-after-wrap: `nn.Parameter(t).to(device)` is no parameter on that device."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import Moved, Site
from initlint.describe.tensors import MOVES
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel

# What a fresh parameter is already: these calls return it itself.
_NOTHING = re.compile(r"\.(cpu|float)\(\)$|\.to\((dtype=)?torch\.float(32)?\)$|\.to\((device=)?[\"']cpu[\"']\)$")
_PLACED = re.compile(r"\bdevice\b|\.cuda\(|\.to\(|\.half\(|\.double\(|_like\(|\bnew_|dtype|\.type|\.bfloat16\(")


class ParameterMovedAfterWrap(Rule):
    """A parameter is moved to a device or dtype after it was made, and the result is assigned.

    ## What it does
    Reports `self.w = nn.Parameter(t).to(device)`, and the same with `.cuda()`, `.half()`, `.double()`. Silent where the
    tensor inside was already moved, and for moves that change nothing.

    ## Why is this bad?
    Where the move copies, its result is a plain tensor: `self.w` is not registered, the optimizer never sees it, it is
    not saved. On the CPU the move returns the parameter itself, so that nothing shows there.

    ## Example
    ```python
    self.scale = nn.Parameter(torch.ones(64)).to(device)
    ```

    ## Use instead
    ```python
    self.scale = nn.Parameter(torch.ones(64).to(device))
    ```

    ## Fix safety
    Safe: the values are the same, and the parameter is one wherever it lives.

    ## References
    - [torch.Tensor.to](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html): a copy, or itself
    """

    code = "INI512"
    name = "parameter-moved-after-wrap"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every assigned move of a parameter made on the spot."""
        for moved in file.facts(Moved):
            inner = _made(moved)
            if inner is None or not _assigned(moved.site) or _changes_nothing(moved, inner):
                continue
            yield self.finding(
                moved.site,
                f"`.{moved.method}()` of a parameter gives a plain tensor: it is not registered and never trained",
                help="move the tensor first, then wrap it in nn.Parameter",
                layer=file.name_of(moved.storage),
                fix=_fix(moved, inner),
            )


def _made(moved: Moved) -> ast.Call | None:
    """The call that makes the parameter; None where something else stands before the move."""
    node: ast.expr = moved.inner
    while True:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Call() as below, attr=name)) if name in MOVES:
                node = below
            case ast.Call(func=ast.Attribute(attr="Parameter") | ast.Name(id="Parameter")):
                return node
            case _:
                return None


def _assigned(site: Site) -> bool:
    """Whether the result, with no further move, becomes an attribute."""
    node, above = site.node, site.source.parents.get(site.node)
    while isinstance(above, ast.IfExp) and above.test is not node:
        node, above = above, site.source.parents.get(above)
    match above:
        case ast.Assign(targets=targets):
            return any(isinstance(target, ast.Attribute) for target in targets)
        case ast.AnnAssign(target=ast.Attribute()):
            return True
    return False


def _changes_nothing(moved: Moved, inner: ast.Call) -> bool:
    """Whether the tensor may be there already, or the move leads to where a fresh tensor is."""
    text = moved.site.text
    if _NOTHING.search(text):
        return True
    given = inner.args[0] if inner.args else None
    before = moved.site.source.segment(moved.site.source.span(given)) if given is not None else ""
    if _PLACED.search(before):
        return True
    first = moved.storage.events[0].site if moved.storage.events else None
    made_elsewhere = isinstance(given, (ast.Name, ast.Attribute))
    return made_elsewhere and (
        moved.storage.source is not None
        or first is None
        or moved.storage.events[0].scheme in ("unknown", "copy")
        or bool(_PLACED.search(first.statement.text))
    )


def _fix(moved: Moved, inner: ast.Call) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.rewrite import move_calls_inside

    node = moved.site.node
    if not isinstance(node, ast.Call):
        return None
    return attempt(
        Applicability.SAFE, "Move the tensor first", lambda: move_calls_inside(moved.site.source, node, inner)
    )
