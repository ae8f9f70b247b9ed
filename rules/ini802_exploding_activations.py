"""INI802 exploding-activations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class ExplodingActivations(Rule):
    """The signal grows with depth, or overflows.

    ## What it does
    Follows the second moment of the activations along every series of layers that nothing normalises. It speaks
    when the standard deviation grows steadily, by a factor of 100 or more over the hidden layers and theory
    agrees, or when a value leaves the range of float32. Residual streams without normalisation are followed
    from addition to addition.

    ## Why is this bad?
    The loss starts at a huge number or at NaN, the first step throws the weights far away, and half precision
    overflows at 65504.

    ## Example
    ```python
    for module in self.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight)  # std 1: grows by sqrt(fan_in / 2) in each rectifier layer
    ```

    ## Use instead
    ```python
    nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    ```

    ## References
    - He et al. 2015, Delving Deep into Rectifiers, eq. 10 and 14, https://arxiv.org/abs/1502.01852
    - Hanin and Rolnick 2018, How to Start Training, https://arxiv.org/abs/1803.01719
    """

    code = "INI802"
    name = "exploding-activations"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Source alone cannot show it; `initlint runtime` measures it."""
        yield from ()
