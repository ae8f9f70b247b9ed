"""INI604 deprecated-init-alias: the names without an underscore."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.facts import InitName
from initlint.describe.signatures import DEPRECATED
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class DeprecatedInitAlias(Rule):
    """An init function is called by the name it had before torch 0.4, without the underscore.

    ## What it does
    Reports `xavier_uniform`, `xavier_normal`, `kaiming_uniform`, `kaiming_normal`, `normal`, `uniform`, `constant`,
    `orthogonal`, `eye`, `dirac` and `sparse` of `torch.nn.init`.

    ## Why is this bad?
    Each call prints a FutureWarning and the names may go. Without the underscore a call also does not show that it
    writes into its argument.

    ## Example
    ```python
    nn.init.xavier_uniform(self.fc.weight)
    ```

    ## Use instead
    ```python
    nn.init.xavier_uniform_(self.fc.weight)
    ```

    ## Fix safety
    Safe and value-preserving: the old name calls the new one with the same arguments.

    ## References
    - [torch/nn/init.py, _make_deprecate](https://github.com/pytorch/pytorch/blob/main/torch/nn/init.py)
    """

    code = "INI604"
    name = "deprecated-init-alias"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every use of an old name."""
        for named in file.facts(InitName):
            new = DEPRECATED.get(named.name)
            if new is None:
                continue
            site = named.site
            parent = site.source.parents.get(site.node)
            called = isinstance(parent, ast.Call) and parent.func is site.node
            yield self.finding(
                type(site)(site.source, parent) if called and parent is not None else site,
                f"`{named.name}` is a deprecated alias of `{new}`",
                help=f"call `{new}`",
                fix=_fix(named, new),
            )


def _fix(named: InitName, new: str) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.calls import rename_function

    source, node = named.site.source, named.site.node
    if not isinstance(node, (ast.Attribute, ast.Name)):
        return None
    return attempt(Applicability.SAFE, f"Call `{new}` (value-preserving)", lambda: rename_function(source, node, new))
