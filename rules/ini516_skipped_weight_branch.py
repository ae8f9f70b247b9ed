"""INI516 skipped-weight-branch: the branch for the weight never sees a layer that has a bias."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.facts import BiasAskedFirst, BranchChain
from initlint.describe.values import Tensor
from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class SkippedWeightBranch(Rule):
    """A layer's weight is initialised in an `elif` behind the branch that takes every layer with a bias.

    ## What it does
    Reports `if <m has a bias>: ... elif <m has a weight>: ...` where the first branch writes the bias only, and, as a
    warning, `if isinstance(m, Conv2d) and m.bias is not None:` over the init of the weight where a model that it is
    applied to has a convolution without bias whose weight nothing else fills.

    ## Why is this bad?
    Every layer with a bias takes the first branch, so its weight keeps torch's default. Only layers without a bias get
    the init that was written for all.

    ## Example
    ```python
    if m.bias is not None:
        nn.init.zeros_(m.bias)
    elif m.weight is not None:
        nn.init.normal_(m.weight, std=0.02)
    ```

    ## Use instead
    ```python
    if m.bias is not None:
        nn.init.zeros_(m.bias)
    if m.weight is not None:
        nn.init.normal_(m.weight, std=0.02)
    ```

    ## References
    - [Python: the if statement](https://docs.python.org/3/reference/compound_stmts.html#the-if-statement)
    """

    code = "INI516"
    name = "skipped-weight-branch"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every such chain that was met."""
        for chain in file.facts(BranchChain):
            yield self.finding(
                chain.site,
                f"a layer with a bias never gets here: `{chain.first}` takes it, `{chain.owner}.weight` is left alone",
                help="write `if` for `elif`: the two do not exclude each other",
            )
        for asked in _turned_away(file):
            turned = f"a {asked.module.kind} without bias never gets here: `{asked.asked}` turns it away"
            yield self.finding(
                asked.site,
                f"{turned}, its weight keeps torch's default",
                help="ask for the bias only around what is written to the bias",
                severity=Severity.WARNING,
            )


def _turned_away(file: FileModel) -> Iterator[BiasAskedFirst]:
    """One layer for each condition that turns some away, of those that nothing fills later."""
    seen: set[int] = set()
    for asked in file.facts(BiasAskedFirst):
        weight = asked.module.slots.get("weight")
        storage = weight.storage if isinstance(weight, Tensor) else None
        if storage is None or not storage.events or not storage.events[-1].default or asked.module.loaded is not None:
            continue
        if id(asked.site.node) not in seen:
            seen.add(id(asked.site.node))
            yield asked
