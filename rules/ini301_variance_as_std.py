"""INI301 variance-as-std."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe import formula
from initlint.describe.nodes import InitCall
from initlint.finding import Applicability, Edit, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
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
            found = formula.spread(call)
            if found is None or call.target.layer in ("Embedding", "EmbeddingBag"):
                continue
            value, node, is_bound = found
            outside = formula.left_outside(call, node)
            what = "bound" if is_bound else "std"
            if _is_variance(call, value, node, is_bound=is_bound, outside=outside):
                told = "has its root in the wrong place" if outside else "is a variance: the root is missing"
                yield self._told(
                    call, f"the {what} {_text(call, node)} {told}", _fix(call, node, rooted=outside is not None)
                )
            elif (slip := formula.misread_sum(call, node)) is not None:
                told = f"the {what} adds a fan to a variance: `{ast.unparse(slip)}` lacks its brackets"
                yield self._told(call, told, _brackets(call, slip))
            elif (lessened := formula.gain_less_rate(call, node)) is not None:
                above, whole = lessened
                told = (
                    f"the {what} takes the dropout rate from the gain (`{ast.unparse(above)}`), which it should scale"
                )
                yield self._told(call, told, _scaled(call, above, whole))

    def _told(self, call: InitCall, message: str, fix: Fix | None) -> Finding:
        return self.finding(
            call.site,
            message,
            help="Var W = 2/fan_in (He) and 2/(fan_in + fan_out) (Glorot) are variances; the std is their root, "
            "and the bound of a uniform distribution sqrt(3) times that. Dropout of rate p leaves 1 - p of it.",
            layer=call.target.slot,
            fix=fix,
        )


def _is_variance(
    call: InitCall, value: object, node: ast.expr | None, *, is_bound: bool, outside: float | None
) -> bool:
    if not formula.is_formula(call, value, node) or formula.is_no_fan(call, node):
        return False
    if outside is None and formula.has_root(call, node):
        return False
    named = formula.names_a_fan(value) if call.target.shape is None else None
    if outside is not None:
        rooted = [one.squared for one in formula.measured(call, value)]
        rooted += [named[0] ** 2] if named is not None and named[1] == -0.5 else []
        fits = any(formula.close(square, outside**2) for square in rooted) or formula.is_made_of_sizes(call, value)
        return outside in _NUMERATORS and fits
    for one in formula.measured(call, value):
        if formula.close(one.once, *_VARIANCES) or (one.fan in ("fan_in", "sum") and _alone(one.once, is_bound)):
            return True
    return named is not None and named[1] == -1 and formula.close(named[0], *_VARIANCES)


def _alone(once: float | None, is_bound: bool) -> bool:
    """1/n: LeCun's variance as a std; as a bound it is a known recipe."""
    return not is_bound and formula.close(once, 1)


def _text(call: InitCall, node: ast.expr | None) -> str:
    node = formula.bare(call, node)
    return f"`{ast.unparse(node)}`" if node is not None else ""


def _fix(call: InitCall, node: ast.expr | None, *, rooted: bool) -> Fix | None:
    from initlint.fixer.fragment import CannotRewrite  # libcst
    from initlint.fixer.rewrite import replace_expression

    low = call.nodes.get("from" if call.is_method else "a") if call.name.startswith("uniform") else None
    places = {id(one): one for one in (formula.bare(call, node), formula.bare(call, low)) if one is not None}
    source = call.site.source
    edits: list[Edit] = []
    try:
        for one in places.values():
            edits += replace_expression(source, one, _with_root(source.segment(source.span(one)), one, rooted=rooted))
    except CannotRewrite:
        return None
    return Fix(Applicability.UNSAFE, "Take the root of the whole formula", tuple(edits))


def _brackets(call: InitCall, slip: ast.BinOp) -> Fix | None:
    match slip:
        case ast.BinOp(left=ast.BinOp(left=above, right=one), right=other):
            text = f"{ast.unparse(above)} / ({ast.unparse(one)} + {ast.unparse(other)})"
            return _replaced(call, slip, text, "Put the fans in brackets")
    return None


def _scaled(call: InitCall, above: ast.BinOp, whole: ast.BinOp) -> Fix | None:
    below = ast.unparse(whole.right)
    below = f"({below})" if isinstance(whole.right, ast.BinOp) else below
    text = f"{ast.unparse(above.left)} * (1 - {ast.unparse(above.right)}) / {below}"
    return _replaced(call, whole, text, "Let the dropout rate scale the variance")


def _replaced(call: InitCall, node: ast.expr, text: str, message: str) -> Fix | None:
    from initlint.fixer.fragment import CannotRewrite  # libcst
    from initlint.fixer.rewrite import replace_expression

    try:
        return Fix(Applicability.UNSAFE, message, tuple(replace_expression(call.site.source, node, text)))
    except CannotRewrite:
        return None


def _with_root(text: str, node: ast.expr, *, rooted: bool) -> str:
    match node:
        case ast.BinOp(left=left, op=ast.Div(), right=ast.Call(func=function, args=[inside])) if rooted:
            divisor = ast.unparse(inside)
            divisor = f"({divisor})" if isinstance(inside, ast.BinOp) else divisor
            return f"{ast.unparse(function)}({ast.unparse(left)} / {divisor})"
        case ast.BinOp(left=left, op=ast.Div(), right=ast.BinOp(left=inside)) if rooted:
            divisor = ast.unparse(inside)
            divisor = f"({divisor})" if isinstance(inside, ast.BinOp) else divisor
            return f"({ast.unparse(left)} / {divisor}) ** 0.5"
        case ast.BinOp(left=left, op=ast.Div(), right=right) if formula.is_root(left):
            return f"({ast.unparse(left)} ** 2 / {ast.unparse(right)}) ** 0.5"
    return f"({text}) ** 0.5"
