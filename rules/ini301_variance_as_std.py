"""INI301 variance-as-std."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe import formula
from initlint.describe.nodes import InitCall
from initlint.finding import Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.formula import Spread
    from initlint.describe.nodes import FileModel

_VARIANCES = (2, 3, 4, 6, math.sqrt(2), math.sqrt(3), math.sqrt(6))  # the numerators of He's and Glorot's formulas
_NUMERATORS = (2, 3, 6)  # left outside the root: 2 / sqrt(n), 3 / sqrt(n), 6 / sqrt(n)


class VarianceAsStd(Rule):
    """A variance is given where a standard deviation is asked for: the root is missing, or misplaced.

    ## What it does
    Compares the std of a normal distribution, or the bound of a symmetric uniform one, with the fans of the tensor:
    `2 / fan_in`, `2 / (fan_in + fan_out)`, `2 / math.sqrt(n)` where `math.sqrt(2 / n)` is the formula. Only where
    the denominator is a fan of the tensor, or is called like one. `1 / n` as a bound is SIREN's; `1 / rank`,
    learning rates and layer counts are no fans. Two more slips of the same kind are told: `2 / fan_in + fan_out`
    without its brackets, and `(4 - dropout) / n` for `4 * (1 - dropout) / n`.

    ## Why is this bad?
    He's and Glorot's 2/n are variances. As a std they are too small by sqrt(n/2): for n = 512 sixteen times in each
    layer, 8e-25 of the signal after 20.

    ## Example
    ```python
    fan_in = self.fc.in_features
    nn.init.normal_(self.fc.weight, 0, 2 / fan_in)
    ```

    ## Use instead
    ```python
    nn.init.normal_(self.fc.weight, 0, (2 / fan_in) ** 0.5)
    ```

    ## Fix safety
    Unsafe: other numbers are drawn, so training changes.

    ## References
    - He et al. 2015, Delving Deep into Rectifiers, eq. 10, https://arxiv.org/abs/1502.01852
    - Gehring et al. 2017, Convolutional Sequence to Sequence Learning, appendix A: 4p/n where p is what dropout keeps,
      https://arxiv.org/abs/1705.03122
    - [wide-residual-networks, pull request 41](https://github.com/szagoruyko/wide-residual-networks/pull/41)
    """

    code = "INI301"
    name = "variance-as-std"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each call that is given a variance."""
        for call in file.facts(InitCall):
            spread = formula.spread(call)
            if spread is None or _is_table(call):
                continue
            what = "bound" if spread.is_bound else "std"
            if _is_variance(spread):
                outside = formula.left_outside(spread) is not None
                told = "has its root in the wrong place" if outside else "is a variance: the root is missing"
                yield self._told(
                    spread, f"the {what} {_text(spread)} {told}", _fix("take_root", spread, outside=outside)
                )
            elif (slip := formula.misread_sum(spread)) is not None:
                told = f"the {what} adds a fan to a variance: `{ast.unparse(slip)}` lacks its brackets"
                yield self._told(spread, told, _fix("put_brackets", spread, slip))
            elif (lessened := formula.gain_less_rate(spread)) is not None:
                above = ast.unparse(lessened[0])
                told = f"the {what} takes the dropout rate from the gain (`{above}`), which it should scale"
                yield self._told(spread, told, _fix("scale_by_rate", spread, *lessened))

    def _told(self, spread: Spread, message: str, fix: Fix | None) -> Finding:
        return self.finding(
            spread.site,
            message,
            help="Var W = 2/fan_in (He) and 2/(fan_in + fan_out) (Glorot) are variances; the std is their root, "
            "and the bound of a uniform distribution sqrt(3) times that. Dropout of rate p leaves 1 - p of it.",
            layer=spread.call.target.slot,
            fix=fix,
        )


def _is_table(call: InitCall) -> bool:
    """Whether the tensor is looked up in, not summed over: its width is no fan. No layer learns a buffer."""
    layer, storage = call.target.module, call.target.storage
    if storage is not None and storage.is_buffer:
        return True
    return layer is not None and any(one in ("Embedding", "EmbeddingBag") for one in (layer.kind, *layer.bases))


def _is_variance(spread: Spread) -> bool:
    outside, value = formula.left_outside(spread), spread.value
    if not formula.is_formula(spread) or formula.is_no_fan(spread):
        return False
    if outside is None and formula.has_root(spread):
        return False
    measured = list(formula.measured(spread.call, value))
    named = formula.names_a_fan(value) if spread.call.target.shape is None else None
    if outside is not None:
        rooted = [one.squared for one in measured] + ([named[0] ** 2] if named and named[1] == -0.5 else [])
        fits = any(formula.close(square, outside**2) for square in rooted)
        return outside in _NUMERATORS and (fits or formula.is_made_of_sizes(spread.call, value))
    if any(formula.close(one.once, *_VARIANCES) for one in measured):
        return True
    if any(one.fan in ("fan_in", "sum") and _alone(one.once, spread.is_bound) for one in measured):
        return True
    return named is not None and named[1] == -1 and formula.close(named[0], *_VARIANCES)


def _alone(once: float | None, is_bound: bool) -> bool:
    """1/n: LeCun's variance as a std; as a bound it is a known recipe."""
    return not is_bound and formula.close(once, 1)


def _text(spread: Spread) -> str:
    node = formula.bare(spread.site, spread.node)
    return f"`{ast.unparse(node)}`" if node is not None else ""


def _fix(repair: str, spread: Spread, *nodes: ast.BinOp, **options: bool) -> Fix | None:
    from initlint.fixer import roots  # libcst

    fix: Fix | None = getattr(roots, repair)(spread, *nodes, **options)
    return fix
