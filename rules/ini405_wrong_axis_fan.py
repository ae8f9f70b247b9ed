"""INI405 wrong-axis-fan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.asked import by_formula
from initlint.describe.groups import groups
from initlint.describe.symbols import told
from initlint.describe.wrong_axis import counts_outputs, lacks_kernel, takes_other_axis
from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, Parameter


class WrongAxisFan(Rule):
    """A fan that is written out by hand counts something else than the terms of the sum.

    ## What it does
    Finds a std or bound made from a size, where that size is not what the layer sums over: the number of channels of a
    convolution without its kernel, or with two of its three axes, or the outputs of a hand-made matrix
    (`torch.randn(n_embd, head_dim) / head_dim**0.5` in `x @ W`) for its inputs.

    ## Why is this bad?
    The std is wrong by the square root of the ratio: 3 for a 3x3 kernel, and that for each layer.

    ## Example
    ```python
    self.query = nn.Parameter(torch.randn(n_embd, head_dim) / head_dim**0.5)
    ...
    q = x @ self.query
    ```

    ## Use instead
    ```python
    self.query = nn.Parameter(torch.randn(n_embd, head_dim) / n_embd**0.5)
    ```

    ## References
    - Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, eq. 2
    - He et al. 2015, Delving Deep into Rectifiers, eq. 10, https://arxiv.org/abs/1502.01852
    """

    code = "INI405"
    name = "wrong-axis-fan"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement with such a formula."""
        for group in groups(file, _is_by_formula):
            for member in group.members:
                parameter = member.parameter
                by_hand = group.event.call is None and takes_other_axis(parameter)
                kernel = lacks_kernel(parameter) and member.matters
                if not (by_hand or kernel or (counts_outputs(parameter) and not parameter.normalised)):
                    continue
                yield self.finding(
                    group.site,
                    f"{parameter.name} is summed over {told(parameter.effective_fan_in)} inputs, which is not what "
                    "its std is divided by",
                    help=f"Divide by sqrt({told(parameter.effective_fan_in)}).",
                    layer=member.name,
                )
                break


def _is_by_formula(parameter: Parameter) -> bool:
    """A write of the file's own, a layer's by formula; a call's on a raw matrix is INI401's."""
    event = parameter.effective
    if event is None:
        return False
    return event.call is None if parameter.spec is None else by_formula(event)
