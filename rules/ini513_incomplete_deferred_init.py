"""INI513 incomplete-deferred-init."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class IncompleteDeferredInit(Rule):
    """A model is made on the meta device and emptied onto the real one, and its init method leaves something out.

    ## What it does
    Where the project calls `to_empty()` on a model made on `meta` and then the model's init method, it follows that
    method and reports each parameter or buffer that it does not write. A script that then loads a whole checkpoint
    in any case is no such place.

    ## Why is this bad?
    After `to_empty()` every tensor is raw memory; what the constructor had computed is gone. A parameter that the init
    method forgets holds whatever was there: often zeros, sometimes huge values or NaN, and other values on every rank.

    ## Example
    ```python
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(256, 10)
            self.gate = nn.Parameter(torch.zeros(1))

        def init_weights(self):
            nn.init.xavier_uniform_(self.fc.weight)
            nn.init.zeros_(self.fc.bias)
    ```

    ## Use instead
    ```python
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(256, 10)
            self.gate = nn.Parameter(torch.zeros(1))

        def init_weights(self):
            nn.init.xavier_uniform_(self.fc.weight)
            nn.init.zeros_(self.fc.bias)
            nn.init.zeros_(self.gate)
    ```

    ## References
    - [torch.nn.Module.to_empty](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html)
    - [karpathy/nanochat#686](https://github.com/karpathy/nanochat/pull/686): three parameters forgotten
    """

    code = "INI513"
    name = "incomplete-deferred-init"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """What the deferred init of the file's models leaves out."""
        for one in file.references.missed(file.path) if file.references is not None else ():
            yield self.finding(
                one.site,
                f"{one.owner}.{one.method}() leaves out the {one.what} {one.name}: after to_empty() it is raw memory",
                help=f"Write it in {one.method}().",
                layer=f"{one.owner}.{one.name}",
            )
