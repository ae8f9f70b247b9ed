"""INI811 duplicated-shards. Runtime only: it takes the live weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class DuplicatedShards(Rule):
    """One half of a weight repeats the other: shards drawn with one seed.

    ## What it does
    Compares the halves of every drawn weight along its first two axes. Equal halves do not happen by chance. Where
    parameters are DTensors, `initlint.check_model(model)`, called on every rank, compares the shards themselves.

    ## Why is this bad?
    Ranks that share a seed draw equal shards, so the gathered matrix has half its rank, with a perfect standard
    deviation. The units of the two ranks start as pairs of twins.

    ## Example
    ```python
    torch.manual_seed(0)  # on every rank
    shard = torch.empty(512 // world_size, 512)
    nn.init.normal_(shard, std=0.02)
    ```

    ## Use instead
    ```python
    torch.manual_seed(rank)
    shard = torch.empty(512 // world_size, 512)
    nn.init.normal_(shard, std=0.02)
    ```

    ## References
    - [pytorch issue 141731: DTensor random initialisation](https://github.com/pytorch/pytorch/issues/141731)
    """

    code = "INI811"
    name = "duplicated-shards"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Nothing in source: `initlint runtime` reports it."""
        yield from ()
