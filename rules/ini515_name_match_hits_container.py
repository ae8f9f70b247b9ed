"""INI515 name-match-hits-container: a class is called like a layer, and has no weight."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from initlint.describe.facts import MissingAttribute
from initlint.describe.nodes import InitCall, Site
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, Model
    from initlint.source.text import SourceText

_BY_NAME = re.compile(r"^(?P<text>\w+) in classname of ")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class NameMatchHitsContainer(Rule):
    """Layers are told by their class's name, and a class that is no layer has such a name.

    ## What it does
    Reports `classname.find("Conv") != -1`, `"Conv" in classname` and the like, followed by `m.weight`, where the file
    has a module class such as `ConvBlock` without a weight, or the function is applied to a model that holds one.
    Silent where the test also asks `hasattr(m, "weight")`.

    ## Why is this bad?
    `AttributeError: 'ConvBlock' object has no attribute 'weight'`, as soon as the function is applied to such a model.

    ## Example
    ```python
    if classname.find("Conv") != -1:
        nn.init.normal_(m.weight, 0.0, 0.02)
    ```

    ## Use instead
    ```python
    if classname.find("Conv") != -1 and hasattr(m, "weight"):
        nn.init.normal_(m.weight, 0.0, 0.02)
    ```

    ## Fix safety
    Safe: the guard keeps out only what has no weight, where the code raised.

    ## References
    - [torch.nn.Module.apply](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html): containers too
    """

    code = "INI515"
    name = "name-match-hits-container"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Containers that were reached, then those that the file has for a function nobody calls here."""
        told: set[ast.AST] = set()
        for miss in file.facts(MissingAttribute):
            test = None if miss.in_try else _name_test(miss.site)
            if test is not None and test.node not in told:
                told.add(test.node)
                yield self._told(test, miss.site.node, miss.module.kind, miss.name)
        for call in file.facts(InitCall):
            text = _matched(call)
            test = _name_test(call.site, text) if text is not None else None
            if text is None or test is None or test.node in told or call.in_try:
                continue
            lower = ".lower()" in ast.unparse(test.node) or (".lower()" in file.source.text and text.islower())
            hit = next((model for model in chain(file.models, file.rest()) if _is_hit(model, text, lower)), None)
            if hit is not None:
                told.add(test.node)
                yield self._told(test, _owner(call), hit.name, "weight")

    def _told(self, test: Site, node: ast.AST | None, kind: str, name: str) -> Finding:
        return self.finding(
            test,
            f"this name test also holds for {kind}, which has no `{name}`: AttributeError",
            help='ask `hasattr(m, "weight")` too, or use isinstance',
            layer=kind,
            fix=_fix(test, node, name),
        )


def _name_test(site: Site, matched: str | None = None) -> Site | None:
    """The condition around it that matches a class's name (`matched`) and does not ask for the attribute."""
    node: ast.AST | None = site.node
    source = site.source
    while node is not None and not isinstance(node, _FUNCTIONS):
        above = source.parents.get(node)
        if isinstance(above, ast.If) and node in above.body:
            text = ast.unparse(above.test)
            if "hasattr" in text or "isinstance" in text or "getattr" in text:
                return None
            if _matches_name(source, above.test) or (matched is not None and _holds(above.test, matched)):
                return Site(source, above.test)
        node = above
    return None


def _matches_name(source: SourceText, test: ast.expr) -> bool:
    for node in syntax.walk(test):
        match node:
            case ast.Call(func=ast.Attribute(value=subject, attr=("find" | "startswith" | "endswith" | "count"))):
                pass
            case ast.Compare(ops=[ast.In()], comparators=[subject]):
                pass
            case _:
                continue
        if re.search(r"__name__|class|cls|type", ast.unparse(subject)) or _is_class_name(source, subject):
            return True
    return False


def _is_class_name(source: SourceText, subject: ast.expr) -> bool:
    """Whether the function has it from `m.__class__.__name__`."""
    scope = source.around(subject, *_FUNCTIONS) or source.tree
    values = [
        ast.unparse(node.value)
        for node in syntax.walk(scope)
        if isinstance(node, ast.Assign) and isinstance(subject, ast.Name)
        if any(isinstance(target, ast.Name) and target.id == subject.id for target in node.targets)
    ]
    return bool(values) and all("__name__" in value for value in values)


def _holds(test: ast.expr, text: str) -> bool:
    return any(isinstance(node, ast.Constant) and node.value == text for node in syntax.walk(test))


def _matched(call: InitCall) -> str | None:
    """The text by which a module of unknown class was taken for a layer."""
    module = call.target.module
    if module is None or "by name" not in module.marks or call.target.slot != "weight":
        return None
    keys = [guard.key for guard in call.guards if guard.taken and isinstance(guard.key, str)]
    found = [match["text"] for key in keys if (match := _BY_NAME.match(key))]
    return found[-1] if found else None


def _is_hit(model: Model, text: str, lower: bool) -> bool:
    """Whether the model's class has such a name and surely no weight of its own."""
    return (
        model.kind == "class"
        and text in (model.name.lower() if lower else model.name)
        and model.complete
        and model.root is not None
        and not model.root.bases
        and "weight" not in model.root.slots
    )


def _owner(call: InitCall) -> ast.AST | None:
    """`m.weight` of the call."""
    nodes = [node for node in syntax.walk(call.site.node) if isinstance(node, ast.Attribute) and node.attr == "weight"]
    return nodes[0] if nodes else None


def _fix(test: Site, node: ast.AST | None, name: str) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.calls import quoted
    from initlint.fixer.rewrite import replace_expression

    source, condition = test.source, test.node
    if not isinstance(node, ast.Attribute) or not isinstance(condition, ast.expr):
        return None
    old = source.segment(source.span(condition))
    old = f"({old})" if isinstance(condition, ast.BoolOp) and isinstance(condition.op, ast.Or) else old
    guard = f"hasattr({ast.unparse(node.value)}, {quoted(source, name)})"
    return attempt(
        Applicability.SAFE,
        f"Ask for the {name} too",
        lambda: replace_expression(source, condition, f"{old} and {guard}"),
    )
