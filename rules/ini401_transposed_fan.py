"""INI401 transposed-fan."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.asked import by_formula
from initlint.describe.groups import groups
from initlint.describe.origin import parts
from initlint.describe.products import is_codebook
from initlint.describe.symbols import number, told
from initlint.describe.wrong_axis import size_taken, takes_other_axis
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.groups import Group
    from initlint.describe.nodes import FileModel, InitCall, Parameter


class TransposedFan(Rule):
    """A matrix that is stored (in, out) takes its fan from the wrong axis.

    ## What it does
    Finds parameters used as `x @ W` (or contracted over another axis than the last, in bmm, einsum, conv_tbc) whose
    init reads the fan as if they were stored (out, in), as `nn.Linear` stores them: `kaiming_*`, and bounds made from
    `W.size(1)`. Xavier takes both axes alike and is silent in two dimensions. Dimensions behind the second are taken
    for a kernel, so a stack of matrices is told too; in a loop over all parameters that is advice,
    and so is a matrix with a norm behind it.

    ## Why is this bad?
    The std comes out wrong by sqrt(out / in), and the error multiplies with depth.

    ## Example
    ```python
    self.weight = nn.Parameter(torch.empty(in_features, out_features))
    nn.init.kaiming_uniform_(self.weight)  # reads fan_in = out_features
    ...
    return x @ self.weight
    ```

    ## Use instead
    ```python
    nn.init.kaiming_uniform_(self.weight.t())
    ```

    ## Fix safety
    Safe for `kaiming_*` in two dimensions: the transpose is a view of the same memory. Unsafe where the formula reads
    `w.size(1)`, which becomes `w.size(0)`: what else is computed from it changes too. Other spellings have no fix.

    ## References
    - torch/nn/init.py, _calculate_fan_in_and_fan_out: fan_in is size(1) times the kernel
    - He et al. 2015, Delving Deep into Rectifiers, eq. 10, https://arxiv.org/abs/1502.01852
    """

    code = "INI401"
    name = "transposed-fan"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement that reads the wrong axis."""
        for group in groups(file, _is_raw_and_scaled):
            wrong = [member for member in group.members if takes_other_axis(member.parameter)]
            if not wrong or number(size_taken(wrong[0].parameter)) == 0:  # a shard that is elsewhere
                continue
            first = wrong[0].parameter
            harmless = all(member.parameter.normalised for member in wrong)
            yield self.finding(
                group.site,
                f"{first.name} is summed over {told(first.effective_fan_in)} inputs, "
                f"but its init divides by {told(size_taken(first))}",
                help="Give the init the matrix as torch stores it, (out, in): `w.t()`; or divide by the right size.",
                layer=wrong[0].name,
                concerns=(one.name for one in wrong),
                severity=Severity.INFO if harmless or _is_stack_in_loop(group, first) else None,
                fix=_fix(group) if len(wrong) == len(group.members) else None,
            )


def _is_raw_and_scaled(parameter: Parameter) -> bool:
    event = parameter.effective
    if parameter.spec is not None or event is None or event.call is None or is_codebook(parameter):
        return False
    return event.scheme.startswith(("kaiming", "xavier")) or by_formula(event)


def _is_stack_in_loop(group: Group, parameter: Parameter) -> bool:
    return group.event.broad and len(parameter.shape or ()) > 2


def _fix(group: Group) -> Fix | None:
    call = group.call
    shape = group.members[0].parameter.shape
    if call is None or shape is None or len(shape) != 2:
        return None
    return _transposed(call) if group.event.scheme.startswith("kaiming") else _other_size(call)


def _other_size(call: InitCall) -> Fix | None:
    """`size(0)` for `size(1)` in the formula of the std or the bounds; none where the size is told by its name."""
    from initlint.fixer.attempt import attempt  # libcst
    from initlint.fixer.rewrite import replace_expression

    written = [part for name in ("std", "a", "b", "from", "to") for part in parts(call.site, call.nodes.get(name))]
    found = {id(index): index for one in written if (index := _second_axis(one)) is not None}
    source = call.site.source
    if len(found) != 1:
        return None
    index = next(iter(found.values()))
    return attempt(Applicability.UNSAFE, "Divide by the other size", lambda: replace_expression(source, index, "0"))


def _second_axis(node: ast.expr) -> ast.expr | None:
    """The 1 of `w.size(1)` or `w.shape[1]`."""
    match node:
        case ast.Call(func=ast.Attribute(attr="size"), args=[index], keywords=[]):
            pass
        case ast.Subscript(value=ast.Attribute(attr="shape"), slice=index):
            pass
        case _:
            return None
    return index if ast.unparse(index) in ("1", "-1") else None


def _transposed(call: InitCall) -> Fix | None:
    from initlint.fixer.fragment import CannotRewrite  # libcst
    from initlint.fixer.rewrite import replace_expression

    node = call.nodes.get("tensor")
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return None
    source = call.site.source
    try:
        edits = replace_expression(source, node, f"{source.segment(source.span(node))}.t()")
    except CannotRewrite:
        return None
    return Fix(Applicability.SAFE, "Hand over the transpose", edits)
