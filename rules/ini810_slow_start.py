"""INI810 slow-start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class SlowStart(Rule):
    """In a short training run the recommended scheme is ahead by a stated margin.

    ## What it does
    `initlint experiment` trains the model as it is, under each of the seven schemes, and with the scheme that
    suits the activation of each layer, from the same seeds on the same data. It speaks when the recommended
    scheme's loss is at least 10 % lower at the end and the paired difference over the seeds is beyond its 95 %
    confidence interval.

    ## Why is this bad?
    A start that does not suit the activation costs steps, or all of them: the run may never catch up.

    ## Example
    ```python
    self.layers = nn.Sequential(*[m for _ in range(8) for m in (nn.Linear(64, 64), nn.ReLU())])
    ```

    ## Use instead
    The scheme that the run names, after a look at its plot: the margin holds for the task and the optimiser of
    the run.

    ```python
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    ```

    ## References
    - He et al. 2015, Delving Deep into Rectifiers, eq. 10 and 14, https://arxiv.org/abs/1502.01852
    - Mishkin and Matas 2016, All you need is a good init, https://arxiv.org/abs/1511.06422
    """

    code = "INI810"
    name = "slow-start"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Source alone cannot show it; `initlint runtime` measures it."""
        yield from ()
