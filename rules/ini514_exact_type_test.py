"""INI514 exact-type-test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import Site, TypeTest
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class ExactTypeTest(Rule):
    """An init picks layers by their exact type, and a layer of a derived type falls through.

    ## What it does
    Reports `type(m) == nn.Linear`, `type(m) is ...`, `type(m) in (...)` and `m.__class__ == ...` where the model that
    the init runs over has a layer for which `isinstance` would hold: a subclass, or a layer with a parametrization,
    whose class torch replaces by `ParametrizedLinear`.

    ## Why is this bad?
    The derived layer keeps torch's default init while the others get the chosen one.

    ## Example
    ```python
    if type(m) == nn.Linear:
        nn.init.xavier_uniform_(m.weight)
    ```

    ## Use instead
    ```python
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)
    ```

    ## Fix safety
    Safe: the test keeps what it accepts, and accepts the derived layers too.

    ## References
    - [torch.nn.utils.parametrize](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.register_parametrization.html)
    """

    code = "INI514"
    name = "exact-type-test"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Tests that missed a layer of the model."""
        for test in file.facts(TypeTest):
            if test.problem == "exact-type":
                yield self.finding(
                    test.site,
                    f"this test misses {test.detail}, which is such a layer too",
                    help="Use isinstance.",
                    fix=_isinstance(test.site),
                )


def _isinstance(site: Site) -> Fix | None:
    from initlint.fixer.fragment import CannotRewrite  # libcst: only where there is something to fix
    from initlint.fixer.rewrite import replace_expression

    match site.node:
        case ast.Compare(
            left=ast.Call(args=[subject]) | ast.Attribute(value=subject), ops=[operator], comparators=[kinds]
        ):
            source = site.source
        case _:
            return None
    types = source.segment(source.span(kinds))
    if isinstance(kinds, (ast.List, ast.Set)):
        types = f"({types[1:-1].strip().rstrip(',')},)" if len(kinds.elts) == 1 else f"({types[1:-1].strip()})"
    negated = isinstance(operator, (ast.NotEq, ast.IsNot, ast.NotIn))
    code = f"{'not ' if negated else ''}isinstance({source.segment(source.span(subject))}, {types})"
    try:
        edits = replace_expression(source, site.node, code)
    except CannotRewrite:
        return None
    return Fix(Applicability.SAFE, "Use isinstance", edits)
