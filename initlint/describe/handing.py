"""The calls of the project's own helpers on the way to a record: who handed a value over."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import Site

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Handing:
    """One call of a helper. `bound` says that the first argument is no part of the call's text: it is `self`."""

    site: Site
    function: Definition
    bound: bool

    def given(self, name: str) -> ast.expr | None:
        """What the call gives to the helper's argument `name`; None for a default, or where the text does not say."""
        call = self.site.node
        if not isinstance(call, ast.Call) or any(isinstance(argument, ast.Starred) for argument in call.args):
            return None
        for keyword in call.keywords:
            if keyword.arg == name:
                return keyword.value
        names = [argument.arg for argument in (*self.function.args.posonlyargs, *self.function.args.args)]
        place = names.index(name) - self.bound if name in names else -1
        return call.args[place] if 0 <= place < len(call.args) else None


def calls_directly(call: ast.AST, function: Definition) -> bool:
    """Whether the call names the function it runs: `init(m)`, not `self.apply(init)`."""
    if not isinstance(call, ast.Call) or isinstance(function, ast.Lambda):
        return False
    return syntax.last_name(call.func) == function.name


def handed_over(site: Site, node: ast.expr | None, via: Sequence[Handing]) -> tuple[Site, ast.expr | None]:
    """Where the value of `node` was written, and as what: here, or in the call of a helper that hands it on."""
    for handing in reversed(via):
        given = handing.given(node.id) if isinstance(node, ast.Name) else None
        if given is None:
            break
        site, node = handing.site, given
    return site, node
