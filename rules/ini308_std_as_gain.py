"""INI308 std-as-gain."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import InitCall
from initlint.describe.origin import origin
from initlint.describe.symbols import number
from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel

SMALL = 0.1  # a usual std; as a gain it is some hundredths of the signal a layer


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
        stds: dict[ast.AST, set[str]] = defaultdict(set)
        gains: list[tuple[InitCall, ast.AST, str]] = []
        for call in file.facts(InitCall):
            scope = _scope(call)
            if call.name in ("normal_", "normal") and _is_small(call, "std"):
                stds[scope].add(_text(call, "std"))
            elif call.name.startswith(("xavier_", "orthogonal")) and _is_small(call, "gain"):
                gains.append((call, scope, _text(call, "gain")))
        for call, scope, text in gains:
            if text in stds[scope]:
                yield self.finding(
                    call.site,
                    f"`{text}` is the std of the normal branch and the gain of this one: "
                    f"{number(call.values['gain']):g} of the signal is left by each layer",
                    help="Give the std to normal_ only; Xavier and orthogonal want a gain near 1 (calculate_gain).",
                    layer=call.target.slot,
                )


def _scope(call: InitCall) -> ast.AST:
    node = call.site.node
    while (above := call.site.source.parents.get(node)) is not None:
        node = above
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            break
    return node


def _is_small(call: InitCall, name: str) -> bool:
    value = number(call.values.get(name))
    return name in call.nodes and value is not None and 0 < value < SMALL


def _text(call: InitCall, name: str) -> str:
    node = origin(call.site, call.nodes[name])
    return ast.unparse(node) if node is not None else ""
