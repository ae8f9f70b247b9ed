"""INI304 std-as-mean: the second argument of `normal_` is the mean."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import InitCall
from initlint.describe.symbols import Sym, number, shown
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.reference.layers import LAYERS
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel

LARGEST_STD = 0.3  # larger numbers are plausible means
_NORMALS = frozenset({"normal_", "normal", "trunc_normal_", "trunc_normal_tf_", "normal_init", "trunc_normal_init"})
_STD_NAME = re.compile(r"std|sigma|initializer_range|init_range|stdev|init_scale", re.IGNORECASE)
_MEAN_NAME = re.compile(r"mean|\bmu\b|loc|bias|offset|center|prior", re.IGNORECASE)


class StdAsMean(Rule):
    """A standard deviation is given to `normal_` as the mean.

    ## What it does
    Reports `normal_(w, 0.02)`, `trunc_normal_(w, 0.02)` and `w.data.normal_(0.02)`: one positional number below 0.3, or
    a name that says std, and no std. Silent for the weights of norms.

    ## Why is this bad?
    The second argument is the mean; the std stays 1. `normal_(w, 0.02)` draws from N(0.02, 1): 50 times wider than
    meant, and with fan-in 512 the signal grows 23 times in each layer.

    ## Example
    ```python
    nn.init.normal_(self.fc.weight, 0.02)
    ```

    ## Use instead
    ```python
    nn.init.normal_(self.fc.weight, std=0.02)
    ```

    ## Fix safety
    Safe: a number this small is a std; as a mean beside a std of 1 it would do nothing.

    ## References
    - [torch.nn.init.normal_](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.normal_)
    """

    code = "INI304"
    name = "std-as-mean"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every call with a small positional mean and no std."""
        for call in file.facts(InitCall):
            if call.name not in _NORMALS or "mean" not in call.values or "std" in call.values:
                continue
            if call.positional != (1 if call.is_method else 2) or not _is_std(call) or _is_norm(call):
                continue
            text = ast.unparse(call.nodes["mean"]) if "mean" in call.nodes else shown(call.values["mean"])
            yield self.finding(
                call.site,
                f"`{text}` is the mean here, and the std stays 1",
                help=f"name it: std={text}",
                layer=file.name_of(call.target.storage),
                fix=_fix(call),
            )


def _is_std(call: InitCall) -> bool:
    """Whether the argument is small and positive, or is called a std; not what is called a mean."""
    node, value = call.nodes.get("mean"), call.values["mean"]
    text = _last_name(node)
    if _MEAN_NAME.search(text):
        return False
    known = number(value)
    if known is not None:
        return 0 < known < LARGEST_STD
    return isinstance(value, Sym) and bool(_STD_NAME.search(text))


def _last_name(node: ast.expr | None) -> str:
    """The name at the end of `config.initializer_range`, `args["std"]`; empty for an expression."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name
    return ""


def _is_norm(call: InitCall) -> bool:
    layer = LAYERS.get(call.target.layer or "")
    return layer is not None and layer.role == "norm" and call.target.slot == "weight"


def _fix(call: InitCall) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.calls import set_arguments

    source, node = call.site.source, call.site.node
    if not isinstance(node, ast.Call):
        return None
    order = ("mean",) if call.is_method else ("tensor", "mean")
    return attempt(
        Applicability.SAFE, "Name it std", lambda: set_arguments(source, node, order=order, rename={"mean": "std"})
    )
