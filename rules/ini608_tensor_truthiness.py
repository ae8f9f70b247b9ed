"""INI608 tensor-truthiness: `if m.bias:` asks for the truth of a tensor."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import Truth
from initlint.describe.symbols import constant
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class TensorTruthiness(Rule):
    """A parameter stands where a truth value is wanted.

    ## What it does
    Reports `if m.bias:`, `m.bias and ...`, `not m.bias`, `x if m.bias else y` where the attribute is a parameter with
    more than one element.

    ## Why is this bad?
    `RuntimeError: Boolean value of Tensor with more than one value is ambiguous`. With one element it asks whether the
    number is zero, which it is after `zeros_`.

    ## Example
    ```python
    if m.bias:
        nn.init.zeros_(m.bias)
    ```

    ## Use instead
    ```python
    if m.bias is not None:
        nn.init.zeros_(m.bias)
    ```

    ## Fix safety
    Safe: `is not None` is what was meant, and the code raised before.

    ## References
    - [torch.Tensor.item](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.item.html): one element only
    """

    code = "INI608"
    name = "tensor-truthiness"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every condition on a parameter that may have several elements."""
        for truth in file.facts(Truth):
            shape = truth.target.shape
            if shape is not None and all(constant(size) == 1 for size in shape):
                continue
            text = truth.subject.text
            yield self.finding(
                truth.site,
                f"the truth of the tensor `{text}` is asked for: this raises RuntimeError",
                help=f"`{text} is not None` asks whether it is there",
                layer=file.name_of(truth.target.storage),
                fix=_fix(truth, text),
            )


def _fix(truth: Truth, text: str) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.rewrite import replace_expression

    source, node = truth.subject.source, truth.subject.node
    if not isinstance(node, ast.expr):
        return None
    above = source.parents.get(node)
    if isinstance(above, ast.UnaryOp) and isinstance(above.op, ast.Not):
        return attempt(
            Applicability.SAFE,
            "Ask whether it is missing",
            lambda: replace_expression(source, above, f"{text} is None"),
        )
    return attempt(
        Applicability.SAFE,
        "Ask whether it is there",
        lambda: replace_expression(source, node, f"{text} is not None"),
    )
