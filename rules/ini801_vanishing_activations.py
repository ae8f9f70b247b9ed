"""INI801 vanishing-activations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class VanishingActivations(Rule):
    """The signal fades with depth: deep layers cannot tell the inputs apart.

    ## What it does
    Sends a batch through the live model and follows the part of the signal that differs between inputs along
    every series of layers that nothing normalises. It speaks when its standard deviation falls steadily, by a
    factor of 100 or more over the hidden layers, when mean-field theory says the same of the weights, and when
    the 95 % confidence bound over the seeds does too. It names the first layer and the factor per layer.

    ## Why is this bad?
    A constant factor per layer is exponential in depth. torch's default initialisation keeps 0.41 of the std in
    each rectifier layer: 1.6e-8 is left after 20, and the biases alone decide the output. Six decay lengths are
    about as deep as such a net can be and still learn.

    ## Example
    ```python
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(*[m for _ in range(20) for m in (nn.Linear(256, 256), nn.ReLU())])
    ```

    ## Use instead
    ```python
    for module in self.modules():
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)
    ```

    ## References
    - He et al. 2015, Delving Deep into Rectifiers, eq. 10 and 14, https://arxiv.org/abs/1502.01852
    - Schoenholz et al. 2017, Deep Information Propagation, https://arxiv.org/abs/1611.01232
    """

    code = "INI801"
    name = "vanishing-activations"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Source alone cannot show it; `initlint runtime` measures it."""
        yield from ()
