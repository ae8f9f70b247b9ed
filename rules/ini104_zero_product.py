"""INI104 zero-product: two weights in series are both zero, so neither ever gets a gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.owners import rewritten
from initlint.describe.zero_pairs import zero_pairs
from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class ZeroProduct(Rule):
    """Two weights that are multiplied with each other both start at zero.

    ## What it does
    Reports pairs of weights in series (the factors of LoRA, the two layers of an adapter) that are both zero in the
    end, wherever the two zeros were written: in the constructor, in an init function, in a loop over all parameters.
    Layers with a bias that is not zero between them are no such pair.

    ## Why is this bad?
    The gradient of each factor is the product of the other factor with something. Both are zero, so both gradients
    are zero, now and after every step: the pair adds nothing to the model for ever, and no error says so. One zero
    factor is right (the adapted model starts as the base model); the other has to be random.

    ## Example
    ```python
    self.lora_A = nn.Parameter(torch.zeros(d_in, rank))
    self.lora_B = nn.Parameter(torch.zeros(rank, d_out))
    ```

    ## Use instead
    ```python
    self.lora_A = nn.Parameter(torch.empty(d_in, rank))
    self.lora_B = nn.Parameter(torch.zeros(rank, d_out))
    nn.init.kaiming_uniform_(self.lora_A.t(), a=math.sqrt(5))
    ```

    ## References
    - [Hu et al. 2021, LoRA, section 4.1](https://arxiv.org/abs/2106.09685): A random Gaussian, B zero
    """

    code = "INI104"
    name = "zero-product"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each pair, on what zeroes the first factor: the one to draw at random."""
        for pair in zero_pairs(file):
            event = pair.first.effective
            if event is None or event.site is None:
                continue
            if not (rewritten(file, pair.first) or rewritten(file, pair.second)):
                yield self.finding(
                    event.site,
                    f"{pair.first.name} and {pair.second.name} are multiplied and both start at zero: the gradient of "
                    "each is zero for ever",
                    help=f"leave one of them zero ({pair.second.name}) and draw the other at random",
                    layer=f"{pair.model.name}.{pair.first.name}",
                    concerns=(f"{pair.model.name}.{one.name}" for one in (pair.first, pair.second)),
                )
