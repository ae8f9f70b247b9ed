"""INI204 gain-for-another-activation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.advice import advice
from initlint.describe.asked import Asked, asked
from initlint.describe.groups import Member, groups, mismatch, places
from initlint.describe.symbols import number
from initlint.finding import Finding, Fix, Severity
from initlint.reference.activations import RECTIFIERS, SATURATING, SMOOTH_RECTIFIERS
from initlint.reference.torch_gains import LINEAR_NAMES
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, InitCall, Parameter, Site

TOLERATED = 1.1  # a gain this far off costs or adds 10 % of the std in each layer


class GainForAnotherActivation(Rule):
    """The gain is that of another activation than the one that follows.

    ## What it does
    Reads the activation that a gain is named after (`nonlinearity="tanh"`, `calculate_gain("tanh")`, or 5/3 written
    out) and the one that the output really meets, and speaks when the std is more than 10 % off. A norm right
    after the layer: silent. The last layer, a gate and a residual path make it advice. `sqrt(2)` for orthogonal
    matrices before tanh is a custom of reinforcement learning, and not reported.

    ## Why is this bad?
    The error is made in every layer: a gain of 5/3 before ReLU multiplies the signal by 1.18 a layer, 27 after 20.
    Mostly the activation was changed, and the initialisation was forgotten.

    ## Example
    ```python
    self.fc = nn.Linear(512, 512)
    nn.init.kaiming_normal_(self.fc.weight, nonlinearity="tanh")
    ...
    x = F.relu(self.fc(x))
    ```

    ## Use instead
    ```python
    nn.init.kaiming_normal_(self.fc.weight, nonlinearity="relu")
    ```

    ## Fix safety
    Unsafe: other numbers are drawn, so training changes. The distribution (uniform or normal) and the mode stay.

    ## References
    - He et al. 2015, Delving Deep into Rectifiers, https://arxiv.org/abs/1502.01852
    - [torch.nn.init.calculate_gain](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain)
    """

    code = "INI204"
    name = "gain-for-another-activation"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement whose gain is named after the wrong activation."""
        for group in groups(file, _is_named):
            bad = mismatch(group, _wrong, lambda member: not _wrong(member))
            for site, alike in places(bad.members if bad is not None else (), "gain", "nonlinearity"):
                fixable = bad is not None and bad.alone and site.node is group.site.node
                severity = Severity.WARNING if bad is not None and bad.plain else Severity.INFO
                yield self._told(site, alike, severity, _fix(group.call, alike) if fixable else None)

    def _told(self, site: Site, alike: tuple[Member, ...], severity: Severity, fix: Fix | None) -> Finding:
        member = alike[0]
        scheme, suited = asked(member.parameter), advice(member)
        wanted = number(suited.gain) or 1
        word, gain = (scheme.word, scheme.gain) if scheme is not None else ("", 1)
        return self.finding(
            site,
            f"the gain of {word} ({gain:.3g}) before {member.activation}, which wants {wanted:.3g}: "
            f"a factor of {gain / wanted:.2f} on the signal in each layer",
            help=f"Use {suited.code.call('w')}: {suited.why}.",
            layer=member.name,
            concerns=(one.name for one in alike),
            severity=severity,
            fix=fix,
        )


def _wrong(member: Member) -> bool:
    scheme = asked(member.parameter)
    if scheme is None or scheme.word is None:
        return False
    activation = member.activation
    if scheme.word == activation:
        return False
    if activation not in RECTIFIERS | SMOOTH_RECTIFIERS | SATURATING or _is_anothers(scheme, activation):
        return False
    wanted = number(advice(member).gain)
    return wanted is not None and not 1 / TOLERATED < scheme.gain / wanted < TOLERATED


def _is_named(parameter: Parameter) -> bool:
    scheme = asked(parameter)
    return scheme is not None and scheme.word is not None


def _is_anothers(scheme: Asked, activation: str) -> bool:
    """Whether another rule speaks of this pair, or it is a custom."""
    neutral = scheme.word in LINEAR_NAMES or scheme.gain == 1
    if activation in RECTIFIERS | SMOOTH_RECTIFIERS:
        return (
            neutral or scheme.caffe2 or (scheme.word == "leaky_relu" and activation == "leaky_relu")
        )  # INI201, INI206
    orthogonal = scheme.family == "orthogonal" and scheme.word == "relu"
    return scheme.rectifying or orthogonal or scheme.word in LINEAR_NAMES  # INI202; Glorot's own gain


def _fix(call: InitCall | None, members: tuple[Member, ...]) -> Fix | None:
    from initlint.fixer.scheme import recommended  # libcst

    return recommended(call, members)
