"""INI108 reseeded-init: a random seed is set where layers are made or initialised."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import InitCall, Seeded, Site
from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel

_INIT_NAME = re.compile(
    r"^_*(init_?(weights?|params?|parameters|layers?|modules?|model|network|net)?|reset(_parameters)?|weights?_init"
    r"|initiali[sz]e(_weights?|_parameters?)?)_*$",
    re.IGNORECASE,
)


class ReseededInit(Rule):
    """`torch.manual_seed` is called inside a module's constructor, its reset, or an init function.

    ## What it does
    Reports a fixed seed set inside code that draws weights. Silent for seeds in scripts, training loops and set-up
    functions, and for seeds computed anew for each layer.

    ## Why is this bad?
    Every call draws the same numbers: two layers of one shape that are made or initialised so have equal weights, and
    so have all members of an ensemble. It also resets the generator of whoever called.

    ## Example
    ```python
    def init_weights(m):
        torch.manual_seed(0)
        nn.init.xavier_uniform_(m.weight)
    ```

    ## Use instead
    ```python
    torch.manual_seed(0)
    model.apply(init_weights)
    ```

    ## References
    - [PyTorch: reproducibility](https://docs.pytorch.org/docs/stable/notes/randomness.html)
    """

    code = "INI108"
    name = "reseeded-init"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Each seed set where weights are drawn."""
        modules = {id(model.site.node) for model in file.models if model.kind == "class"}
        for seeded in file.facts(Seeded):
            function = seeded.site.source.function(seeded.site.node)
            if function is None or not _is_fixed(seeded.site.node):
                continue
            holder = seeded.site.source.parents.get(function)
            constructor = function.name == "__init__" and id(holder) in modules
            if constructor or (_INIT_NAME.match(function.name) and _draws(file, seeded.site, function)):
                yield self.finding(
                    seeded.site,
                    f"{function.name} sets the seed each time it runs: layers of one shape get equal weights",
                    help="seed once, before the model is built",
                )


def _is_fixed(node: ast.AST) -> bool:
    """Whether the seed is a constant or a plain name, not worked out for each layer."""
    given = [*node.args, *(keyword.value for keyword in node.keywords)] if isinstance(node, ast.Call) else []
    return len(given) == 1 and isinstance(given[0], (ast.Constant, ast.Name, ast.Attribute))


def _draws(file: FileModel, site: Site, function: ast.AST) -> bool:
    first, last = function.lineno, function.end_lineno  # type: ignore[attr-defined]
    return any(
        call.site.path == site.path and first <= call.site.node.lineno <= last  # type: ignore[attr-defined]
        for call in file.facts(InitCall)
    )
