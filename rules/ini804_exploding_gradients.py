"""INI804 exploding-gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class ExplodingGradients(Rule):
    """The gradient grows on its way back: the first step destroys the first layers.

    ## What it does
    The same measurement as INI803, upwards. A net of tanh or sigmoid units hides exploding weights from its
    activations, which stay bounded; the gradient shows them.

    ## Why is this bad?
    The update of the first layers is orders of magnitude too large for any learning rate that suits the last
    ones. Clipping hides it, at the price of a start that goes in a random direction.

    ## Example
    ```python
    for layer in self.layers:  # tanh follows each
        nn.init.normal_(layer.weight, std=3 / math.sqrt(layer.in_features))
    ```

    ## Use instead
    ```python
    nn.init.xavier_normal_(layer.weight, gain=nn.init.calculate_gain("tanh"))
    ```

    ## References
    - Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks
    - Schoenholz et al. 2017, Deep Information Propagation, https://arxiv.org/abs/1611.01232
    - Pascanu et al. 2013, On the difficulty of training recurrent neural networks, https://arxiv.org/abs/1211.5063
    """

    code = "INI804"
    name = "exploding-gradients"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Source alone cannot show it; `initlint runtime` measures it."""
        yield from ()
