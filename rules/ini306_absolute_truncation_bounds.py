"""INI306 absolute-truncation-bounds."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from initlint.describe.nodes import InitCall
from initlint.describe.origin import parts
from initlint.describe.symbols import number
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.reference.truncation import TWO_SIGMA_STD
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel

NO_CUT = 6  # sigmas: one draw in 5e8 lies beyond
CORRECTED_REACH = 2.5  # sigmas: who divides by the std of a cut at 2 wants just that cut


class AbsoluteTruncationBounds(Rule):
    """The bounds of `trunc_normal_` are written as multiples of the std; they are absolute.

    ## What it does
    Finds `trunc_normal_` calls that write out `a` and `b` beside a std that they do not fit: bounds more than 6 stds
    away, which cut nothing, also beside a std that was divided by 0.8796 to make up for a cut at 2 stds. Bounds
    inside one std are a warning: what is left is nearly uniform, and its std far from the one asked for.

    ## Why is this bad?
    `trunc_normal_(w, std=0.02, a=-2, b=2)` cuts at 100 stds. The outliers that it should keep away come, and a std
    corrected for the cut comes out 14 % too large.

    ## Example
    ```python
    nn.init.trunc_normal_(self.fc.weight, std=0.02, a=-2, b=2)
    ```

    ## Use instead
    ```python
    nn.init.trunc_normal_(self.fc.weight, std=0.02, a=-2 * 0.02, b=2 * 0.02)
    ```

    ## Fix safety
    Unsafe: other numbers are drawn. Bounds too wide become multiples of the std; beside bounds inside one std, the std
    becomes half the bound, which leaves the weights as large as they were.

    ## References
    - [torch.nn.init.trunc_normal_](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.trunc_normal_)
    - [timm issue 1286](https://github.com/huggingface/pytorch-image-models/issues/1286)
    """

    code = "INI306"
    name = "absolute-truncation-bounds"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each call whose bounds do not fit its std."""
        fixes: dict[int, Fix | None] = {}  # by call: one stands for all the layers that it reaches
        for call in file.facts(InitCall):
            if call.name != "trunc_normal_" or not {"a", "b", "std"} <= call.nodes.keys():
                continue
            mean, std, low, high = (number(call.values.get(name, 0)) for name in ("mean", "std", "a", "b"))
            if mean is None or low is None or high is None or (std is not None and std <= 0):
                continue
            if std is None:
                corrected = _is_corrected(call) and high - mean >= 1 >= mean - low - 2
                reach = None if corrected else 0.0
            else:
                reach = min(high - mean, mean - low) / std
                reach = None if reach > CORRECTED_REACH and _is_corrected(call) else reach
            if reach is None or reach > NO_CUT:
                key = id(call.site.node)
                fix = fixes[key] if key in fixes else fixes.setdefault(key, _fix(call))
                yield self.finding(call.site, _no_cut(reach), help=_HELP, layer=call.target.slot, fix=fix)
            elif std is not None and reach < 1:
                yield self.finding(
                    call.site,
                    f"the bounds cut {reach:.2g} stds from the mean: no normal distribution of std {std:g} is left",
                    help=_HELP,
                    layer=call.target.slot,
                    severity=Severity.WARNING,
                    fix=_smaller_std(call) if high - mean == mean - low else None,
                )


_HELP = "`a` and `b` are absolute values, not multiples of std: a=-2 * std, b=2 * std."


def _no_cut(reach: float | None) -> str:
    far = "" if reach is None else f", {reach:.3g} stds away"
    return f"the truncation bounds are absolute{far}: not the cut that the std is for"


def _is_corrected(call: InitCall) -> bool:
    """Whether the std is divided by the std of a normal cut at 2 sigmas."""
    for node in parts(call.site, call.nodes.get("std")):
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and abs(node.value - TWO_SIGMA_STD) < 1e-3:
            return True
    return False


def _fix(call: InitCall) -> Fix | None:
    text = _factor(call, call.nodes["std"])
    return _set(call, "Write the bounds as multiples of the std", {"a": f"-2 * {text}", "b": f"2 * {text}"})


def _smaller_std(call: InitCall) -> Fix | None:
    """Bounds that are narrower than the std say what size was meant: wider ones would draw other numbers by far."""
    high, mean = call.nodes["b"], number(call.values.get("mean", 0))
    if mean != 0:
        return None
    match high:
        case ast.Constant(value=int() | float() as bound):
            text = f"{bound / 2:g}"
        case _:
            text = f"{_factor(call, high)} / 2"
    return _set(call, "Take half the bound for the std", {"std": text})


def _factor(call: InitCall, node: ast.expr) -> str:
    """The text of an argument, as a factor."""
    text = call.site.source.segment(call.site.source.span(node))
    return text if isinstance(node, (ast.Name, ast.Constant, ast.Attribute, ast.Call)) else f"({text})"


def _set(call: InitCall, title: str, values: Mapping[str, str]) -> Fix | None:
    from initlint.fixer.attempt import attempt  # libcst
    from initlint.fixer.calls import set_arguments

    source, node, order = call.site.source, call.site.node, ("tensor", "mean", "std", "a", "b")
    if not isinstance(node, ast.Call):
        return None
    return attempt(Applicability.UNSAFE, title, lambda: set_arguments(source, node, order=order, set=values))
