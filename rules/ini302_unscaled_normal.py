"""INI302 unscaled-normal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.groups import Group, Member, groups
from initlint.describe.owners import is_filled_elsewhere
from initlint.describe.products import is_contracted
from initlint.describe.symbols import constant, number
from initlint.finding import Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, Parameter


class UnscaledNormal(Rule):
    """A matrix that forward multiplies by is drawn from N(0, 1), whatever its size.

    ## What it does
    Finds weights whose last write is `normal_(w)`, `.normal_()` or `torch.randn(a, b)` and which forward contracts
    (`@`, matmul, einsum, F.linear, a layer's own product) as they are. Tokens, positions, codebooks, embeddings and
    weights that are scaled in forward or afterwards are left alone, products of parameters among themselves
    too. Behind a norm it is advice.

    ## Why is this bad?
    A sum of n products with weights of variance 1 has variance n: each layer multiplies the std by sqrt(n), 23 for
    n = 512. Tanh and sigmoid sit at their flat ends, softmax picks one class, ReLU networks overflow.

    ## Example
    ```python
    self.weight = nn.Parameter(torch.randn(n_in, n_out))
    ...
    return x @ self.weight
    ```

    ## Use instead
    ```python
    self.weight = nn.Parameter(torch.empty(n_in, n_out))
    nn.init.xavier_normal_(self.weight)
    ```

    ## Fix safety
    Unsafe: other numbers are drawn, so training changes.

    ## References
    - He et al. 2015, eq. 7: Var y = n Var w E x^2, https://arxiv.org/abs/1502.01852
    """

    code = "INI302"
    name = "unscaled-normal"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement that draws such a matrix."""
        for group in groups(file, _is_standard):
            wrong = [member for member in group.members if is_contracted(member)]
            if wrong and not all(is_filled_elsewhere(file, member.parameter) for member in wrong):
                harmless = all(member.parameter.normalised for member in wrong)
                yield self.finding(
                    group.site,
                    f"{wrong[0].parameter.name} is drawn from N(0, 1) and contracted: {_growth(wrong[0])}",
                    help="Divide by sqrt(fan_in), or use a scheme that does.",
                    layer=wrong[0].name,
                    concerns=(one.name for one in wrong),
                    severity=Severity.INFO if harmless else Severity.ERROR,
                    fix=_fix(file, group) if len(wrong) == len(group.members) else None,
                )


def _is_standard(parameter: Parameter) -> bool:
    event = parameter.effective
    if event is None or event.scheme != "normal":
        return False
    return constant(event.std) == 1 and constant(event.mean) == 0


def _growth(member: Member) -> str:
    fan = number(member.parameter.effective_fan_in)
    if fan is None:
        return "it multiplies the std of the signal by sqrt(fan_in)"
    return f"it multiplies the std of the signal by sqrt({fan:g}) = {math.sqrt(fan):.3g}"


def _fix(file: FileModel, group: Group) -> Fix | None:
    from initlint.fixer.redraw import redraw  # libcst

    return redraw(file, group)
