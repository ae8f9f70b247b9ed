"""INI612 module-before-super-init: a layer is assigned before nn.Module is set up."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from initlint.describe.nodes import AttributeWrite, Site
from initlint.describe.values import Choice, ModuleObject, Tensor
from initlint.finding import Applicability, Edit, Finding, Fix, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class ModuleBeforeSuperInit(Rule):
    """A layer or parameter is assigned in `__init__` before `super().__init__()` has run.

    ## What it does
    Reports the first such assignment of a constructor, also where `super().__init__()` is never called.

    ## Why is this bad?
    `AttributeError: cannot assign module before Module.__init__() call`: the dictionaries that hold a module's layers
    and parameters do not exist yet.

    ## Example
    ```python
    def __init__(self):
        self.fc = nn.Linear(8, 8)
        super().__init__()
    ```

    ## Use instead
    ```python
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
    ```

    ## Fix safety
    Safe: the call moves up over assignments that it does not use; the code raised before.

    ## References
    - [torch.nn.Module](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html)
    """

    code = "INI612"
    name = "module-before-super-init"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """The first write of each module that came too early."""
        seen: set[int] = set()
        for write in file.facts(AttributeWrite):
            early = not write.ready and write.module.cls is not None and write.scope == "__init__"
            if not early or id(write.module) in seen or not _registered(write.value) or not _own(write):
                continue
            seen.add(id(write.module))
            if _takes_over(write) or _is_base(file, write):
                continue
            what = "parameter" if isinstance(write.value, Tensor) else "module"
            yield self.finding(
                write.site,
                f"the {what} `{write.name}` is assigned before super().__init__(): this raises AttributeError",
                help="call super().__init__() first",
                layer=f"{write.module.kind}.{write.name}",
                fix=_fix(write.site),
            )


def _takes_over(write: AttributeWrite) -> bool:
    """Whether the class speaks of `self.__dict__`: another module's, with all that the constructor would have set."""
    cls = write.module.cls
    return cls is not None and any(
        isinstance(node, ast.Attribute) and node.attr == "__dict__" for node in syntax.walk(cls.info.node)
    )


def _is_base(file: FileModel, write: AttributeWrite) -> bool:
    """Whether the class leaves nn.Module's constructor to others that build on it: they show what comes first."""
    cls = write.module.cls
    constructor = cls.info.methods.get("__init__") if cls is not None else None
    if cls is None or file.references is None or constructor is None:
        return False
    calls = any(_is_super_init(node) for node in syntax.walk(constructor))
    return not calls and bool(file.references.heirs(cls))


def _registered(value: Any) -> bool:
    """Whether nn.Module would register it: a parameter, or surely a module."""
    if isinstance(value, Choice):
        return all(_registered(option) for _, option in value.options)
    if isinstance(value, Tensor):
        return value.is_parameter and not value.detached
    return isinstance(value, ModuleObject) and (
        value.cls is not None or bool(value.bases) or (value.dotted or "").startswith("torch.nn.")
    )


def _own(write: AttributeWrite) -> bool:
    """Whether the statement writes to `self`."""
    match write.site.node:
        case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"))]):
            return True
        case ast.AnnAssign(target=ast.Attribute(value=ast.Name(id="self"))):
            return True
    return False


def _fix(site: Site) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.statements import insert_before, move_before

    source, first = site.source, site.statement.node
    function = source.parents.get(first)
    if not isinstance(function, _FUNCTIONS) or not isinstance(first, ast.stmt):
        return None
    call = next((one for one in function.body if _is_super_init(one)), None)
    if call is None:
        if any(_is_super_init(node) for node in syntax.walk(function)):
            return None
        return attempt(
            Applicability.SAFE,
            "Call super().__init__() first",
            lambda: insert_before(source, first, "super().__init__()"),
        )
    between = function.body[function.body.index(first) : function.body.index(call)]
    if _rests_on(call, between):
        return None

    def moved() -> tuple[Edit, ...]:
        return move_before(source, call, first)

    return attempt(Applicability.SAFE, "Move super().__init__() up", moved)


def _is_super_init(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__"))):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="__init__"), args=[ast.Name(id="self"), *_])):
            return True
    return False


def _rests_on(call: ast.stmt, between: list[ast.stmt]) -> bool:
    """Whether the call uses what the statements before it bind."""
    used = {node.id for node in syntax.walk(call) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    attributes = any(
        isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self" for node in syntax.walk(call)
    )
    bound = {
        node.id
        for statement in between
        for node in syntax.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return attributes or bool(used & bound)
