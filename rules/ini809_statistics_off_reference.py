"""INI809 statistics-off-reference. Runtime only: it takes the live weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class StatisticsOffReference(Rule):
    """The numbers of a weight are not what its recorded scheme draws.

    ## What it does
    Tests the values of each weight against the distribution that its history promises: variance, mean, extremes,
    a chi-square over equally likely bins, and W W^T for orthogonal ones. The tests know the dtype's grain. The
    chance of a false alarm is 1e-6 for the whole run, shared by all tests of all tensors.

    ## Why is this bad?
    Something between the record and the numbers is broken: a sampler with outliers (an inverse-erf truncation gives
    values of 100 standard deviations in float32), a lossy cast, a write that nobody sees, equal seeds.

    ## Example
    ```python
    w.uniform_(2 * low - 1, 2 * high - 1).erfinv_().mul_(std * 2 ** 0.5).clamp_(-2, 2)
    ```

    ## Use instead
    ```python
    nn.init.trunc_normal_(w, std=std, a=-2 * std, b=2 * std)
    ```

    ## References
    - [pytorch issue 145498: outliers in trunc_normal_](https://github.com/pytorch/pytorch/issues/145498)
    """

    code = "INI809"
    name = "statistics-off-reference"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Nothing in source: `initlint runtime` reports it."""
        yield from ()
