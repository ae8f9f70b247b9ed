"""INI702 random-bias: a bias is drawn with a spread of order one, or of one sign."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import InitCall
from initlint.describe.symbols import number
from initlint.describe.values import Tensor
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.reference.activations import SATURATING
from initlint.reference.fans import torch_fans
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.flow import Follow
    from initlint.describe.nodes import FileModel, InitEvent, Parameter

ORDER_ONE = 0.25  # the std from which on a bias is no longer small beside a signal of variance one


class RandomBias(Rule):
    """A bias is drawn with a std of order one, or from numbers of one sign.

    ## What it does
    Reports biases of torch's layers whose last write is `normal_(b)`, `uniform_(b)`, `uniform_(b, 0, 0.5)` and the
    like. Silent for small draws, for torch's defaults, for constants, for draws around a mean other than 0 (a prior),
    and where the same statement draws weights as well: then the weights are the mistake to mend.

    ## Why is this bad?
    A bias has nothing to break: the weights already make the units differ. A random one of order one shifts every
    unit by as much as its whole signal; before sigmoid, tanh or softmax it holds units at the flat ends, so there the
    severity is warning.

    ## Example
    ```python
    nn.init.normal_(self.fc.bias)
    ```

    ## Use instead
    ```python
    nn.init.zeros_(self.fc.bias)
    ```

    ## Fix safety
    Safe: a zero bias is what every scheme for the weights assumes.

    ## References
    - [Glorot and Bengio 2010](https://proceedings.mlr.press/v9/glorot10a.html), section 2.3: biases are 0
    """

    code = "INI702"
    name = "random-bias"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """The last write of each bias."""
        for name, event, follow in (*_of_models(file), *_of_functions(file)):
            what = _wrong(event)
            if what is None or event.site is None or _draws_weights(file, event):
                continue
            squashed = follow is not None and (follow.activation in SATURATING or "softmax" in follow.meets)
            yield self.finding(
                event.site,
                f"the bias of {name} is drawn {what}"
                + (": it holds units at the flat ends of what follows" if squashed else ""),
                help="start it at zero: the random weights already make the units differ",
                layer=name,
                severity=Severity.WARNING if squashed else None,
                fix=_fix(event),
            )


def _of_models(file: FileModel) -> Iterator[tuple[str, InitEvent, Follow | None]]:
    for model in file.models:
        for parameter in model.parameters if model.complete and not model.owned else ():
            event = parameter.effective
            if event is None or event.default or not event.certain or parameter.after or parameter.module.generic:
                continue
            if _wrong(event) is not None and _is_bias(parameter) and not _is_torchs_own(parameter, event):
                name = parameter.name.removesuffix(f".{parameter.slot}")
                yield f"{model.name}.{name}", event, parameter.follow


def _is_torchs_own(parameter: Parameter, event: InitEvent) -> bool:
    """Whether it is U(+-1/sqrt(fan_in)), which torch itself gives the bias: wide where the layer has one input."""
    weight = parameter.module.slots.get("weight")
    shape = weight.storage.shape if isinstance(weight, Tensor) and weight.storage is not None else None
    fans = torch_fans(shape) if shape is not None and len(shape) > 1 else None
    fan_in, high = number(fans[0]) if fans is not None else None, number(event.high)
    return fan_in is not None and high is not None and math.isclose(high**2 * fan_in, 1, rel_tol=1e-3)


def _is_bias(parameter: Parameter) -> bool:
    if parameter.spec is not None:
        return parameter.role in ("bias", "norm_bias")
    shape = parameter.shape
    return parameter.slot in ("bias", "b") and shape is not None and len(shape) == 1 and parameter.uses == ("add",)


def _of_functions(file: FileModel) -> Iterator[tuple[str, InitEvent, Follow | None]]:
    """Biases of any layer of a kind, in functions whose model is not known."""
    for call in file.facts(InitCall):
        module, storage = call.target.module, call.target.storage
        if module is None or storage is None or not module.generic or call.target.slot != "bias":
            continue
        event = storage.events[-1] if storage.events else None
        if event is not None and event.call is call and event.possible and event.region is None:
            yield f"every {module.kind}", event, None


def _wrong(event: InitEvent) -> str | None:
    mean, std, low, high = (number(value) for value in (event.mean, event.std, event.low, event.high))
    if std is None or mean is None:
        return None
    if event.distribution == "uniform" and low is not None and high is not None and low < high:
        if low >= 0 or high <= 0:
            return f"from one sign only, between {low:g} and {high:g}"
        return f"between {low:g} and {high:g}: as large as the signal" if std >= ORDER_ONE else None
    if event.distribution in ("normal", "trunc_normal") and mean == 0 and std >= ORDER_ONE:
        return f"with std {std:.3g}: as large as the signal"
    return None


def _draws_weights(file: FileModel, event: InitEvent) -> bool:
    """Whether the statement also writes to something that is no bias."""
    site = event.site
    calls = [call for call in file.facts(InitCall) if site is not None and call.site.node is site.node]
    return any(call.target.kind != "none" and "bias" not in (call.target.slot or "") for call in calls)


def _fix(event: InitEvent) -> Fix | None:
    from initlint.fixer.calls import rename_callee  # needs libcst: not on a clean run
    from initlint.fixer.fragment import CannotRewrite
    from initlint.fixer.scheme import write_scheme
    from initlint.reference.recommend import Code

    site = event.site
    if site is None or not isinstance(site.node, ast.Call):
        return None
    try:
        if event.call is not None:
            edits = write_scheme(event.call, Code("zeros_"))
        else:
            edits = rename_callee(site.source, site.node, "zeros")  # torch.randn(n)
    except CannotRewrite:
        return None
    return Fix(Applicability.SAFE, "Start the bias at zero", edits)
