"""INI403 grouped-conv-fan-out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.asked import asked
from initlint.describe.groups import Member, groups
from initlint.describe.symbols import number, told
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.groups import Group
    from initlint.describe.nodes import FileModel, Parameter


class GroupedConvFanOut(Rule):
    """A grouped convolution is drawn by fan_out, from which torch does not divide the groups out.

    ## What it does
    Finds `mode="fan_out"`, or `kernel * kernel * out_channels` by hand, on convolutions with more than one group.
    A warning where an activation follows directly; with a norm or another
    convolution behind the layer it is advice.

    ## Why is this bad?
    Each input of a depthwise 3x3 convolution of 64 channels feeds 9 outputs; torch counts 576, and draws a std 8 times
    too small.

    ## Example
    ```python
    self.depthwise = nn.Conv2d(64, 64, 3, groups=64)
    nn.init.kaiming_normal_(self.depthwise.weight, mode="fan_out", nonlinearity="relu")
    ```

    ## Use instead
    ```python
    nn.init.kaiming_normal_(self.depthwise.weight, mode="fan_in", nonlinearity="relu")
    ```

    ## Fix safety
    Unsafe: other numbers are drawn, so training changes.

    ## References
    - torch/nn/init.py, _calculate_fan_in_and_fan_out; https://github.com/pytorch/pytorch/issues/23854
    """

    code = "INI403"
    name = "grouped-conv-fan-out"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement that serves grouped convolutions by their fan_out."""
        for group in groups(file, _is_by_fan_out):
            wrong = [member for member in group.members if _is_wrong(member)]
            if wrong:
                first = next((member for member in wrong if member.plain), wrong[0])
                parameter = first.parameter
                yield self.finding(
                    group.site,
                    f"fan_out {told(parameter.fan_out)} where each input feeds {told(parameter.effective_fan_out)} "
                    "outputs: the groups are not divided out",
                    help='Draw grouped convolutions by mode="fan_in", which torch counts rightly.',
                    layer=first.name,
                    concerns=(one.name for one in wrong),
                    severity=Severity.WARNING if any(member.plain and member.activation for member in wrong) else None,
                    fix=_fix(group) if len(wrong) == len(group.members) else None,
                )


def _is_wrong(member: Member) -> bool:
    if member.role != "conv" or not _is_by_fan_out(member.parameter):
        return False
    groups_ = number(member.parameter.module.arguments.get("groups"))
    return groups_ is not None and groups_ > 1


def _is_by_fan_out(parameter: Parameter) -> bool:
    scheme = asked(parameter)
    return scheme is not None and scheme.family == "fan_out"


def _fix(group: Group) -> Fix | None:
    from initlint.fixer.modes import other_mode  # libcst

    edits = other_mode(group.call)
    return Fix(Applicability.UNSAFE, 'Draw by mode="fan_in"', edits) if edits else None
