"""INI206 mismatched-negative-slope."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from initlint.describe.asked import Asked, asked
from initlint.describe.groups import Member, groups, mismatch
from initlint.describe.symbols import number
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.reference.torch_gains import torch_gain
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.groups import Mismatch
    from initlint.describe.nodes import FileModel, InitCall, Parameter

VISIBLE = 1e-3  # below it the two gains are one: a = 0 before LeakyReLU(0.01) is 5e-5 off
GRAVE = 0.05  # a twentieth of the std in each layer


class MismatchedNegativeSlope(Rule):
    """The slope given to Kaiming's initialisation is not the slope of the LeakyReLU that follows.

    ## What it does
    Compares `a` of `kaiming_*_` (0 when it is left out) with the slope of the LeakyReLU that the output meets.
    Advice, and a warning where the gain sqrt(2 / (1 + a^2)) is more than 5 % off in a plain path. torch's own
    `a=math.sqrt(5)` is left alone; caffe2's `a=1` is advice at most.

    ## Why is this bad?
    `a` is not a free constant: it is the slope that the formula makes up for. Before LeakyReLU(0.5) a slope of 0
    draws 12 % too wide, in each layer.

    ## Example
    ```python
    self.fc = nn.Linear(512, 512)
    nn.init.kaiming_normal_(self.fc.weight)
    ...
    x = F.leaky_relu(self.fc(x), 0.2)
    ```

    ## Use instead
    ```python
    nn.init.kaiming_normal_(self.fc.weight, a=0.2)
    ```

    ## Fix safety
    Safe where the std changes by less than 5 %: the slope is what the author evidently wanted to tell.
    Unsafe beyond.

    ## References
    - He et al. 2015, Delving Deep into Rectifiers, eq. 15, https://arxiv.org/abs/1502.01852
    """

    code = "INI206"
    name = "mismatched-negative-slope"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement whose slope is not the one that follows."""
        for group in groups(file, _is_rectifiers):
            bad = mismatch(group, _wrong, lambda member: not _wrong(member))
            scheme = asked(bad.first.parameter) if bad is not None else None
            if bad is None or scheme is None:
                continue
            slope = _slope(bad.first)
            grave = bad.plain and _off(scheme, slope) > GRAVE and not scheme.caffe2
            yield self.finding(
                group.site,
                f"the gain is that of slope {scheme.slope or 0:g}, the LeakyReLU after {bad.first.parameter.name} has "
                f"slope {slope:g}: the std is {_off(scheme, slope):.1%} off",
                help=f"Give the slope that follows, a={slope:g}, for leaky_relu: gain {_gain(slope):.4g}.",
                layer=bad.first.name,
                concerns=(one.name for one in bad.members),
                severity=Severity.WARNING if grave else Severity.INFO,
                fix=_fix(group.call, bad, grave=_off(scheme, slope) > GRAVE) if bad.alone else None,
            )


def _slope(member: Member) -> float:
    follow = member.parameter.follow
    return (number(follow.slope) if follow is not None else None) or 0.0


def _gain(slope: float) -> float:
    return number(torch_gain("leaky_relu", slope)) or 1.0


def _off(scheme: Asked, slope: float) -> float:
    return abs(scheme.gain / _gain(slope) - 1)


def _wrong(member: Member) -> bool:
    scheme = asked(member.parameter)
    if scheme is None or not _is_rectifiers(member.parameter):
        return False
    follow = member.parameter.follow
    if member.activation != "leaky_relu" or follow is None:
        return False
    if number(follow.slope) is None or (scheme.word == "relu" and _values(member).get("a")):
        return False  # a slope beside nonlinearity="relu" is INI205's
    return _off(scheme, _slope(member)) > VISIBLE


def _is_rectifiers(parameter: Parameter) -> bool:
    scheme = asked(parameter)
    if scheme is None or scheme.by_hand or scheme.word not in ("leaky_relu", "relu"):
        return False
    return scheme.family in ("fan_in", "fan_out")


def _values(member: Member) -> dict[str, Any]:
    event = member.parameter.effective
    return event.call.values if event is not None and event.call is not None else {}


def _fix(call: InitCall | None, bad: Mismatch, *, grave: bool) -> Fix | None:
    import ast

    from initlint.fixer.calls import quoted, set_arguments  # libcst
    from initlint.fixer.fragment import CannotRewrite

    slopes = {_slope(member) for member in bad.members}
    if call is None or len(slopes) > 1 or not call.function.startswith("torch.nn.init."):
        return None
    source, node = call.site.source, call.site.node
    values = {"a": f"{slopes.pop():g}"}
    if call.values.get("nonlinearity", "leaky_relu") != "leaky_relu":
        values["nonlinearity"] = quoted(source, "leaky_relu")
    try:
        assert isinstance(node, ast.Call)
        edits = set_arguments(source, node, order=("tensor", "a", "mode", "nonlinearity"), set=values)
    except CannotRewrite:
        return None
    applicability = Applicability.UNSAFE if grave else Applicability.SAFE
    return Fix(applicability, f"Give the slope that follows, {values['a']}", edits)
