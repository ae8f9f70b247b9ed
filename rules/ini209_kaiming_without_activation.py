"""INI209 kaiming-without-activation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.asked import asked
from initlint.describe.groups import Member, groups, mismatch
from initlint.describe.reach import below
from initlint.finding import Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, InitCall, Parameter
    from initlint.describe.values import ModuleObject

# What an output may meet unbent; behind a concatenation an activation may still come.
_STRAIGHT = frozenset({"add", "return", "contract", "softmax", "attention", "layer"})


class KaimingWithoutActivation(Rule):
    """A rectifier's gain is given to a layer that no activation follows.

    ## What it does
    Finds `kaiming_*_` with the gain of `relu` or `leaky_relu` (also the default) on weights whose output goes
    unbent into an addition, a product, the next layer, a softmax or the return value. A statement that serves
    rectified layers as well is silent, and so are `a=1` (LeCun's scheme) and `a=math.sqrt(5)` (torch's default).

    ## Why is this bad?
    The gain sqrt(2) makes up for what a rectifier cuts off. Where nothing is cut off the output is 1.4 times as
    large as its input.

    ## Example
    ```python
    self.embed = nn.Linear(16, 512)
    nn.init.kaiming_normal_(self.embed.weight, nonlinearity="relu")
    ...
    return self.embed(x) + self.position
    ```

    ## Use instead
    ```python
    nn.init.xavier_normal_(self.embed.weight)
    ```

    ## Fix safety
    Unsafe: other numbers are drawn, so training changes. The distribution (uniform or normal) stays.

    ## References
    - He et al. 2015, Delving Deep into Rectifiers, sec. 2.2, https://arxiv.org/abs/1502.01852
    """

    code = "INI209"
    name = "kaiming-without-activation"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement that serves no rectifier at all."""
        for group in groups(file, _rectifying):
            bad = mismatch(group, _wrong, lambda member: False)
            if bad is None or any(member.activation or not member.matters for member in group.members):
                continue
            if group.event.broad and any(_has_closed(member.model.root) for member in bad.members):
                continue
            yield self.finding(
                group.site,
                f"a rectifier's gain for {bad.first.parameter.name}, which no activation follows",
                help=_help(bad.first),
                layer=bad.first.name,
                concerns=(one.name for one in bad.members),
                fix=_fix(group.call, bad.members),
            )


def _wrong(member: Member) -> bool:
    follow = member.parameter.follow if _rectifying(member.parameter) else None
    if follow is None or follow.activation is not None:
        return False
    if follow.output and "add" not in follow.meets and member.is_part:
        return False  # what another file puts behind it is not seen here
    layers = {module.kind for module in follow.next_layers}
    return bool(follow.meets) and set(follow.meets) <= _STRAIGHT | layers


def _rectifying(parameter: Parameter) -> bool:
    scheme = asked(parameter)
    return scheme is not None and scheme.rectifying and not scheme.by_hand


def _has_closed(root: ModuleObject | None) -> bool:
    """Whether the model holds modules of other libraries, whose layers a loop over it reaches unseen."""
    return any(
        module.cls is None and not module.slots and module.dotted and not module.dotted.startswith("torch.nn.")
        for module in below(root).values()
    )


def _help(member: Member) -> str:
    from initlint.describe.advice import advice  # only findings pay for it

    suited = advice(member)
    return f"Use {suited.code.call('w')}: {suited.why}."


def _fix(call: InitCall | None, members: tuple[Member, ...]) -> Fix | None:
    from initlint.fixer.scheme import recommended  # libcst

    return recommended(call, members)
