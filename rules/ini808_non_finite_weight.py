"""INI808 non-finite-weight. Runtime only: it takes the live weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class NonFiniteWeight(Rule):
    """A weight holds NaN, infinity, or the noise of raw memory.

    ## What it does
    Looks at the values of every materialised weight. NaN and infinities are reported, and tensors more than half of
    whose entries are denormal numbers, which no scheme draws. Where the tape proves that nothing wrote the memory,
    INI103 speaks instead.

    ## Why is this bad?
    One NaN reaches every output at the first forward. Denormal noise is memory that somebody forgot to fill: it
    differs from run to run, and may be 1e30 the next time.

    ## Example
    ```python
    nn.init.normal_(self.gate.weight, std=1 / (fan_in - fan_in))
    ```

    ## Use instead
    ```python
    nn.init.normal_(self.gate.weight, std=fan_in ** -0.5)
    ```

    ## References
    - [torch.empty](https://docs.pytorch.org/docs/stable/generated/torch.empty.html)
    - [Reproducibility: filling uninitialized memory](https://docs.pytorch.org/docs/stable/notes/randomness.html)
    """

    code = "INI808"
    name = "non-finite-weight"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Nothing in source: `initlint runtime` reports it."""
        yield from ()
