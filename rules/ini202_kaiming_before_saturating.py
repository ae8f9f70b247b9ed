"""INI202 kaiming-before-saturating."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.asked import asked
from initlint.describe.groups import Member, groups, mismatch
from initlint.finding import Finding, Fix, Severity
from initlint.reference.activations import SATURATING
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, InitCall, Parameter


class KaimingBeforeSaturating(Rule):
    """A layer before tanh or sigmoid is drawn with the gain of a rectifier.

    ## What it does
    Finds `kaiming_*_` with a rectifier's gain (`relu`, `leaky_relu`, also the default), or He's formula by hand, on
    weights whose output meets tanh, sigmoid, softsign, hardtanh or hardsigmoid. A norm right after the layer makes
    the scale harmless: silent. The last layer, a gate and a residual path make it advice.

    ## Why is this bad?
    Gain sqrt(2) makes up for the half that ReLU cuts off. Nothing is cut off here: a sigmoid gets inputs of std 1.4
    and more units on its flat ends, where no gradient passes; tanh wants its own 5/3, and both fans.

    ## Example
    ```python
    self.fc = nn.Linear(512, 512)
    nn.init.kaiming_normal_(self.fc.weight)
    ...
    x = torch.tanh(self.fc(x))
    ```

    ## Use instead
    ```python
    nn.init.xavier_normal_(self.fc.weight, gain=5 / 3)
    ```

    ## Fix safety
    Unsafe: other numbers are drawn, so training changes. The distribution (uniform or normal) stays.

    ## References
    - Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks
    - He et al. 2015, Delving Deep into Rectifiers, https://arxiv.org/abs/1502.01852
    """

    code = "INI202"
    name = "kaiming-before-saturating"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement that serves a saturating activation so."""
        for group in groups(file, _rectifying):
            bad = mismatch(group, _wrong, lambda member: not _wrong(member))
            if bad is not None:
                yield self.finding(
                    group.site,
                    f"Kaiming initialisation for a rectifier before {bad.first.activation}, which cuts nothing off",
                    help=_help(bad.first),
                    layer=bad.first.name,
                    concerns=(one.name for one in bad.members),
                    severity=Severity.WARNING if bad.plain else Severity.INFO,
                    fix=_fix(group.call, bad.members) if bad.alone else None,
                )


def _wrong(member: Member) -> bool:
    return _rectifying(member.parameter) and member.activation in SATURATING


def _rectifying(parameter: Parameter) -> bool:
    scheme = asked(parameter)
    return scheme is not None and scheme.rectifying


def _help(member: Member) -> str:
    from initlint.describe.advice import advice  # only findings pay for it

    suited = advice(member)
    return f"Use {suited.code.call('w')}: {suited.why}."


def _fix(call: InitCall | None, members: tuple[Member, ...]) -> Fix | None:
    from initlint.fixer.scheme import recommended  # libcst

    return recommended(call, members)
