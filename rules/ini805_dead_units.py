"""INI805 dead-units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class DeadUnits(Rule):
    """Units behind a rectifier are 0 for every input of the batch.

    ## What it does
    Counts the units (channels) whose rectified output is exactly 0 for the whole batch at every position. Deep
    in a sound net all inputs look alike, and then half of the units are off: it speaks only when more are dead
    than a fair coin gives once in a million. Names the bias, the layer's or the norm's, where that holds them below 0.

    ## Why is this bad?
    A dead rectifier passes no gradient, so that its weights never change.

    ## Example
    ```python
    nn.init.constant_(layer.bias, -5.0)
    x = F.relu(layer(x))
    ```

    ## Use instead
    ```python
    nn.init.zeros_(layer.bias)
    ```

    ## References
    - Lu et al. 2019, Dying ReLU and Initialization, https://arxiv.org/abs/1903.06733
    """

    code = "INI805"
    name = "dead-units"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Source alone cannot show it; `initlint runtime` measures it."""
        yield from ()
