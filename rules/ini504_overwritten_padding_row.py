"""INI504 overwritten-padding-row."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.symbols import Sym, shown
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, InitEvent, Parameter, Site

_TABLES = ("Embedding", "EmbeddingBag")
_RANDOM = ("uniform", "normal", "xavier", "kaiming", "lecun", "variance_scaling", "orthogonal", "sparse", "trunc")
_KEEP_ZERO = frozenset({"clamp_", "clip_", "mul_", "div_"})  # what they make of a row of zeros is a row of zeros

_OTHER_USES = frozenset({"embedding", "contract", "unknown"})  # a tied head, and functions that take the padding index


class OverwrittenPaddingRow(Rule):
    """An Embedding with a padding row is filled at random, and the row is not set back to zero.

    ## What it does
    Follows every `nn.Embedding(..., padding_idx=...)` to its last init. When that draws the whole table, by name, in
    a loop or through an `apply`, and no later line zeroes the row, it is reported at the init.

    ## Why is this bad?
    torch zeroes the padding row once, in the constructor, and masks its gradient for ever. After the init it holds
    noise that training can never remove: every padded position feeds that noise into sums, means and recurrences.

    ## Example
    ```python
    self.embed = nn.Embedding(vocab, dim, padding_idx=0)
    nn.init.normal_(self.embed.weight, std=0.02)
    ```

    ## Use instead
    ```python
    self.embed = nn.Embedding(vocab, dim, padding_idx=0)
    nn.init.normal_(self.embed.weight, std=0.02)
    self.embed.weight.data[self.embed.padding_idx].zero_()
    ```

    ## Fix safety
    Unsafe: the padded positions contribute zeros afterwards, which changes what the model computes.

    ## References
    - [torch.nn.Embedding](https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html)
    """

    code = "INI504"
    name = "overwritten-padding-row"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Tables with a padding row whose last whole write draws random numbers."""
        for model in file.models:
            for parameter in model.parameters:
                drawn = parameter.effective
                if model.owned or drawn is None or drawn.site is None or not _has_padding(parameter):
                    continue
                overwritten = _is_drawn(parameter) and drawn.scheme.startswith(_RANDOM) and not parameter.after
                if overwritten and not _is_indexed(parameter):
                    yield self.finding(
                        drawn.site,
                        f"this fills the padding row ({_row(parameter)}) too; its gradient is 0, so the noise stays",
                        help="Zero the row after the init.",
                        layer=f"{model.name}.{parameter.name}",
                        fix=_zero_again(parameter, drawn),
                    )


def _has_padding(parameter: Parameter) -> bool:
    """Whether the layer surely is a table with a padding row in the default configuration."""
    if parameter.slot != "weight" or not any(base in _TABLES for base in parameter.module.bases):
        return False
    row = parameter.module.arguments.get("padding_idx")
    if isinstance(row, Sym):
        return row.default is not None
    return isinstance(row, int) and not parameter.module.generic


def _is_drawn(parameter: Parameter) -> bool:
    """Whether anything but the constructor, which zeroes the row, has drawn the table."""
    draws = (one for one in reversed(parameter.history) if one.call is None or one.call.name not in _KEEP_ZERO)
    last = next(draws, None)
    if last is None or last.default or last.scheme == "copy":  # loaded, if only in some configurations
        return False
    return last.call is None or last.call.name != "copy_"  # told where it was drawn


def _is_indexed(parameter: Parameter) -> bool:
    """Whether forward takes rows by `table.weight[i]` and never calls the layer, which alone knows of the padding."""
    return parameter.follow is None and bool(set(parameter.uses) - _OTHER_USES)


def _row(parameter: Parameter) -> str:
    return f"padding_idx={str(shown(parameter.module.arguments['padding_idx'])).partition('#')[0]}"


def _zero_again(parameter: Parameter, drawn: InitEvent) -> Fix | None:
    assert drawn.site is not None
    source, node = drawn.site.source, drawn.site.node
    named = (inner for inner in syntax.walk(node) if isinstance(inner, ast.Attribute) and inner.attr == "weight")
    layer = next((source.segment(source.span(inner.value)) for inner in named), None)
    if layer is None:
        return None
    code = f"{layer}.weight.data[{layer}.padding_idx].zero_()"
    if drawn.broad or not isinstance(parameter.module.arguments["padding_idx"], int):
        code = f"if {layer}.padding_idx is not None:\n    {code}"
    return _inserted(drawn.site, code)


def _inserted(site: Site, code: str) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.conditions import own_statement
    from initlint.fixer.statements import insert_after

    return attempt(
        Applicability.UNSAFE,
        "Zero the padding row after the init",
        lambda: insert_after(site.source, own_statement(site.source, site.node), code),
    )
