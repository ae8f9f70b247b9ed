"""INI508 tied-weight-order."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import AttributeWrite
from initlint.describe.reach import inits
from initlint.describe.symbols import constant, number, shown
from initlint.describe.values import ModuleObject, Storage, Tensor
from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, InitEvent, Model, Parameter, Site

_TABLES = ("Embedding", "EmbeddingBag")
_PRODUCT = re.compile(r"linear\(|matmul\(|\.weight\.(?:t\(|T\b|transpose)|einsum\(")
_WIDE = 0.5  # torch's own embedding has std 1; what a head can bear is near 1/sqrt(width)
_NARROW = 10  # logits of std sqrt(width), up to about 3, are those of a model that has begun to learn


class TiedWeightOrder(Rule):
    """Two layers share one weight, and what is left in it suits neither, or depends on the order of visits.

    ## What it does
    Finds `head.weight = embedding.weight`. It speaks when the embedding's own N(0, 1) is what stays in the shared
    tensor, unless forward rescales what enters or leaves the head; and when an init visits the tensor under both of
    its names and draws it differently each time.

    ## Why is this bad?
    A head with weights of std 1 over a normalised signal of width d gives logits of std sqrt(d): the loss starts
    near 100 where an untrained model of V classes has ln V, and training spends its first steps shrinking the table.
    In the second case the last visit wins, which is the order of two lines in the constructor.

    ## Example
    ```python
    self.embed = nn.Embedding(vocab, 768)
    self.head = nn.Linear(768, vocab, bias=False)
    self.head.weight = self.embed.weight
    ```

    ## Use instead
    ```python
    self.embed = nn.Embedding(vocab, 768)
    self.head = nn.Linear(768, vocab, bias=False)
    self.head.weight = self.embed.weight
    nn.init.normal_(self.embed.weight, std=0.02)
    ```

    ## References
    - Press and Wolf, 2017, [Using the Output Embedding to Improve Language Models](https://arxiv.org/abs/1608.05859)
    - Radford et al., 2019, Language Models are Unsupervised Multitask Learners (GPT-2): N(0, 0.02) for the tied table
    """

    code = "INI508"
    name = "tied-weight-order"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Ties of whole models, by what their tensor holds in the end."""
        ties = [one for one in file.facts(AttributeWrite) if _tied(one) is not None]
        for model in file.models:
            if model.owned or not model.complete:
                continue
            for parameter in model.parameters:
                tie = next((one for one in ties if _tied(one) is parameter.storage), None)
                if tie is not None:
                    yield from self._judged(file, model, parameter, tie)
                elif _may_be_head(file, parameter) and _is_head(parameter) and parameter.site is not None:
                    yield from self._wide(file, parameter.site, model, parameter)

    def _wide(self, file: FileModel, site: Site, model: Model, parameter: Parameter) -> Iterator[Finding]:
        if file.references is not None and file.references.is_loaded(model):
            return
        yield self.finding(
            site,
            f"the head shares the embedding's own N(0, 1): its logits start with a std near sqrt({_width(parameter)})",
            help="Give the shared table a small std, such as 0.02, after tying.",
            layer=f"{model.name}.{parameter.name}",
        )

    def _judged(self, file: FileModel, model: Model, parameter: Parameter, tie: AttributeWrite) -> Iterator[Finding]:
        is_linear = any(base == "Linear" for base in tie.module.bases)
        if is_linear and _is_wide(parameter) and not _rescaled(parameter, tie.module):
            yield from self._wide(file, tie.site, model, parameter)
        twice = _twice(file, model, parameter, tie)
        if twice is not None and twice[1].site is not None:
            yield self.finding(
                twice[1].site,
                f"this draws the tied weight a second time, under its other name: {_told(twice[1])} replaces "
                f"{_told(twice[0])}",
                help="Initialise a shared weight once, after tying.",
                layer=f"{model.name}.{parameter.name}",
            )


def _tied(write: AttributeWrite) -> Storage | None:
    """The memory that a layer's weight is made to share, where that surely happens."""
    value = write.value
    if write.name != "weight" or not isinstance(value, Tensor) or value.storage is None or not value.is_parameter:
        return None
    owner = value.storage.layer
    shared = owner is not None and owner is not write.module and write.previous is not None
    return value.storage if shared and all(guard.default for guard in write.guards) else None


def _is_wide(parameter: Parameter) -> bool:
    """Whether an embedding's own default is what stays in the tensor."""
    last, owner = parameter.effective, parameter.storage.layer
    std = number(last.std) if last is not None and last.default else None
    table = owner is not None and any(base in _TABLES for base in owner.bases)
    width = constant(parameter.shape[-1]) if parameter.shape else None
    bearable = width is not None and width < _NARROW
    return table and std is not None and std > _WIDE and not bearable


def _may_be_head(file: FileModel, parameter: Parameter) -> bool:
    """The same as far as it can be told without reading forward: somebody has to speak of `embed.weight`."""
    if not _is_wide(parameter):
        return False
    owner = parameter.name.rpartition(".")[0].rpartition(".")[2]
    # not in quotes: transformers names what it ties in `_tied_weights_keys`
    named = re.compile(
        rf"(?<![\w.\"'])(?:\w+\.)+{re.escape(owner)}\.weight\b(?![\"'])" if owner.isidentifier() else r"\.weight"
    )
    return any(_PRODUCT.search(one.text) and named.search(one.text) for one in file.sources)


def _is_head(parameter: Parameter) -> bool:
    """Whether forward multiplies by the table itself and returns the product: `F.linear(x, self.embed.weight)`."""
    if "contract" not in parameter.uses or parameter.flow.graph is None:
        return False
    graph = parameter.flow.graph
    products = graph.by_module.get(id(parameter.storage), [])
    met = [later.op for node in products for later in graph.met(node)]
    return bool(met) and set(met) == {"return"} and not _rescaled(parameter, parameter.storage)


def _rescaled(parameter: Parameter, head: ModuleObject | Storage) -> bool:
    """Whether forward scales what goes into the head or comes out of it; True where that is not known."""
    graph = parameter.flow.graph
    nodes = graph.by_module.get(id(head), []) if graph is not None else []
    if graph is None or not nodes:
        return True
    near = [other for node in nodes for other in (*node.inputs, *graph.consumers[id(node)])]
    return any(other.op in ("scale", "unknown", "mul") for other in near)


def _twice(
    file: FileModel, model: Model, parameter: Parameter, tie: AttributeWrite
) -> tuple[InitEvent, InitEvent] | None:
    """The last two draws, by one init over all or each by another name, where they differ."""
    drawn = [
        event
        for event in parameter.history
        if event.order > tie.order and event.region is None and event.certain and not event.default
    ]
    if len(drawn) < 2 or any(event.scheme in ("unknown", "copy") for event in drawn):
        return None
    first, second = drawn[-2:]
    if _told(first) == _told(second) or first.broad != second.broad:
        return None
    if not first.broad:
        return (first, second) if _written(first) != _written(second) else None
    together = any(one.order < first.order and second.order < one.end for one in inits(file, model))
    return (first, second) if together else None


def _written(event: InitEvent) -> str | None:
    """The tensor as the call names it, without `.data`."""
    call = event.call
    if call is None or not isinstance(call.site.node, ast.Call):
        return None
    node = call.nodes.get("tensor", call.site.node.func)
    source = call.site.source
    return source.segment(source.span(node)).replace(".data", "").rpartition(".weight")[0]


def _told(event: InitEvent) -> str:
    std = shown(event.std)
    return event.scheme if std is None else f"{event.scheme} of std {std}"


def _width(parameter: Parameter) -> object:
    return shown(parameter.shape[-1]) if parameter.shape else "width"
