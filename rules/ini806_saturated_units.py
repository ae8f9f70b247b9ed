"""INI806 saturated-units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class SaturatedUnits(Rule):
    """Most outputs of a tanh, sigmoid or softmax lie at their limits.

    ## What it does
    Measures the share of outputs beyond .99 of the range (for softmax: rows with .99 of the weight on one of at
    least four open entries). It speaks above one half, where the input's spread is the reason; a unit held at
    one side by its bias (a focal prior, a forget gate) is left alone.

    ## Why is this bad?
    The slope at the limit is nearly 0. With N(0, 1) weights and a fan-in of 512, 84 % of the sigmoid units are
    saturated before training begins.

    ## Example
    ```python
    nn.init.normal_(layer.weight)
    x = torch.sigmoid(layer(x))
    ```

    ## Use instead
    ```python
    nn.init.xavier_normal_(layer.weight)
    ```

    ## References
    - Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks
    """

    code = "INI806"
    name = "saturated-units"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Source alone cannot show it; `initlint runtime` measures it."""
        yield from ()
