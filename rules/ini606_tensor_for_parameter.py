"""INI606 tensor-for-parameter: a plain tensor is assigned where a parameter is registered."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from initlint.describe.nodes import AttributeWrite
from initlint.describe.reach import holds_with
from initlint.describe.values import Choice, Tensor
from initlint.finding import Applicability, Edit, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class TensorForParameter(Rule):
    """A plain tensor is assigned to the name of a registered parameter.

    ## What it does
    Reports `layer.weight = tensor` where `weight` is a parameter of the layer, and `register_parameter(name, tensor)`
    with a tensor that is none. Assigning to `.data`, or after `del layer.weight`, is fine.

    ## Why is this bad?
    `TypeError: cannot assign 'torch.FloatTensor' as parameter 'weight' (torch.nn.Parameter or None expected)`.

    ## Example
    ```python
    self.fc.weight = torch.randn(512, 512) / 512**0.5
    ```

    ## Use instead
    ```python
    self.fc.weight = nn.Parameter(torch.randn(512, 512) / 512**0.5)
    ```

    ## Fix safety
    Safe: the code raised before, and a parameter with these values is what was meant.

    ## References
    - [torch.nn.Module.__setattr__](https://github.com/pytorch/pytorch/blob/main/torch/nn/modules/module.py)
    """

    code = "INI606"
    name = "tensor-for-parameter"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every write of a tensor over a parameter, and every registration of one."""
        for write in file.facts(AttributeWrite):
            registers = _registers(write)
            if not write.ready or write.module.wrappers or not _plain(write.value):
                continue
            if not registers and not _parameter(write):
                continue
            yield self.finding(
                write.site,
                f"`{write.name}` is a parameter of {write.module.kind} and gets a plain tensor: this raises TypeError",
                help="wrap it in nn.Parameter, or copy the values into the parameter under torch.no_grad()",
                layer=f"{write.module.kind}.{write.name}",
                fix=_fix(write, registers),
            )


def _registers(write: AttributeWrite) -> bool:
    match write.site.node:
        case ast.Call(func=ast.Attribute(attr="register_parameter")):
            return True
    return False


def _options(value: Any) -> list[Any]:
    return (
        [inner for _, option in value.options for inner in _options(option)] if isinstance(value, Choice) else [value]
    )


def _plain(value: Any) -> bool:
    """Whether it is a tensor, however the conditions fall, and surely no parameter, as what `.to()` returns may be."""
    return all(
        isinstance(option, Tensor)
        and option.storage is not None
        and (not option.is_parameter or option.detached)
        and not (option.copied or "").startswith((".", "parametrizations", "weight_norm"))
        for option in _options(value)
    )


def _parameter(write: AttributeWrite) -> bool:
    """Whether a parameter is surely registered under the name; where a flag decides, None may be as well."""
    previous = write.previous
    if isinstance(previous, Choice) and not any(holds_with(guards, write.guards) for guards, _ in previous.options):
        return False  # it is made in the other configuration
    options = [option for option in _options(previous) if option is not None]
    return bool(options) and all(isinstance(option, Tensor) and _registered(option) for option in options)


def _registered(tensor: Tensor) -> bool:
    moved = tensor.storage is not None and tensor.storage.moved  # no parameter any more, on another device
    return tensor.is_parameter and not tensor.detached and tensor.copied is None and not moved


def _fix(write: AttributeWrite, registers: bool) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.imports import torch_name
    from initlint.fixer.rewrite import replace_expression

    source, node = write.site.source, write.site.node
    match node:
        case ast.Assign(targets=[ast.Attribute()], value=value):
            pass
        case ast.Call(args=[_, value]) if registers:
            pass
        case _:
            return None

    def wrapped() -> tuple[Edit, ...]:
        there = torch_name(source, "torch.nn.Parameter", node)
        text = source.segment(source.span(value))
        return (*there.edits, *replace_expression(source, value, f"{there.name}({text})"))

    return attempt(Applicability.SAFE, "Wrap it in nn.Parameter", wrapped)
