"""INI503 uncovered-parameter."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.reach import below, code, doing, given_layers, inits, is_kind, named_kinds, names
from initlint.describe.symbols import Sym, number, told
from initlint.finding import Finding, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import Applied, FileModel, Model, Parameter
    from initlint.describe.values import ModuleObject, Value

_TABLE = re.compile(r"(?:^|_|\.)(?:pos|abs_pos|position)|emb|token", re.IGNORECASE)
_NOT_TABLE = re.compile(r"bias|scale|gamma|beta|lora|cache|mask|relative", re.IGNORECASE)
_WRITES = re.compile(r"init|_$|data|copy")
_PATCH = re.compile(r"patch|embed|stem", re.IGNORECASE)
_LEARNED = ("weight", "embedding")
_BY_FAN = ("xavier", "kaiming", "lecun", "orthogonal")
_SMALL = 0.5  # an init that draws everything smaller than this did not mean torch's N(0, 1) for its embeddings


class UncoveredParameter(Rule):
    """The model's init goes through its layers by type, and something that it should draw is of no type it names.

    ## What it does
    Looks at an init that runs over the whole model and picks layers by `isinstance` or class name, and reports what
    falls through: a table of positions or tokens held in a raw `nn.Parameter` that stays at zero, an `nn.Embedding`
    left at N(0, 1) where all else is drawn small, and an init none of whose types occurs in the model. The convolution
    of a patch embedding that keeps torch's default beside small Linear layers is told as advice.

    ## Why is this bad?
    The init reads as if it set the whole model. minGPT's position table stayed at zero this way, and its many copies
    still have it; an Embedding of std 1 among layers of std 0.02 drowns everything that is added to it.

    ## Example
    ```python
    self.pos_emb = nn.Parameter(torch.zeros(1, 1024, 768))
    self.apply(self._init_weights)  # handles nn.Linear and nn.Embedding
    ```

    ## Use instead
    ```python
    self.pos_emb = nn.Parameter(torch.zeros(1, 1024, 768))
    self.apply(self._init_weights)
    nn.init.normal_(self.pos_emb, std=0.02)
    ```

    ## References
    - minGPT, [karpathy/minGPT](https://github.com/karpathy/minGPT): `_init_weights` later got a branch for `pos_emb`
    """

    code = "INI503"
    name = "uncovered-parameter"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Inits over whole models, and what their types leave out."""
        for model in file.models:
            if model.owned or not model.complete or model.kind != "class":
                continue
            whole = [one for one in inits(file, model) if _is_whole(model, one)]
            missed = [finding for applied in whole[-1:] for finding in self._missed(file, model, applied)]
            if missed and not (file.references is not None and file.references.is_loaded(model)):
                yield from missed

    def _missed(self, file: FileModel, model: Model, applied: Applied) -> Iterator[Finding]:
        nodes = code(file, applied)
        kinds = named_kinds(nodes)
        reached = [one for one in model.parameters if doing(applied, one)]
        if not kinds or not reached:
            if kinds and _nothing_fits(model, kinds, nodes) and not _reached_before(file, model, applied):
                first = next(one for one in model.parameters if one.role in _LEARNED)
                yield self._report(
                    model, first, f"the init names {_listed(kinds)} only, and no such layer is in {model.name}"
                )
            return
        std = _usual(applied, reached)
        for parameter in model.parameters:
            if parameter.site is None or doing(applied, parameter):
                continue
            if _is_zero_table(parameter):
                yield self._report(
                    model, parameter, f"{parameter.name} stays all zero: the init goes by layer type ({_listed(kinds)})"
                )
            elif std is not None and std < _SMALL and _is_default_embedding(parameter, kinds):
                yield self._report(
                    model,
                    parameter,
                    f"{parameter.name} keeps N(0, 1) while the init draws the rest with std {told(std)}",
                )
            elif std is not None and _is_patch(parameter, kinds):
                yield self._report(
                    model,
                    parameter,
                    f"{parameter.name} keeps torch's default: the init names {_listed(kinds)}",
                    Severity.INFO,
                )

    def _report(self, model: Model, parameter: Parameter, message: str, severity: Severity | None = None) -> Finding:
        assert parameter.site is not None
        return self.finding(
            parameter.site,
            message,
            help="Add a branch for it, or initialise it by name.",
            layer=f"{model.name}.{parameter.name}",
            severity=severity,
        )


def _is_whole(model: Model, applied: Applied) -> bool:
    return applied.module is model.root and applied.how != "post_init" and all(g.default for g in applied.guards)


def _reached_before(file: FileModel, model: Model, applied: Applied) -> bool:
    """Whether another init of the model has drawn its layers: the one that finds none speaks of parts of few models."""
    others = [one for one in inits(file, model) if one is not applied and one.module is model.root]
    return any(doing(one, parameter) for one in others for parameter in model.parameters)


def _listed(kinds: frozenset[str]) -> str:
    return ", ".join(sorted(kinds)[:4])


def _nothing_fits(model: Model, kinds: frozenset[str], nodes: list[ast.AST]) -> bool:
    """Whether the init writes to layers, all layers of the model are known, and none is of a kind that it names."""
    layers = list(below(model.root).values())
    learned = [
        one for one in model.parameters if one.role in _LEARNED and one.spec is not None and one.site is not None
    ]
    known = all(layer.cls is not None or layer.bases or _bare(layer.dotted) for layer in layers)
    known = known and not any(isinstance(part, Sym) for layer in layers for part in _parts(layer))
    known = known and not any(given_layers(layer) for layer in layers)
    writes = any(isinstance(n, ast.Attribute) and _WRITES.search(n.attr) for root in nodes for n in syntax.walk(root))
    only_torch = all(name[:1].isupper() or name.startswith("_") for name in kinds)
    only_torch = only_torch and any(is_kind(name) for name in kinds)  # of tensors and settings it may ask as well
    return bool(learned) and known and writes and only_torch and not any(names(kinds, layer) for layer in layers)


def _parts(layer: ModuleObject) -> list[Value]:
    """The members of a list or Sequential."""
    return [part for name, part in layer.slots.items() if name.isdigit()]


def _bare(dotted: str | None) -> bool:
    """A module of torch without weights: an activation, a dropout."""
    return dotted is not None and dotted.startswith(("torch.nn.", "activation."))


def _usual(applied: Applied, reached: list[Parameter]) -> float | None:
    """The std that the init gives to Linear layers, where it is one number."""
    drawn = [doing(applied, one)[-1] for one in reached if one.role == "weight" and "Linear" in one.module.bases]
    if any(event.scheme.startswith(_BY_FAN) for event in drawn):
        return None  # each layer has its own
    stds = {number(event.std) for event in drawn if event.scheme in ("normal", "trunc_normal")}
    return next(iter(stds)) if len(stds) == 1 else None


def _is_zero_table(parameter: Parameter) -> bool:
    """Several learned positions or tokens, all zero, that forward adds or joins to the signal."""
    last, shape, name = parameter.effective, parameter.shape, parameter.slot
    if parameter.spec is not None or last is None or last.scheme != "zeros" or last.call is not None or parameter.after:
        return False
    if len(parameter.history) > 1 or shape is None or len(shape) < 2 or parameter.storage.frozen:
        return False
    several = shape[-2] != 1 and _TABLE.search(name) is not None and _NOT_TABLE.search(name) is None
    return several and bool({"add", "cat", "embedding"} & set(parameter.uses))


def _is_default_embedding(parameter: Parameter, kinds: frozenset[str]) -> bool:
    last = parameter.effective
    is_default = last is not None and last.default and last.certain and parameter.role == "embedding"
    return is_default and not names(kinds, parameter.module)


def _is_patch(parameter: Parameter, kinds: frozenset[str]) -> bool:
    """A convolution that cuts its input into patches: it strides by its own width."""
    last, layer = parameter.effective, parameter.module
    convolves = parameter.role == "weight" and any(base.startswith("Conv") for base in layer.bases)
    if last is None or not last.default or not convolves or not _PATCH.search(parameter.name):
        return False
    kernel, stride = layer.arguments.get("kernel_size"), layer.arguments.get("stride")
    return kernel is not None and kernel == stride and kernel not in (1, (1, 1)) and not names(kinds, layer)
