"""INI611 helper-given-tensor: mmengine's helpers want the layer, not its weight."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.facts import HelperGivenTensor
from initlint.describe.handing import handed_over
from initlint.describe.init_functions import MM_HELPERS
from initlint.describe.nodes import InitCall, Site
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class GivenTensor(Rule):
    """A helper that initialises the `.weight` of a layer is given the weight itself.

    ## What it does
    Reports `constant_init`, `xavier_init`, `normal_init`, `trunc_normal_init`, `uniform_init`, `kaiming_init` and
    `caffe2_xavier_init` of mmcv and mmengine called with a tensor, and helpers of the project that ask
    `hasattr(module, "weight")` of a tensor they are given.

    ## Why is this bad?
    The helper looks for `.weight` and `.bias` on what it is given. A tensor has neither, so nothing happens, and
    nothing says so: the layer keeps torch's default.

    ## Example
    ```python
    trunc_normal_init(self.fc.weight, std=0.02)
    ```

    ## Use instead
    ```python
    trunc_normal_init(self.fc, std=0.02)
    ```

    ## Fix safety
    Unsafe: the init then takes place, and also sets the bias.

    ## References
    - [mmengine.model.weight_init](https://github.com/open-mmlab/mmengine/blob/main/mmengine/model/weight_init.py)
    """

    code = "INI611"
    name = "helper-given-tensor"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Library helpers by name, the project's own by what they ask of a tensor."""
        for call in file.facts(InitCall):
            if call.name in MM_HELPERS and call.target.kind == "tensor" and not call.is_method:
                site, node = handed_over(call.site, call.nodes.get("module"), call.via)
                yield self._told(site, node, call.name)
        for given in file.facts(HelperGivenTensor):
            site, node = handed_over(given.site, given.argument, given.via)
            if site is not given.site:
                name = getattr(given.via[-1].function, "name", "the helper")
                yield self._told(site, node, name)

    def _told(self, site: Site, node: ast.expr | None, helper: str) -> Finding:
        text = ast.unparse(node) if node is not None else "a tensor"
        return self.finding(
            site,
            f"`{helper}` looks for `.weight` on what it is given; `{text}` is a tensor, so nothing is initialised",
            help="give it the layer",
            fix=_fix(site, node),
        )


def _fix(site: Site, node: ast.expr | None) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.rewrite import replace_expression

    if not isinstance(node, ast.Attribute) or node.attr != "weight":
        return None
    return attempt(
        Applicability.UNSAFE,
        "Give it the layer",
        lambda: replace_expression(site.source, node, ast.unparse(node.value)),
    )
