"""INI807 duplicate-units. Runtime only: it takes the live weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class DuplicateUnits(Rule):
    """Units of one layer start with equal weights.

    ## What it does
    Compares the rows (units, filters, experts) of every materialised weight. Speaks when rows of a weight that was
    drawn at random are equal, when half of a layer's units or more are copies of the others, or when all of them are
    equal. Bilinear upsampling, ICNR and Dirac kernels, which repeat themselves by design, are silent, and so are a few
    copied rows (new classes), groups and packed matrices, and halves of which the next layer subtracts one.

    ## Why is this bad?
    Units that start equal and get equal gradients stay equal: the layer has fewer units than it was paid for. A
    perfect standard deviation does not show it; only the rank does.

    ## Example
    ```python
    row = torch.randn(1, 64) / 8
    self.fc.weight = nn.Parameter(row.repeat(128, 1))
    ```

    ## Use instead
    ```python
    nn.init.kaiming_normal_(self.fc.weight, nonlinearity="relu")
    ```

    ## References
    - [Goodfellow, Bengio, Courville: Deep Learning, section 8.4](https://www.deeplearningbook.org/contents/optimization.html)
    """

    code = "INI807"
    name = "duplicate-units"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Nothing in source: `initlint runtime` reports it."""
        yield from ()
