"""INI704 padding-none-zeroes-table: `weight[padding_idx]` is filled where padding_idx may be None."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import AttributeWrite, InitCall, Site
from initlint.describe.symbols import Sym
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel

_FILLS = frozenset({"zeros_", "constant_", "zero_", "fill_", "__setitem__", "ones_"})
_TABLES = frozenset({"Embedding", "EmbeddingBag"})


class PaddingNoneZeroesTable(Rule):
    """A row of an embedding is filled by an index that may be None.

    ## What it does
    Reports `zeros_(emb.weight[padding_idx])`, `emb.weight.data[padding_idx].zero_()` and the like, where the index is
    None by default, is a plain argument that may be None, or belongs to an embedding made without one, and nothing
    tests it first.

    ## Why is this bad?
    `weight[None]` is the whole table with one more axis: with no padding index, the line that should clear one row
    clears all of them, without an error. All tokens then start equal.

    ## Example
    ```python
    def embedding(words, width, padding_idx=None):
        m = nn.Embedding(words, width, padding_idx=padding_idx)
        nn.init.normal_(m.weight, std=0.02)
        nn.init.zeros_(m.weight[padding_idx])
        return m
    ```

    ## Use instead
    ```python
        if padding_idx is not None:
            nn.init.zeros_(m.weight[padding_idx])
    ```

    ## Fix safety
    Safe: the guard changes nothing where there is a padding index.

    ## References
    - [facebookresearch/fairseq issue 4076](https://github.com/facebookresearch/fairseq/issues/4076)
    """

    code = "INI704"
    name = "padding-none-zeroes-table"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Each fill of a row by an index that may be None."""
        for call in file.facts(InitCall):
            if call.name not in _FILLS or call.target.region is None or _other_layer(call):
                continue
            index = _index(call.site.node)
            if index is None or _tested(call.site, ast.unparse(index)) or not _may_be_none(file, call, index):
                continue
            name = ast.unparse(index)
            yield self.finding(
                call.site,
                f"{name} may be None, and weight[None] is the whole table: this fills every row of it",
                help=f"test it first: if {name} is not None",
                layer=call.target.layer,
                fix=_fix(call.site, name),
            )


def _other_layer(call: InitCall) -> bool:
    module = call.target.module
    return module is not None and not _TABLES & {module.kind, *module.bases}


def _index(node: ast.AST) -> ast.Name | ast.Attribute | None:
    """The index `padding_idx`, `self.pad` or `m.padding_idx` in the statement's target."""
    for inner in syntax.walk(node):
        match inner:
            case ast.Subscript(slice=ast.Name(id=name) as index) if "pad" in name.lower():
                return index
            case ast.Subscript(slice=ast.Attribute(attr=name) as index) if "pad" in name.lower():
                return index
    return None


def _tested(site: Site, name: str) -> bool:
    """Whether the function asks anywhere whether the index is there."""
    function = site.source.function(site.node)
    for node in syntax.walk(function) if function is not None else ():
        if isinstance(node, (ast.If, ast.IfExp, ast.Assert)) and name in ast.unparse(node.test):
            return True
    return False


def _may_be_none(file: FileModel, call: InitCall, index: ast.Name | ast.Attribute) -> bool:
    if isinstance(index, ast.Name):
        return _argument_may_be_none(call.site, index.id)
    module = call.target.module
    if index.attr == "padding_idx" and ast.unparse(index.value) != "self":
        if module is None or module.generic:
            return False
        return _is_none(module.arguments.get("padding_idx", 0))
    written = [write.value for write in file.facts(AttributeWrite) if write.name == index.attr]
    return bool(written) and all(_is_none(value) for value in written)


def _is_none(value: object) -> bool:
    return value is None or (isinstance(value, Sym) and value.default is None)


def _argument_may_be_none(site: Site, name: str) -> bool:
    """Whether the index is the function's own argument: with the default None, or with no default and no type."""
    function = site.source.function(site.node)
    if function is None or any(isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name
                               for node in syntax.walk(function)):  # fmt: skip
        return False
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + list(given.defaults)
    for argument, default in [*zip(positional, defaults, strict=True),
                              *zip(given.kwonlyargs, given.kw_defaults, strict=True)]:  # fmt: skip
        if argument.arg == name:
            annotation = ast.unparse(argument.annotation) if argument.annotation is not None else ""
            if default is not None:
                return isinstance(default, ast.Constant) and default.value is None
            return not annotation or "None" in annotation or "Optional" in annotation
    return False


def _fix(site: Site, name: str) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.conditions import run_only_if

    test = f"{name} is not None"
    return attempt(Applicability.SAFE, f"Do it only if `{test}`", lambda: run_only_if(site.source, site.node, test))
