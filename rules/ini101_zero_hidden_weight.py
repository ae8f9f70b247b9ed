"""INI101 zero-hidden-weight: a hidden layer starts with all its weights at zero."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.advice import advice
from initlint.describe.constant_weights import constant_hidden
from initlint.finding import Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.groups import Group
    from initlint.describe.nodes import FileModel, InitEvent


class ZeroHiddenWeight(Rule):
    """All weights of a hidden layer are zero when training starts.

    ## What it does
    Reports the write that leaves a weight at zero (`zeros_`, `.zero_()`, `fill_(0)`, `constant_(w, 0)`, a parameter
    made by `torch.zeros`), where the layer's output goes through activations into another layer with weights, and
    nothing goes around it.

    Silent for last layers and heads, for the last layer of a residual branch, for gates, modulations, offsets and
    attention, for low-rank factors that are added to something, for frozen weights, and wherever forward is not
    understood.

    ## Why is this bad?
    A zero matrix hands on nothing of its input: all units of the layer say the same for every example, and the layers
    before it get a gradient of exactly zero. Where its neighbours are zero too, nothing ever moves.

    ## Example
    ```python
    self.fc1 = nn.Linear(784, 256)
    nn.init.zeros_(self.fc1.weight)
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

    code = "INI101"
    name = "zero-hidden-weight"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement that leaves hidden weights at zero."""

        for group in constant_hidden(file, _zero):
            member = group.members[0]
            others = f" (and {len(group.members) - 1} more)" if len(group.members) > 1 else ""
            yield self.finding(
                group.site,
                f"{member.name}{others} starts at zero: nothing of the layer's input passes on, and the layers before "
                "it get no gradient",
                help=f"draw it at random, for example {advice(member).code.call('w')}",
                layer=member.name,
                concerns=(one.name for one in group.members),
                fix=_fix(file, group),
            )


def _zero(event: InitEvent) -> bool:
    return event.scheme == "zeros"


def _fix(file: FileModel, group: Group) -> Fix | None:
    from initlint.fixer.redraw import redraw  # needs libcst: not on a clean run

    return redraw(file, group)
