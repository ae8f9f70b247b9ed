"""INI610 init-on-module: an init function is given a layer, not its weight."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.handing import handed_over
from initlint.describe.nodes import InitCall, Site
from initlint.describe.values import Tensor
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel
    from initlint.describe.values import ModuleObject

_CONSTANTS = ("zeros_", "constant_")


class InitOnModule(Rule):
    """A function of `torch.nn.init` is called with a module.

    ## What it does
    Reports `nn.init.*_(layer)` where the argument is surely an `nn.Module`.

    ## Why is this bad?
    The functions of torch.nn.init fill a tensor. A module has neither sizes nor `normal_`: AttributeError.

    ## Example
    ```python
    nn.init.xavier_uniform_(self.fc)
    ```

    ## Use instead
    ```python
    nn.init.xavier_uniform_(self.fc.weight)
    ```

    ## Fix safety
    Unsafe: the weight is what was most likely meant, or the bias for zeros behind the weight's own init, but the layer
    may have others.

    ## References
    - [torch.nn.init](https://docs.pytorch.org/docs/stable/nn.init.html)
    """

    code = "INI610"
    name = "init-on-module"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every call whose tensor is a module."""
        for call in file.facts(InitCall):
            module = call.target.module if call.target.kind == "module" else None
            if module is None or call.in_try or not call.function.startswith("torch.nn.init.") or not _known(module):
                continue
            if call.weighed(call.nodes.get("tensor")):
                continue
            site, node = handed_over(call.site, call.nodes.get("tensor"), call.via)
            text = ast.unparse(node) if node is not None else "the argument"
            yield self.finding(
                site,
                f"`{text}` is a {module.kind}, not a tensor: `{call.name}` raises AttributeError",
                help=f"give it `{text}.weight`",
                fix=_fix(site, call, node) if isinstance(module.slots.get("weight"), Tensor) else None,
            )


def _known(module: ModuleObject) -> bool:
    """Whether it surely is a module: a class of the project or a layer of torch, not any name with a capital."""
    if module.kind.endswith("Parameter"):  # torch.nn.UninitializedParameter
        return False
    return module.cls is not None or bool(module.bases) or (module.dotted or "").startswith("torch.nn.")


def _fix(site: Site, call: InitCall, node: ast.expr | None) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.rewrite import replace_expression

    if not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        return None
    slot = "bias" if _means_bias(site, call, node) else "weight"
    return attempt(
        Applicability.UNSAFE,
        f"Give it the {slot}",
        lambda: replace_expression(site.source, node, f"{ast.unparse(node)}.{slot}"),
    )


def _means_bias(site: Site, call: InitCall, node: ast.expr) -> bool:
    """Whether it writes a constant where the weight of the same layer has its value, and nothing writes its bias."""
    module, statement = call.target.module, site.statement.node
    named = not isinstance(node, ast.Name)  # else one of many layers, of which another may have a bias
    if call.name not in _CONSTANTS or module is None or (named and module.slots.get("bias") is None):
        return False
    text, written = ast.unparse(node), list[str]()
    while isinstance(above := site.source.parents[statement], ast.If) or not written:
        block = next((body for _, body in ast.iter_fields(above) if isinstance(body, list) and statement in body), [])
        written += [_given(one) for one in block if one is not statement]
        if isinstance(above, ast.If) and statement in above.body and f"{text}.bias" in ast.unparse(above.test):
            return True
        if not isinstance(above, ast.If):
            break
        statement = above
    return bool({text, f"{text}.weight"} & set(written)) and f"{text}.bias" not in written


def _given(statement: ast.AST) -> str:
    """The first argument of a statement that is a call."""
    match statement:
        case ast.Expr(value=ast.Call(args=[first, *_])):
            return ast.unparse(first)
    return ""
