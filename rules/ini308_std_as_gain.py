"""INI308 std-as-gain."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import InitCall, Site
from initlint.describe.symbols import number
from initlint.finding import Finding, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel

SMALL = 0.1  # a usual std; as a gain it is some hundredths of the signal a layer
_WITH_GAIN = re.compile("xavier|orthogonal")


class StdAsGain(Rule):
    """A number meant as a std is given to Xavier's or the orthogonal scheme as their gain.

    ## What it does
    Finds functions that give one small number, such as `init_gain=0.02`, to `normal_` as its std in one branch and to
    `xavier_*_` or `orthogonal_` as `gain` in another. A small gain that stands alone, as orthogonal 0.01 on a policy
    head, is left alone.

    ## Why is this bad?
    A gain multiplies a std that already fits the layer: `gain=0.02` leaves a fiftieth of the signal in each. Who
    switches such a helper from `normal` to `xavier` gets a network that passes nothing.

    ## Example
    ```python
    def init_func(m):
        if init_type == "normal":
            nn.init.normal_(m.weight, 0.0, init_gain)
        elif init_type == "xavier":
            nn.init.xavier_normal_(m.weight, gain=init_gain)
    ```

    ## Use instead
    ```python
    nn.init.xavier_normal_(m.weight)
    ```

    ## References
    - [pytorch-CycleGAN-and-pix2pix, networks.py](https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix)
    """

    code = "INI308"
    name = "std-as-gain"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each gain that is elsewhere in its function a std."""
        for call in file.facts(InitCall):
            std = number(call.values.get("std"))
            if call.name not in ("normal_", "normal") or "std" not in call.nodes or std is None or not 0 < std < SMALL:
                continue
            text = ast.unparse(call.nodes["std"])
            # Other branches of the function are not read: its text has to do.
            source = call.site.source
            scope = source.function(call.site.node) or source.tree
            for node in syntax.walk_lines([scope], source.lines_with(_WITH_GAIN)):
                if isinstance(node, ast.Call) and _gain(node) == text:
                    yield self.finding(
                        Site(source, node),
                        f"`{text}` is the std of the normal branch and the gain of this one: "
                        f"{std:g} of the signal is left by each layer",
                        help="Give the std to normal_ only; Xavier and orthogonal want a gain near 1 (calculate_gain).",
                    )


def _gain(node: ast.Call) -> str | None:
    """The gain that a call of a scheme with a gain is given, as source."""
    name = syntax.last_name(node.func)
    if not name.startswith(("xavier_uniform", "xavier_normal", "orthogonal")):
        return None
    given = [keyword.value for keyword in node.keywords if keyword.arg == "gain"] or node.args[1:2]
    return ast.unparse(given[0]) if given else None
