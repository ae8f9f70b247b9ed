"""INI303 positive-uniform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.bottleneck import is_first
from initlint.describe.groups import Group, groups
from initlint.describe.owners import is_filled_elsewhere
from initlint.describe.products import is_contracted
from initlint.describe.symbols import constant, number, shown
from initlint.finding import Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, InitEvent, Parameter

LOPSIDED = 0.1  # |mean| in half-widths: beyond it the mean weighs more than the spread from fan_in = 300 on


class PositiveUniform(Rule):
    """A matrix that forward multiplies by is drawn from a uniform distribution whose mean is not zero.

    ## What it does
    Finds weights whose last write is `uniform_(w)`, `.uniform_()`, `torch.rand(a, b)`, `uniform_(w, 0.1)` or has
    bounds of one sign or lopsided ones, and which forward contracts as they are. Gates, tables, phases and weights
    that are scaled in forward are left alone.

    ## Why is this bad?
    All units add up the same mean: their outputs are nearly equal and grow with n, not with sqrt(n). `uniform_(w)`
    draws from U(0, 1), and one positional number is the *lower* bound.

    ## Example
    ```python
    nn.init.uniform_(self.fc.weight)
    ```

    ## Use instead
    ```python
    nn.init.xavier_uniform_(self.fc.weight)
    ```

    ## Fix safety
    Unsafe: other numbers are drawn, so training changes.

    ## References
    - Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks
    - [torch.nn.init.uniform_](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.uniform_)
    """

    code = "INI303"
    name = "positive-uniform"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement that draws such a matrix."""
        for group in groups(file, lambda parameter: _is_lopsided(parameter.effective)):
            wrong = [one for one in group.members if is_contracted(one) and not _is_regression(one.parameter)]
            if wrong and not all(is_filled_elsewhere(file, member.parameter) for member in wrong):
                event = group.event
                yield self.finding(
                    group.site,
                    f"{wrong[0].parameter.name} is drawn from U({_bound(event.low)}, {_bound(event.high)}): its mean "
                    f"is {_bound(event.mean)}, so all units add up the same",
                    help="Draw from bounds that are equal and opposite, or use a scheme that knows them.",
                    layer=wrong[0].name,
                    concerns=(one.name for one in wrong),
                    fix=_fix(file, group) if len(wrong) == len(group.members) else None,
                )


def _is_regression(parameter: Parameter) -> bool:
    """Whether one unit on the input is all there is: it has no twin, and from any start it finds the same weights."""
    return constant(parameter.effective_fan_out) == 1 and is_first(parameter)


def _is_lopsided(event: InitEvent | None) -> bool:
    if event is None or event.scheme != "uniform":
        return False
    low, high = number(event.low), number(event.high)
    if low is None or high is None or high <= low:
        return False
    return abs(high + low) > LOPSIDED * (high - low)


def _bound(value: object) -> str:
    text = shown(value)
    return f"{text:.3g}" if isinstance(text, float) else f"{text}"


def _fix(file: FileModel, group: Group) -> Fix | None:
    from initlint.fixer.redraw import redraw  # libcst

    return redraw(file, group)
