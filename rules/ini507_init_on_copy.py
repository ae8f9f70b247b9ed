"""INI507 init-on-copy."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import InitCall, Site
from initlint.finding import Finding, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel
    from initlint.source.text import SourceText

# `.float()` and `.cpu()` give the tensor itself where it is float32 on the CPU, as it is when a model is built.
_COPIES = (".clone", ".double", ".half", ".bfloat16", ".to(", ".cuda", ".repeat", ".index_select", ".masked_select")
_LOOP = re.compile(r"parameters\s*\(")
_DRAWS = frozenset({"zero_", "fill_", "normal_", "uniform_", "copy_", "bernoulli_", "exponential_", "log_normal_"})
_FACTORIES = frozenset({
    "zeros_like", "ones_like", "full_like", "rand_like", "randn_like", "empty_like", "zeros", "ones", "full", "rand",
    "randn", "normal", "Parameter",
})  # fmt: skip


class InitOnCopy(Rule):
    """A copy of a parameter is initialised and thrown away; the parameter stays as it was.

    ## What it does
    Reports an in-place init whose target is new memory that nothing uses afterwards: the result of `.clone()`, of
    `.double()`, `.half()`, `.cuda()`, `.to(...)`, of indexing with a list, a mask or a tensor; and
    `p = torch.zeros_like(p)` in a loop over `parameters()`, which binds a name and writes to nothing.
    Views share memory and are fine: `w[0]`, slices, `.t()`, `.view`, `.chunk`, `.detach()`, `.data`. So is a copy
    whose result is assigned back.

    ## Why is this bad?
    The line runs and does nothing. The parameter keeps torch's default, or whatever was there.

    ## Example
    ```python
    nn.init.orthogonal_(self.fc.weight.clone())
    self.emb.weight[[0, 1]].data.zero_()
    ```

    ## Use instead
    ```python
    nn.init.orthogonal_(self.fc.weight)
    self.emb.weight.data[[0, 1]] = 0
    ```

    ## References
    - [Tensor views](https://docs.pytorch.org/docs/stable/tensor_view.html): what shares memory and what does not
    """

    code = "INI507"
    name = "init-on-copy"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Writes to copies that nothing uses, and loop variables bound anew."""
        told: set[ast.stmt] = set()  # `w.clone().normal_().clamp_()` is one mistake
        for call in file.facts(InitCall):
            how = _copied(call)
            statement = call.site.source.statement(call.site.node)
            if how is not None and statement not in told and _thrown_away(call, how):
                told.add(statement)
                name = file.name_of(call.target.storage and (call.target.storage.source or call.target.storage))
                yield self.finding(
                    call.site,
                    f"{how} makes a copy: this writes to the copy, the parameter stays as it was",
                    help="Write to the parameter itself, or assign the result back to it.",
                    layer=name,
                )
        yield from self._rebound(file)

    def _rebound(self, file: FileModel) -> Iterator[Finding]:
        lines = file.source.lines_with(_LOOP)
        for loop in syntax.walk_lines([file.source.tree] if lines else [], lines):
            for statement, name in _bindings(loop):
                if not _used_after(file.source, statement, name):
                    yield self.finding(
                        Site(file.source, statement),
                        f"this binds the name {name} to a new tensor: the parameter of the model stays as it was",
                        help=f"Write in place, under torch.no_grad(): {name}.copy_(...), {name}.zero_().",
                    )


def _copied(call: InitCall) -> str | None:
    """How the target stopped being the parameter, where it surely did."""
    copied, storage = call.target.copied, call.target.storage
    if copied is None or storage is None or not (call.name in _DRAWS or call.function.startswith("torch.nn.init.")):
        return None
    if not (storage.source or storage).is_parameter or any(guard.default is False for guard in call.guards):
        return None
    return copied if copied == "advanced indexing" or copied.startswith(_COPIES) else None


def _thrown_away(call: InitCall, how: str) -> bool:
    """Whether nothing can see the copy after the call."""
    source, node = call.site.source, call.site.node
    statement = source.statement(node)
    if not isinstance(statement, ast.Expr) or not isinstance(node, ast.Call) or not _outermost(statement.value, node):
        return False
    tensor = call.nodes.get("tensor") or (node.func.value if isinstance(node.func, ast.Attribute) else None)
    if tensor is None:
        return False
    text = source.segment(source.span(tensor))
    if how.split("(")[0] in text or (how == "advanced indexing" and "[" in text):
        return True  # the copy has no name
    while isinstance(tensor, (ast.Attribute, ast.Subscript, ast.Call)):
        tensor = tensor.func if isinstance(tensor, ast.Call) else tensor.value
    own = isinstance(tensor, ast.Name) and _assigned(source, statement, tensor.id)
    return isinstance(tensor, ast.Name) and own and not _used_after(source, statement, tensor.id)


def _outermost(expression: ast.expr, node: ast.expr) -> bool:
    """Whether `node` is the expression, or what its last methods are called on."""
    while expression is not node:
        match expression:
            case ast.Call(func=ast.Attribute(value=inner)):
                expression = inner
            case _:
                return False
    return True


def _bindings(loop: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """`p = torch.zeros_like(p)` in a loop over parameters."""
    match loop:
        case ast.For(
            target=ast.Name() | ast.Tuple() as target,
            iter=ast.Call(func=ast.Attribute(attr="parameters" | "named_parameters")),
        ):
            last = target.elts[-1] if isinstance(target, ast.Tuple) else target
        case _:
            return
    for statement in (inner for part in loop.body for inner in syntax.walk(part)):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Attribute(attr=made))) if (
                isinstance(last, ast.Name) and name == last.id and made in _FACTORIES
            ):
                yield statement, name


def _scope(source: SourceText, statement: ast.stmt) -> ast.AST:
    return source.function(statement) or source.tree


def _assigned(source: SourceText, statement: ast.stmt, name: str) -> bool:
    """Whether the function around it makes the name itself, so that no caller holds the copy."""
    stored = (node for node in syntax.walk(_scope(source, statement)) if isinstance(node, ast.Name) and node.id == name)
    return any(isinstance(node.ctx, ast.Store) for node in stored)


def _used_after(source: SourceText, statement: ast.stmt, name: str) -> bool:
    """Whether the name is read after the statement, in the function around it."""
    scope = _scope(source, statement)
    end = (statement.end_lineno or 0, statement.end_col_offset or 0)
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        and (node.lineno, node.col_offset) > end
        for node in syntax.walk(scope)
    )  # fmt: skip
