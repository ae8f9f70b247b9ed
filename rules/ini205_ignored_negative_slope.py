"""INI205 ignored-negative-slope: `a` has an effect for leaky_relu alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.handing import handed_over
from initlint.describe.nodes import InitCall, Parameter
from initlint.describe.signatures import SIGNATURES
from initlint.describe.symbols import constant
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.reference.torch_gains import TORCH_NONLINEARITIES
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel

_ORDER = tuple(name for name, _ in SIGNATURES["kaiming_normal_"])


class IgnoredNegativeSlope(Rule):
    """`kaiming_*` gets a slope `a` beside a `nonlinearity` that has none.

    ## What it does
    Reports `kaiming_*(w, a=x, nonlinearity=n)` where `n` is not `leaky_relu` and `x` is not 0, torch's default.

    ## Why is this bad?
    torch reads `a` for `leaky_relu` alone. The std is that of `n`: with `a=0.2` and `relu` it is sqrt(1 + 0.04), 2 %
    more than was asked for; with `a=sqrt(5)`, 2.4 times.

    ## Example
    ```python
    nn.init.kaiming_normal_(self.conv.weight, a=0.2, nonlinearity="relu")
    ```

    ## Use instead
    ```python
    nn.init.kaiming_normal_(self.conv.weight, a=0.2, nonlinearity="leaky_relu")
    ```

    ## Fix safety
    Safe and value-preserving: `a` is dropped, the numbers drawn stay the same. Where a LeakyReLU of that slope follows
    the layer, `leaky_relu` was meant; that changes the numbers, and is unsafe.

    ## References
    - [torch.nn.init.calculate_gain](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain)
    - He et al. 2015, eq. 15, https://arxiv.org/abs/1502.01852
    """

    code = "INI205"
    name = "ignored-negative-slope"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every call with a slope that torch does not read."""
        calls = [call for call in file.facts(InitCall) if _ignores(call)]
        leaky = _leaky(file, calls) if calls else frozenset()
        for call in calls:
            site, node = handed_over(call.site, call.nodes.get("a"), call.via)
            word = call.values["nonlinearity"]
            yield self.finding(
                call.site,
                f"`a` has no effect beside nonlinearity={word!r}: torch reads it for 'leaky_relu' alone",
                help="name leaky_relu, or drop `a`",
                layer=file.name_of(call.target.storage),
                fix=_fix(call, id(call.site.node) in leaky) if site is call.site and node is not None else None,
            )


def _ignores(call: InitCall) -> bool:
    torch_own = call.function.startswith("torch.nn.init.kaiming_")
    word, slope = call.values.get("nonlinearity"), constant(call.values.get("a"))
    named = isinstance(word, str) and word in TORCH_NONLINEARITIES and word != "leaky_relu"
    return torch_own and named and slope is not None and slope != 0


def _leaky(file: FileModel, calls: list[InitCall]) -> frozenset[int]:
    """The calls after whose layers a LeakyReLU of just that slope comes, and never anything else."""
    slopes: dict[int, list[bool]] = {id(call.site.node): [] for call in calls}
    for parameter in file.parameters:
        event = parameter.effective
        if event is not None and event.call is not None and id(event.call.site.node) in slopes:
            slopes[id(event.call.site.node)].append(_meets_slope(parameter, event.call))
    return frozenset(node for node, met in slopes.items() if met and all(met))


def _meets_slope(parameter: Parameter, call: InitCall) -> bool:
    follow = parameter.follow
    return (
        follow is not None
        and follow.known
        and follow.activation == "leaky_relu"
        and constant(follow.slope) == constant(call.values.get("a"))
    )


def _fix(call: InitCall, leaky: bool) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.calls import quoted, set_arguments

    source, node = call.site.source, call.site.node
    if not isinstance(node, ast.Call):
        return None
    if leaky:
        word = quoted(source, "leaky_relu")
        return attempt(
            Applicability.UNSAFE,
            "Name leaky_relu",
            lambda: set_arguments(source, node, order=_ORDER, set={"nonlinearity": word}),
        )
    return attempt(
        Applicability.SAFE,
        "Drop `a` (value-preserving)",
        lambda: set_arguments(source, node, order=_ORDER, drop={"a"}),
    )
