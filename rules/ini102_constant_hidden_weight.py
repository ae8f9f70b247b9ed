"""INI102 constant-hidden-weight: a hidden layer starts with all its weights at one number."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.advice import advice
from initlint.describe.constant_weights import constant_hidden
from initlint.describe.symbols import number
from initlint.finding import Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.groups import Group
    from initlint.describe.nodes import FileModel, InitEvent


class ConstantHiddenWeight(Rule):
    """All weights of a hidden layer are the same number when training starts.

    ## What it does
    Reports the write that leaves a weight at one number other than zero (`ones_`, `fill_(0.1)`, `constant_(w, 0.5)`, a
    parameter made by `torch.ones` or `torch.full`), where the layer has several units, its output goes through
    activations into another layer with weights, and nothing goes around it.

    Silent for single units, depthwise kernels, frozen filters, gates, residual branches and last layers, and wherever
    forward is not understood.

    ## Why is this bad?
    All units of the layer compute the same sum of the input and get the same update, up to what the next layer adds:
    the layer starts, and where its neighbours are constant too stays, as wide as one unit.

    ## Example
    ```python
    nn.init.constant_(self.fc1.weight, 0.1)
    ...
    x = self.fc2(torch.relu(self.fc1(x)))
    ```

    ## Use instead
    ```python
    nn.init.kaiming_normal_(self.fc1.weight, nonlinearity="relu")
    ```

    ## Fix safety
    Unsafe: the layer starts from other numbers. The scheme is the one for the activation that follows.

    ## References
    - [Goodfellow, Bengio, Courville: Deep Learning, section 8.4](https://www.deeplearningbook.org/contents/optimization.html)
    """

    code = "INI102"
    name = "constant-hidden-weight"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement that leaves hidden weights at one number."""

        for group in constant_hidden(file, _constant):
            member = group.members[0]
            others = f" (and {len(group.members) - 1} more)" if len(group.members) > 1 else ""
            value = number(group.event.mean)
            yield self.finding(
                group.site,
                f"every weight of {member.name}{others} starts at {'one number' if value is None else f'{value:g}'}: "
                "all units of the layer compute the same",
                help=f"draw it at random, for example {advice(member).code.call('w')}",
                layer=member.name,
                concerns=(one.name for one in group.members),
                fix=_fix(file, group),
            )


def _constant(event: InitEvent) -> bool:
    value = number(event.mean)
    finite = value is None or math.isfinite(value)  # NaN is what a test wants to see caught
    return finite and event.scheme in ("ones", "constant")


def _fix(file: FileModel, group: Group) -> Fix | None:
    from initlint.fixer.redraw import redraw  # needs libcst: not on a clean run

    return redraw(file, group)
