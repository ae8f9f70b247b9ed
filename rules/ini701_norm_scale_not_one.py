"""INI701 norm-scale-not-one: a normalisation layer's scale starts random around zero, or at zero everywhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.bottleneck import is_bottleneck, is_bypassed
from initlint.describe.nodes import InitCall, InitEvent, Parameter, Site
from initlint.describe.owners import rewritten
from initlint.describe.symbols import number
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel
    from initlint.source.text import SourceText

_NORM_CLASS = re.compile(r"norm(?!al|aliz\w*flow)|(?<![a-z])[blgi]n(?![a-z])", re.IGNORECASE)
_OTHER_NORM = re.compile(r"weight_?norm|spectral|cond|ada|film|spade|style", re.IGNORECASE)
_SCALES = frozenset({"weight", "gamma", "scale", "g", "a_2", "gain"})
_WIDE = 0.3  # a spread from here on is no small one around one
FAR_FROM_ONE = 0.75  # a mean below it halves the signal at every second layer and worse


class NormScaleNotOne(Rule):
    """The scale of a normalisation layer does not start at one.

    ## What it does
    Reports scales drawn from N(0, s) or U(0, 1), of torch's norm layers and of hand-written ones, by name-based loops
    as well (`if "weight" in name`), and scales that are zero where everything has to pass through them.

    Silent for N(1, 0.02), for a zero scale in the last norm of a residual branch, for a scale that is used as
    `1 + weight`, and for conditional norms.

    ## Why is this bad?
    A norm layer gives every channel variance one; its scale is then a factor on the whole channel. N(0, 0.02) shrinks
    the signal 50 times in each norm and flips the sign of half the channels; U(0, 1) halves it and switches some
    channels off. It is most often a copy of the line for the convolutions, whose mean is 0.

    ## Example
    ```python
    if isinstance(m, nn.BatchNorm2d):
        nn.init.normal_(m.weight, 0.0, 0.02)
    ```

    ## Use instead
    ```python
    if isinstance(m, nn.BatchNorm2d):
        nn.init.normal_(m.weight, 1.0, 0.02)
    ```

    ## Fix safety
    Safe for U(0, 1), which becomes one, and for N(0, s), whose mean becomes one: no norm was meant to do otherwise.
    There is none for a statement that also writes to other weights.

    ## References
    - [Ioffe and Szegedy 2015, Batch Normalization](https://arxiv.org/abs/1502.03167)
    - [Radford et al. 2016, DCGAN](https://arxiv.org/abs/1511.06434): all *weights* N(0, 0.02)
    """

    code = "INI701"
    name = "norm-scale-not-one"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """The last write of each norm's scale, in models and in functions that treat any norm so."""
        for event, layer in (*_of_models(file), *_of_functions(file)):
            what = _wrong(event)
            if what is not None and event.site is not None:
                yield self.finding(
                    event.site,
                    f"the scale of {layer} starts {what}: it shrinks every channel, and switches some off or turns "
                    "them round",
                    help="a norm's scale starts at one",
                    layer=layer,
                    fix=_fix(file, event),
                )
        yield from self._in_tables(file)

    def _in_tables(self, file: FileModel) -> Iterator[Finding]:
        """Functional models: {"weight": torch.rand(n), "running_mean": ...}."""
        if "running_mean" not in file.source.text:
            return
        for node in syntax.walk(file.source.tree):
            if isinstance(node, ast.Dict):
                names = {key.value: value for key, value in zip(node.keys, node.values, strict=True)
                         if isinstance(key, ast.Constant)}  # fmt: skip
                match names.get("weight"):
                    case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="rand" | "randn" as how)) as call:
                        if "running_mean" in names:
                            what = "between 0 and 1" if how == "rand" else "at N(0, 1)"
                            yield self.finding(
                                Site(file.source, call),
                                f"the scale of this batch norm starts {what}: it shrinks every channel",
                                help="a norm's scale starts at one: torch.ones",
                                fix=_ones_instead(Site(file.source, call)),
                            )


def _of_models(file: FileModel) -> Iterator[tuple[InitEvent, str]]:
    for model in file.models:
        if not model.complete or model.owned:
            continue
        for parameter in model.parameters:
            event = parameter.effective
            if event is None or event.default or not event.certain or parameter.after or parameter.module.generic:
                continue
            if _wrong(event) is None or not _is_scale(parameter):
                continue
            if event.scheme == "zeros" and not _cuts_off(parameter, event):
                continue
            if not rewritten(file, parameter):
                yield event, f"{model.name}.{parameter.name}"


def _of_functions(file: FileModel) -> Iterator[tuple[InitEvent, str]]:
    """Writes to any norm, in functions whose model is not known."""
    for call in file.facts(InitCall):
        module, storage = call.target.module, call.target.storage
        if module is None or storage is None or not module.generic or not _is_norm_weight(call):
            continue
        event = storage.events[-1] if storage.events else None
        if event is None or event.call is not call or not event.possible or event.region is not None:
            continue
        if event.scheme != "zeros" or ("zero" not in call.scope and "by name" not in module.marks):
            yield event, f"every {module.kind}"


def _is_norm_weight(call: InitCall) -> bool:
    from initlint.reference.layers import LAYERS

    module = call.target.module
    kinds = (module.kind, *module.bases) if module is not None else ()
    return call.target.slot == "weight" and any(LAYERS[kind].role == "norm" for kind in kinds if kind in LAYERS)


def _is_scale(parameter: Parameter) -> bool:
    if parameter.spec is not None:
        return parameter.spec.role == "norm_weight"
    cls = parameter.module.kind
    named = parameter.slot in _SCALES and _NORM_CLASS.search(cls) and not _OTHER_NORM.search(cls)
    return bool(named) and parameter.module.cls is not None and _flat(parameter)


def _flat(parameter: Parameter) -> bool:
    """One number a channel: at most one axis that is not 1."""
    shape = parameter.shape
    return shape is not None and sum(size != 1 for size in shape) <= 1


def _cuts_off(parameter: Parameter, event: InitEvent) -> bool:
    """Whether a zero scale leaves nothing: all has to pass the layer, or the class makes its scale so wherever it is.

    A hand-written norm has to multiply by the scale itself, not by one plus the scale.
    """
    if parameter.spec is not None:
        return is_bottleneck(parameter)
    uses = parameter.uses
    return (
        event.call is None
        and "mul" in uses
        and "add" not in uses
        and "unknown" not in uses
        and "transformed" not in uses
        and not is_bypassed(parameter)
    )


def _wrong(event: InitEvent) -> str | None:
    mean, std, low = number(event.mean), number(event.std), number(event.low)
    if event.scheme == "zeros":
        return "at zero"
    if mean is None or abs(mean) >= FAR_FROM_ONE:
        return None
    if event.distribution == "uniform" and std:
        high = number(event.high)
        return f"uniform between {low:g} and {high:g}" if low is not None and high is not None else "around zero"
    if event.distribution in ("normal", "trunc_normal") and (std is None or std > 0):
        return f"around {mean:g}, not around 1"
    return None


def _fix(file: FileModel, event: InitEvent) -> Fix | None:
    from initlint.fixer.calls import receiver, replace_call, set_arguments  # needs libcst: not on a clean run
    from initlint.fixer.fragment import CannotRewrite, expression_text

    call, site = event.call, event.site
    if site is None or not isinstance(site.node, ast.Call) or event.scheme == "zeros":
        return None
    if call is None:
        return _ones_instead(site)
    others = [one for one in file.facts(InitCall) if one.site.node is site.node]
    if any(not _is_norm_weight(one) and one.target.module is not call.target.module for one in others):
        return None
    node, source = site.node, site.source
    try:
        values = _around_one(source, event, call) if event.scheme == "normal" else None
        if values is not None:
            order = ("mean", "std") if call.is_method else ("tensor", "mean", "std")
            edits = set_arguments(source, node, order=order, set=values)
            return Fix(Applicability.SAFE, "Draw it around one", edits)
        if event.distribution in ("uniform", "normal"):
            if isinstance(node.func, ast.Attribute) and call.is_method and isinstance(node.func.value, ast.Call):
                return _ones_instead(Site(source, node))
            tensor = receiver(source, node) if call.is_method else expression_text(source, node.args[0])
            return Fix(Applicability.SAFE, "Start it at one", replace_call(source, node, "ones_", tensor))
    except CannotRewrite:
        return None
    return None


def _around_one(source: SourceText, event: InitEvent, call: InitCall) -> dict[str, str] | None:
    """The arguments for the spread that was meant, which may stand where the mean does; None where it was not small."""
    mean, std = number(event.mean), number(event.std)
    if "mean" not in call.nodes or (std is not None and std >= _WIDE and "std" in call.nodes):
        return None
    if "std" in call.nodes:
        return {"mean": "1.0"}
    small = mean is not None and 0 < mean < _WIDE
    return {"mean": "1.0", "std": source.segment(source.span(call.nodes["mean"]))} if small else None


def _ones_instead(site: Site) -> Fix | None:
    """`torch.rand(n)` or `torch.Tensor(n).uniform_()` as `torch.ones(n)`."""
    from initlint.fixer.fragment import CannotRewrite, expression_text
    from initlint.fixer.rewrite import replace_expression

    source, node = site.source, site.node
    maker = node
    while (
        isinstance(maker, ast.Call) and isinstance(maker.func, ast.Attribute) and isinstance(maker.func.value, ast.Call)
    ):
        maker = maker.func.value
    match maker:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch")), args=[*sizes], keywords=[]) if sizes:
            pass
        case _:
            return None
    try:
        inside = ", ".join(expression_text(source, size) for size in sizes)
        edits = replace_expression(source, node, f"torch.ones({inside})")  # type: ignore[arg-type]
    except CannotRewrite:
        return None
    return Fix(Applicability.SAFE, "Start it at one", edits)
