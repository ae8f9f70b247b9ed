"""INI517 incomplete-reset."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from initlint.describe.nodes import Site
from initlint.describe.reach import below
from initlint.describe.resets import Reset, inherited, resets
from initlint.describe.values import ModuleObject
from initlint.finding import Finding, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel
    from initlint.describe.uncalled import Definition

_METHOD = re.compile(
    r"^_?(?:re_?)?(?:set|init)_?(?:parameters?|params?|weights?)?$|^_?(?:re)?init(?:iali[sz]e)?_\w*weights?$"
)
_BIAS = re.compile(r"(?:^|_)bias(?:_\w+)?$")


class IncompleteReset(Rule):
    """A reset method goes through its layers, and one of them is hit twice, missed, or given the wrong init.

    ## What it does
    Reads `reset_parameters`, `init_weights` and their like for three slips: the same attribute is reset twice while
    another one of the class never is; a bias is handed to the weight's helper (`reset_weight_(self.bias)`); an
    override neither calls `super()` nor sets what its base class resets.

    ## Why is this bad?
    What was missed keeps its default or the values of the last run; under a base class of torch that calls the reset
    itself, such as nn.Linear, it even stays raw memory. Such slips survive for years: the code looks complete.

    ## Example
    ```python
    def reset_parameters(self):
        for layer in self.before_skip:
            layer.reset_parameters()
        for layer in self.before_skip:
            layer.reset_parameters()
    ```

    ## Use instead
    ```python
    def reset_parameters(self):
        for layer in self.before_skip:
            layer.reset_parameters()
        for layer in self.after_skip:
            layer.reset_parameters()
    ```

    ## References
    - [pyg-team/pytorch_geometric#6561](https://github.com/pyg-team/pytorch_geometric/issues/6561)
    - [pyg-team/pytorch_geometric#7920](https://github.com/pyg-team/pytorch_geometric/issues/7920)
    """

    code = "INI517"
    name = "incomplete-reset"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """The reset methods of the file's classes."""
        if file.references is None:
            return
        for definition in file.references.definitions(file.path):
            if definition.cls is not None and _METHOD.search(definition.node.name):
                held = _held(file, definition)
                yield from self._twice(file, definition, held)
                yield from self._wrong_helper(file, definition)
                yield from self._without_super(file, definition, held)

    def _twice(self, file: FileModel, definition: Definition, held: dict[str, bool]) -> Iterator[Finding]:
        seen: dict[tuple[str, str], Reset] = {}
        mentioned = _mentioned(definition.node)
        for reset in resets(definition.node):
            key = (reset.subject, reset.how)
            missed = [name for name, learned in held.items() if learned and name not in mentioned]
            if key in seen and missed:
                yield self.finding(
                    Site(file.source, reset.node),
                    f"{reset.subject} is reset a second time, and self.{missed[0]} never is",
                    help=f"Reset self.{missed[0]} here.",
                    layer=definition.owner,
                )
            seen.setdefault(key, reset)

    def _wrong_helper(self, file: FileModel, definition: Definition) -> Iterator[Finding]:
        for node in syntax.walk(definition.node):
            match node:
                case ast.Call(
                    func=ast.Name(id=helper) | ast.Attribute(attr=helper), args=[ast.Attribute(attr=name), *_]
                ):
                    words = helper.lower()
                    wrong = "weight" in words and "bias" not in words and "norm" not in words and _BIAS.search(name)
                    if wrong and not _is_matrix(file, name):
                        yield self.finding(
                            Site(file.source, node),
                            f"{name} goes through {helper}, which is the weight's init",
                            help="Use the helper for biases, or zeros.",
                            layer=definition.owner,
                        )

    def _without_super(self, file: FileModel, definition: Definition, held: dict[str, bool]) -> Iterator[Finding]:
        missed = sorted((inherited(definition) & held.keys()) - _mentioned(definition.node))
        if missed:
            site = Site(file.source, definition.node)
            names = ", ".join(f"self.{name}" for name in missed[:3])
            finding = self.finding(
                site,
                f"this override does not call super().{definition.node.name}(): {names} "
                f"{'is' if len(missed) == 1 else 'are'} never set",
                help=f"Begin with super().{definition.node.name}().",
                layer=definition.owner,
            )
            yield replace(finding, span=site.head)


def _is_matrix(file: FileModel, slot: str) -> bool:
    """Whether what is called a bias is a matrix: Transformer-XL's `r_w_bias` stands for a query of each head."""
    parameters = (one for model in file.models for one in model.parameters if one.slot == slot)
    return any(one.shape is not None and len(one.shape) > 1 for one in parameters)


def _held(file: FileModel, definition: Definition) -> dict[str, bool]:
    """The attributes of a built object that hold parameters; True for modules that can be reset."""
    assert definition.cls is not None
    model = next(
        (one for one in file.models if one.root is not None and one.root.cls == definition.cls and one.kind == "class"),
        None,
    )
    if model is None or model.root is None:
        return {}
    owners = {id(parameter.module) for parameter in model.parameters}
    own = {parameter.slot for parameter in model.parameters if parameter.module is model.root}
    modules = {
        name: any(one in owners for one in below(value))
        for name, value in model.root.slots.items()
        if isinstance(value, ModuleObject)
    }
    return {**{name: True for name, learned in modules.items() if learned}, **dict.fromkeys(own, False)}


def _mentioned(node: ast.AST) -> frozenset[str]:
    """The attributes that a method names, by whatever spelling."""
    attributes = {inner.attr for inner in syntax.walk(node) if isinstance(inner, ast.Attribute)}
    texts = {
        inner.value for inner in syntax.walk(node) if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
    }
    return frozenset(attributes | texts)
