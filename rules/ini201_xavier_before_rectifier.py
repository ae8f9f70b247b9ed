"""INI201 xavier-before-rectifier."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.asked import asked
from initlint.describe.groups import Member, groups, mismatch
from initlint.describe.symbols import number
from initlint.finding import Finding, Fix, Severity
from initlint.reference.activations import RECTIFIERS, SMOOTH_RECTIFIERS
from initlint.reference.gains import gain_of
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, InitCall, Parameter


class XavierBeforeRectifier(Rule):
    """A layer before a rectifier is drawn by Xavier's or LeCun's scheme, which leave out the half that it cuts off.

    ## What it does
    Finds weights whose last write has gain 1 (`xavier_uniform_`, `xavier_normal_`, `kaiming_*_` with
    `nonlinearity="linear"`, `lecun_normal_`, the same formulas by hand) and whose output meets ReLU, LeakyReLU,
    PReLU, RReLU or ReLU6. A norm right after the layer makes the scale harmless: silent. A residual path, a gate,
    the last layer, and the smooth kin (GELU, SiLU, ELU, Mish) make it advice.

    ## Why is this bad?
    Xavier's derivation takes the activation for the identity. A rectifier sets half of the signal's second moment to
    zero, so that sqrt(1/2) of the std is left after each square layer, forward and backward: 3e-5 after 30.

    ## Example
    ```python
    self.fc = nn.Linear(512, 512)
    nn.init.xavier_uniform_(self.fc.weight)
    ...
    x = F.relu(self.fc(x))
    ```

    ## Use instead
    ```python
    nn.init.kaiming_uniform_(self.fc.weight, nonlinearity="relu")
    ```

    ## Fix safety
    Unsafe: other numbers are drawn, so training changes. The distribution (uniform or normal) stays.

    ## References
    - He et al. 2015, Delving Deep into Rectifiers, sec. 2.2, https://arxiv.org/abs/1502.01852
    - Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks
    """

    code = "INI201"
    name = "xavier-before-rectifier"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement that serves a rectifier so."""
        for group in groups(file, _has_gain_one):
            bad = mismatch(group, _wrong, lambda member: not _wrong(member))
            if bad is None:
                continue
            hard = [member for member in bad.members if member.activation in RECTIFIERS and not _on_purpose(member)]
            first = (hard or bad.members)[0]
            yield self.finding(
                group.site,
                _message(first),
                help=_help(first),
                layer=first.name,
                concerns=(one.name for one in hard or bad.members),
                severity=Severity.WARNING if bad.plain and hard else Severity.INFO,
                fix=_fix(group.call, bad.members) if bad.alone else None,
            )


def _wrong(member: Member) -> bool:
    return _has_gain_one(member.parameter) and member.activation in RECTIFIERS | SMOOTH_RECTIFIERS


def _has_gain_one(parameter: Parameter) -> bool:
    scheme = asked(parameter)
    return scheme is not None and scheme.family != "orthogonal" and math.isclose(scheme.gain, 1, rel_tol=1e-3)


def _on_purpose(member: Member) -> bool:
    """caffe2's XavierFill, `kaiming_uniform_(a=1)`: whoever writes that knows what it is."""
    scheme = asked(member.parameter)
    return scheme is not None and scheme.caffe2


def _kept(member: Member) -> float | None:
    follow = member.parameter.follow
    gain = gain_of(member.activation or "", number(follow.slope) if follow is not None else None)
    return None if gain is None else math.sqrt(gain.second)


def _message(member: Member) -> str:
    scheme = asked(member.parameter)
    kind = "Xavier" if scheme is not None and scheme.family == "xavier" else "LeCun"
    kept = _kept(member)
    cost = f": {kept:.2g} of the signal's std is left by each square layer" if kept is not None else ""
    return f"{kind} initialisation (gain 1) before {member.activation}{cost}"


def _help(member: Member) -> str:
    from initlint.describe.advice import advice  # only findings pay for it

    suited, kept = advice(member), _kept(member)
    depth = f" After 20 layers {kept**20:.1g} of the std is left." if kept is not None else ""
    return f"Use {suited.code.call('w')}: {suited.why}.{depth}"


def _fix(call: InitCall | None, members: tuple[Member, ...]) -> Fix | None:
    from initlint.fixer.scheme import recommended  # libcst

    return recommended(call, members)
