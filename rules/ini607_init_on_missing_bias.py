"""INI607 init-on-missing-bias: an init of a parameter that is None."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.handing import handed_over
from initlint.describe.nodes import InitCall, Site
from initlint.describe.symbols import Sym
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, Guard


class InitOnMissingBias(Rule):
    """The bias of a layer made with `bias=False`, or the weight of a norm without affine pair, is initialised.

    ## What it does
    Reports init functions and in-place methods on a parameter that is None: always, or under the configuration that
    turns it off. `hasattr(m, "bias")` does not keep it away, for the attribute is there.

    ## Why is this bad?
    `AttributeError: 'NoneType' object has no attribute ...`, as soon as somebody turns the bias off.

    ## Example
    ```python
    self.conv = nn.Conv2d(3, 64, 3, bias=False)
    nn.init.zeros_(self.conv.bias)
    ```

    ## Use instead
    ```python
    if self.conv.bias is not None:
        nn.init.zeros_(self.conv.bias)
    ```

    ## Fix safety
    Safe: the guard lets everything else through, and the code raised before.

    ## References
    - [torch.nn.Module.register_parameter](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html): None is
      kept as an attribute
    """

    code = "INI607"
    name = "init-on-missing-bias"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every write that reaches None."""
        for call in file.facts(InitCall):
            if (
                call.target.kind != "none"
                or call.in_try
                or _is_restored(call)
                or any(_unknown_switch(guard) or _chosen(guard, call) for guard in call.guards)
            ):
                continue
            site, node = handed_over(call.site, _tensor(call), call.via)
            if node is None or not _is_slot(node):
                continue
            text = ast.unparse(node)
            when = _when(call)
            yield self.finding(
                site,
                f"`{text}` is None{when}: `{call.name}` raises AttributeError",
                help=f"ask first: `if {text} is not None`",
                fix=_fix(site, text),
            )


def _is_restored(call: InitCall) -> bool:
    """Whether a given value is put back: who hands over a bias for a layer without one is the one to be told."""
    return call.name == "copy_" and isinstance(call.values.get("src", call.values.get("other")), Sym)


def _tensor(call: InitCall) -> ast.expr | None:
    """The expression that is None."""
    if not call.is_method:
        return call.nodes.get("tensor")
    node = call.site.node
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    base = node.func.value
    return base.value if isinstance(base, ast.Attribute) and base.attr == "data" else base


def _is_slot(node: ast.expr) -> bool:
    """Whether it names a parameter of a layer."""
    match node:
        case (
            ast.Attribute(attr=name)
            | ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str() as name)])
        ):
            return "bias" in name or "weight" in name
    return False


def _unknown_switch(guard: Guard) -> bool:
    """Whether it speaks of a layer of which only the kind is known, or for conditions not told apart."""
    return not isinstance(guard.key, str) or guard.key.startswith("flag#")


def _chosen(guard: Guard, call: InitCall) -> bool:
    """Whether an `if` of the same function that could not be decided leads here: it may well keep None away."""
    site = guard.site
    if guard.default is not None or site is None or site.function is not call.site.function:
        return False
    above = site.source.parents.get(site.node)
    while isinstance(above, (ast.BoolOp, ast.UnaryOp)):
        above = site.source.parents.get(above)
    return isinstance(above, (ast.If, ast.IfExp, ast.While))


def _when(call: InitCall) -> str:
    """Under which condition, where there is one."""
    if all(guard.default for guard in call.guards):
        return ""
    off = [guard for guard in call.guards if not guard.taken and isinstance(guard.key, str) and len(guard.key) < 40]
    return f" when `{off[-1].key}` is off" if off else " in some configurations"


def _fix(site: Site, text: str) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.conditions import run_only_if

    return attempt(
        Applicability.SAFE,
        "Ask whether it is there",
        lambda: run_only_if(site.source, site.node, f"{text} is not None"),
    )
