"""INI307 std-as-bound."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe import formula
from initlint.describe.nodes import InitCall
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.reference.recommend import recommend
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.formula import Spread
    from initlint.describe.nodes import FileModel

_SCHEMES = {"fan_in": ("relu", None), "fan_out": ("relu", "fan_out"), "sum": (None, None)}


class StdAsBound(Rule):
    """The bound of a uniform distribution is a formula for the std, so the std comes out sqrt(3) too small.

    ## What it does
    Finds `uniform_(w, -s, s)` where s is `sqrt(2 / fan_in)`, `sqrt(2 / fan_out)` or `sqrt(2 / (fan_in + fan_out))` of
    the tensor. `1 / sqrt(fan_in)` is torch's own default and not reported.

    ## Why is this bad?
    U(-s, s) has std s/sqrt(3). He's bound is sqrt(6/fan_in), Glorot's sqrt(6/(fan_in + fan_out)). With the std
    as the bound each layer keeps 0.58 of the signal.

    ## Example
    ```python
    std = math.sqrt(2 / self.fc.in_features)
    nn.init.uniform_(self.fc.weight, -std, std)
    ```

    ## Use instead
    ```python
    nn.init.kaiming_uniform_(self.fc.weight, nonlinearity="relu")
    ```

    ## Fix safety
    Unsafe: other numbers are drawn, so training changes.

    ## References
    - He et al. 2015, Delving Deep into Rectifiers, https://arxiv.org/abs/1502.01852
    - Glorot and Bengio 2010, eq. 16
    """

    code = "INI307"
    name = "std-as-bound"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each call whose bound is a std."""
        for call in file.facts(InitCall):
            spread = formula.spread(call)
            if spread is None or not spread.is_bound or not formula.is_formula(spread):
                continue
            fan = _fan(spread)
            if fan is not None:
                yield self.finding(
                    spread.site,
                    f"the bound is the std of {'Glorot' if fan == 'sum' else 'He'}'s formula: "
                    f"U(-s, s) has std s/sqrt(3), {1 / math.sqrt(3):.2f} of it",
                    help="The bound that belongs to a std s is sqrt(3) * s.",
                    layer=call.target.slot,
                    fix=_fix(call, fan) if spread.site is call.site else None,
                )


def _fan(spread: Spread) -> str | None:
    measured = {one.fan: one.squared for one in formula.measured(spread.call, spread.value)}
    fan = next((fan for fan in _SCHEMES if formula.close(measured.get(fan), 2)), None)
    # in a square layer sqrt(1/n) is sqrt(2/(n + n)), and sqrt(6/(n + n)) is sqrt(3/n): only the text tells them apart
    if any(formula.close(measured.get(one), 1, 3, 6) for one in ("fan_in", "fan_out")):
        return fan if formula.has_numerator(spread, 2) else None
    return fan


def _fix(call: InitCall, fan: str) -> Fix | None:
    from initlint.fixer.fragment import CannotRewrite  # libcst
    from initlint.fixer.scheme import write_scheme

    activation, mode = _SCHEMES[fan]
    code = recommend(activation, distribution="uniform", mode=mode).code
    try:
        edits = write_scheme(call, code)
    except CannotRewrite:
        return None
    return Fix(Applicability.UNSAFE, f"Use `{code.call('w', '')}`, which knows its bound", edits)
