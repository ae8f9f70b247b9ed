"""INI803 vanishing-gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class VanishingGradients(Rule):
    """The gradient fades on its way back: the first layers hardly learn.

    ## What it does
    Sends a random gradient back from the model's output and follows its norm along every series of layers that
    nothing normalises and no residual path bridges. It speaks under the same conditions as INI801: a steady
    fall by a factor of 100 or more, agreed by theory, beyond the confidence bound. It names the layer where the
    fall begins.

    ## Why is this bad?
    The early layers get updates that are orders of magnitude smaller than the late ones. With sigmoid the slope
    is at most 1/4, so that each layer costs a factor of 4 even with Xavier; with weights too small every
    activation is affected.

    ## Example
    ```python
    nn.Sequential(*[m for _ in range(10) for m in (nn.Linear(256, 256), nn.Sigmoid())])
    ```

    ## Use instead
    A scheme with the gain of the activation that follows, another activation, a normalisation, or residual paths:

    ```python
    nn.init.xavier_normal_(layer.weight, gain=nn.init.calculate_gain("tanh"))  # with nn.Tanh()
    ```

    ## References
    - Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks
    - Schoenholz et al. 2017, Deep Information Propagation, https://arxiv.org/abs/1611.01232
    """

    code = "INI803"
    name = "vanishing-gradients"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Source alone cannot show it; `initlint runtime` measures it."""
        yield from ()
