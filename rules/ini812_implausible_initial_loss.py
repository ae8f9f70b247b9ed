"""INI812 implausible-initial-loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class ImplausibleInitialLoss(Rule):
    """An untrained classifier is sure of itself: its loss starts far above ln(classes).

    ## What it does
    Takes the logits of the untrained model on synthetic inputs and computes the expected cross-entropy for
    labels drawn evenly. For an even guess over V classes it is ln V. It speaks when the loss lies above that by
    more than 2 and by more than half of ln V, and only where the last layer is certainly a classifier's.

    ## Why is this bad?
    The first hundreds of steps do nothing but shrink the logits, and the gradient of the wrong classes
    saturates. The usual cause is a head with N(0, 1) weights, often by tying it to an Embedding left at torch's
    default: with 768 dimensions and 5000 words the loss starts at 101 where ln V is 8.5.

    ## Example
    ```python
    self.embed = nn.Embedding(5000, 768)
    self.head = nn.Linear(768, 5000, bias=False)
    self.head.weight = self.embed.weight
    ```

    ## Use instead
    ```python
    nn.init.normal_(self.embed.weight, std=0.02)
    ```

    ## References
    - Karpathy 2019, A Recipe for Training Neural Networks, https://karpathy.github.io/2019/04/25/recipe/
    """

    code = "INI812"
    name = "implausible-initial-loss"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Source alone cannot show it; `initlint runtime` measures it."""
        yield from ()
