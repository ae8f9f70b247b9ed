"""INI107 identical-tokens: several learned tokens start equal, and nothing tells them apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.raw import owner_text
from initlint.describe.symbols import number
from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.flow import FlowNode, Graph
    from initlint.describe.nodes import FileModel, InitEvent, Parameter

_TOLD_APART = re.compile(r"\.unbind\(|\.chunk\(|\.split\(")  # each row's result goes its own way
_TOKENS = re.compile(r"token|quer(y|ies)|prompt|latent|register|slot|seed|inducing|centroid|prototype", re.IGNORECASE)
_PLAIN = frozenset({"pass", "join", "scale"})


class IdenticalTokens(Rule):
    """More than one learned token, query or prompt, all of them equal at the start.

    ## What it does
    Reports parameters named like tokens that hold several rows, all zero or all one number, and that forward puts
    beside its input or hands to attention as they are. Silent for a single token, where an embedding or position is
    added to them before a layer sees them, and where forward is not understood.

    ## Why is this bad?
    Attention treats equal tokens equally, and so does the gradient: n of them do the work of one until noise has
    drawn them apart.

    ## Example
    ```python
    self.queries = nn.Parameter(torch.zeros(1, 16, width))
    ```

    ## Use instead
    ```python
    self.queries = nn.Parameter(torch.randn(1, 16, width) * 0.02)
    ```

    ## References
    - [Locatello et al. 2020, Slot Attention](https://arxiv.org/abs/2006.15055): slots are drawn from a Gaussian
    """

    code = "INI107"
    name = "identical-tokens"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every constant parameter of several rows that goes into a layer as it is."""
        for model in file.models:
            for parameter in model.parameters if model.complete and not model.owned else ():
                event = parameter.effective
                if event is None or event.site is None or not _constant(parameter, event):
                    continue
                rows = _rows(parameter)
                if rows is None or not _enters_as_it_is(parameter):
                    continue
                yield self.finding(
                    event.site,
                    f"the {rows} rows of {model.name}.{parameter.name} start equal, and nothing tells them apart",
                    help="draw them at random, with a small std",
                    layer=f"{model.name}.{parameter.name}",
                )


def _constant(parameter: Parameter, event: InitEvent) -> bool:
    named = parameter.spec is None and bool(_TOKENS.search(parameter.slot))
    drawn = event.default or not event.certain or bool(parameter.after) or parameter.storage.frozen
    return named and not drawn and event.scheme in ("zeros", "ones", "constant")


def _rows(parameter: Parameter) -> int | None:
    """How many tokens it holds, where that is known to be more than one."""
    shape = parameter.shape
    if shape is None or len(shape) < 2:
        return None
    count = number(shape[-2])
    batch = [size for size in shape[:-2] if size != 1]
    return int(count) if count is not None and count > 1 and not batch else None


def _enters_as_it_is(parameter: Parameter) -> bool:
    """Whether the tokens reach a concatenation, a layer or attention with nothing added on the way or behind it."""
    if _TOLD_APART.search(owner_text(parameter)):
        return False
    graph = parameter.flow.graph
    starts = [node for node in graph.nodes if node.op == "param" and node.storage is parameter.storage] if graph else []
    if graph is None or not starts:
        return False
    met = [one for start in starts for one in _met(graph, start)]
    if not met or any(one.op not in ("cat", "layer", "attention") for one in met):
        return False
    behind = [later for one in met if one.op == "cat" for later in _met(graph, one)]
    return all(one.op in ("layer", "norm", "attention") for one in behind)


def _met(graph: Graph, node: FlowNode) -> Iterator[FlowNode]:
    for one in graph.consumers[id(node)]:
        if one.op in _PLAIN:
            yield from _met(graph, one)
        else:
            yield one
