"""INI501 init-never-called."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from initlint.describe.draws import current
from initlint.describe.nodes import Applied, InitCall, Site
from initlint.describe.symbols import constant
from initlint.describe.values import Tensor
from initlint.finding import Finding, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel
    from initlint.describe.uncalled import Definition

_NAMED = re.compile(r"init|reset_param|xavier|kaiming|orthogonal", re.IGNORECASE)
_OTHER = re.compile(r"hidden|state|cache|memor|^__|(?:_|^)test|pretrain|checkpoint|load|buffer|optim", re.IGNORECASE)
_CONSTANT = ("zero_", "fill_", "zeros_", "ones_", "constant_")
_HARMLESS_DECORATORS = ("no_grad", "inference_mode", "staticmethod", "classmethod")


class InitNeverCalled(Rule):
    """An init function or method is written, and nothing in the project calls it.

    ## What it does
    Looks for methods, private functions, and functions of scripts, that are named like an init function, do write to
    the weights of a model, and whose name is used nowhere in the project: no call, no `apply`, no `getattr`, no
    subclass, not even a string. Public functions of a module may be called from elsewhere: silent. So are methods
    that a framework calls (`_init_weights` of transformers, `init_weights` of mmengine, `reset_parameters` of torch's
    own layers) and classes whose base is not known.

    ## Why is this bad?
    The scheme that the author chose is never applied; the layers keep torch's defaults, and the code reads as if they
    did not. Most often the call was commented out, or lost when a class was copied.

    ## Example
    ```python
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(256, 10)
            # self.apply(self._init_weights)

        def _init_weights(self, module):
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
    ```

    ## Use instead
    ```python
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(256, 10)
            self.apply(self._init_weights)
    ```

    ## References
    - [torch.nn.Module.apply](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html)
    """

    code = "INI501"
    name = "init-never-called"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Init functions of this file that write to weights, and that nothing in the project names."""
        if file.references is None:
            return
        for definition in file.references.definitions(file.path):
            node = definition.node
            if not _is_init(node) or definition.exported:
                continue
            if definition.certain and _writes(file, node) and not definition.used:
                yield self._lonely(file, definition)

    def _lonely(self, file: FileModel, definition: Definition) -> Finding:
        site = Site(file.source, definition.node)
        owner = f"{definition.owner}." if definition.owner else ""
        finding = self.finding(
            site,
            f"nothing in the project calls {owner}{definition.node.name}: its init is never applied",
            help="Call it at the end of the constructor, or delete it.",
            layer=definition.owner,
        )
        return replace(finding, span=site.head)


def _is_init(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    decorators = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
    names = [syntax.last_name(one) for one in decorators]
    named = _NAMED.search(node.name) is not None and _OTHER.search(node.name) is None
    return named and all(name in _HARMLESS_DECORATORS for name in names)


def _writes(file: FileModel, node: ast.AST) -> bool:
    """Whether the function's own text initialises parameters, or applies an init function."""
    inside = {id(inner) for inner in syntax.walk(node)}
    calls = [call for call in file.facts(InitCall) if id(call.site.node) in inside and _on_parameter(call)]
    if getattr(node, "name", "").startswith("reset"):  # of counters and running means, which start so anyway
        calls = [call for call in calls if not _is_constant(call)]
    return bool(calls) or any(
        applied.how == "apply" and id(applied.site.node) in inside for applied in file.facts(Applied)
    )


def _is_constant(call: InitCall) -> bool:
    """Whether it fills with one number, also as `w.data = torch.tensor(1.0)`."""
    given = call.values.get("value") if call.name == "data" else None
    event = current(given) if isinstance(given, Tensor) else None
    return call.name in _CONSTANT or (event is not None and constant(event.std) == 0)


def _on_parameter(call: InitCall) -> bool:
    target = call.target
    if target.kind == "unknown":
        return call.function.startswith("torch.nn.init.") and call.name != "calculate_gain"
    return (
        target.is_parameter or target.module is not None or (target.storage is not None and target.storage.is_parameter)
    )
