"""INI402 conv-transpose-fan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.groups import Member, groups
from initlint.describe.symbols import told
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.groups import Group
    from initlint.describe.nodes import FileModel, Parameter


class ConvTransposeFan(Rule):
    """Kaiming's scheme on a transposed convolution takes the other fan than it names.

    ## What it does
    Finds `kaiming_*` by fan_in on ConvTranspose1d, 2d and 3d whose numbers of channels differ. They store their weight
    (in, out, kernel), and torch reads fan_in from the second axis: fan_in and fan_out are exchanged.

    ## Why is this bad?
    The std comes out wrong by sqrt(in / out). With as many channels in as out, or a norm behind it, that is harmless.

    ## Example
    ```python
    self.up = nn.ConvTranspose2d(256, 64, 4, stride=2, padding=1)
    nn.init.kaiming_normal_(self.up.weight, mode="fan_in", nonlinearity="relu")  # divides by 64 * 16
    ```

    ## Use instead
    ```python
    nn.init.kaiming_normal_(self.up.weight, mode="fan_out", nonlinearity="relu")
    ```

    ## Fix safety
    Unsafe: other numbers are drawn, so training changes.

    ## References
    - torch/nn/init.py, _calculate_fan_in_and_fan_out
    """

    code = "INI402"
    name = "conv-transpose-fan"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement that serves transposed convolutions."""
        for group in groups(file, _is_by_fan_in):
            wrong = [member for member in group.members if _is_wrong(member)]
            if wrong:
                first = wrong[0].parameter
                yield self.finding(
                    group.site,
                    f"torch reads fan_in {told(first.fan_in)} and fan_out {told(first.fan_out)} off the weight of "
                    "this transposed convolution: they are exchanged",
                    help='Ask for the other one: mode="fan_out" divides by the inputs here.',
                    layer=wrong[0].name,
                    concerns=(one.name for one in wrong),
                    fix=_fix(group) if len(wrong) == len(group.members) else None,
                )


def _is_by_fan_in(parameter: Parameter) -> bool:
    event = parameter.effective
    if event is None or event.call is None or not event.scheme.startswith("kaiming"):
        return False
    return bool(event.call.values.get("mode", "fan_in") == "fan_in")


def _is_wrong(member: Member) -> bool:
    parameter = member.parameter
    if member.role != "conv_transpose" or parameter.fan_in is None or parameter.fan_out is None:
        return False
    return parameter.fan_in != parameter.fan_out and not parameter.normalised


def _fix(group: Group) -> Fix | None:
    from initlint.fixer.modes import other_mode  # libcst

    edits = other_mode(group.call)
    return Fix(Applicability.UNSAFE, "Ask for the other fan", edits) if edits else None
