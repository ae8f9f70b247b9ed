"""INI502 layers-after-init."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.classes import order
from initlint.describe.nodes import Applied, AttributeWrite
from initlint.describe.reach import below, code, doing, inits, named_kinds, names
from initlint.describe.values import ClassRef, ModuleObject
from initlint.finding import Applicability, Edit, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, Model, Parameter, Site

_LAST = re.compile(r"last_layer|head|classifier|(?:^|\.)fc$|out|logit|predict|score|final", re.IGNORECASE)
_LEARNED = ("weight", "embedding")


class LayersAfterInit(Rule):
    """Layers are made after the init of the model has run, so it never reaches them.

    ## What it does
    Follows a constructor in order: an `apply`, a loop over `modules()` or a call of an init method, and after it new
    layers of a kind that this very init handles, which nothing initialises later on. Layers that are initialised on
    their own afterwards are fine. An output layer that comes late (`head`, `last_layer`) is told as advice only:
    it may well be meant so.

    ## Why is this bad?
    The late layers keep torch's default init while their likes got the chosen one. The code reads as if all had.
    It happens when a layer is added to a finished class, or when a base class's constructor initialises before its
    subclass has built anything.

    ## Example
    ```python
    self.encoder = nn.Linear(256, 256)
    self.apply(self._init_weights)
    self.decoder = nn.Linear(256, 256)
    ```

    ## Use instead
    ```python
    self.encoder = nn.Linear(256, 256)
    self.decoder = nn.Linear(256, 256)
    self.apply(self._init_weights)
    ```

    ## Fix safety
    Unsafe: the late layers start from other values. Offered where the call and the layers stand in one block.

    ## References
    - [torch.nn.Module.apply](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html)
    """

    code = "INI502"
    name = "layers-after-init"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Inits in constructors that layers of their own kinds follow."""
        for model in file.models:
            if model.owned or not model.complete or model.root is None:
                continue
            for applied in inits(file, model):
                if applied.scope == "__init__" and applied.how != "post_init":
                    yield from self._late(file, model, applied)

    def _late(self, file: FileModel, model: Model, applied: Applied) -> Iterator[Finding]:
        reached = [
            parameter
            for parameter in model.parameters
            if any(event.broad and event.possible for event in doing(applied, parameter))
        ]
        if not reached or any(guard.default is False for guard in applied.guards):
            return
        inside = below(applied.module)
        kinds = {parameter.layer for parameter in reached} | named_kinds(code(file, applied))
        late = [
            parameter
            for parameter in model.parameters
            if id(parameter.module) in inside and _is_late(parameter, applied) and names(kinds, parameter.module)
        ]
        late = [one for one in late if not _is_given(file, one, applied)] if late else []
        if late:
            deliberate = all(_LAST.search(one.name.rpartition(".")[0]) for one in late)
            shown = ", ".join(one.name for one in late[:3]) + (", ..." if len(late) > 3 else "")
            yield self.finding(
                applied.site,
                f"this init has run when {shown} {'is' if len(late) == 1 else 'are'} made: "
                f"{'it keeps' if len(late) == 1 else 'they keep'} torch's default init",
                help="Initialise when all layers are there.",
                layer=f"{model.name}.{late[0].name}",
                concerns=(f"{model.name}.{one.name}" for one in late),
                severity=Severity.INFO if deliberate else Severity.WARNING,
                fix=_moved(file, applied),
            )


def _is_late(parameter: Parameter, applied: Applied) -> bool:
    """Whether a layer's weight was made after the init, and has only its constructor's values."""
    history = parameter.history
    return (
        parameter.spec is not None and parameter.role in _LEARNED and bool(history)
        and history[0].order > applied.end and history[0].possible
        and all(event.default for event in history)
        and parameter.module.loaded is None and not parameter.module.wrappers
    )  # fmt: skip


def _is_given(file: FileModel, parameter: Parameter, applied: Applied) -> bool:
    """Whether another class puts the layer into this module: its init is that class's concern."""
    cls, references = applied.module.cls, file.references
    if cls is None or references is None:
        return False
    own = {one.name for one in order(references.project, cls) if isinstance(one, ClassRef)}
    return any(
        one.module is applied.module and isinstance(one.value, ModuleObject) and one.order > applied.end
        and _class_around(one.site) not in own and id(parameter.module) in below(one.value)
        for one in file.facts(AttributeWrite)
    )  # fmt: skip


def _class_around(site: Site) -> str | None:
    node = site.source.around(site.node, ast.ClassDef)
    return node.name if node is not None else None


def _moved(file: FileModel, applied: Applied) -> Fix | None:
    """The call behind the last layer that is set in its block."""
    source = applied.site.source
    statement = source.statement(applied.site.node)
    block: list[ast.stmt] = getattr(source.parents[statement], "body", [])
    written = (
        source.statement(one.site.node)
        for one in file.facts(AttributeWrite)
        if one.module is applied.module and one.order > applied.end and isinstance(one.value, ModuleObject)
        if one.site.source is source
    )
    layers = [one for one in written if one in block]
    if not isinstance(statement, ast.Expr) or statement not in block or not layers:
        return None
    edits = _after(applied, statement, max(layers, key=block.index))
    return Fix(Applicability.UNSAFE, "Initialise after the last of these layers", edits) if edits else None


def _after(applied: Applied, statement: ast.stmt, anchor: ast.stmt) -> tuple[Edit, ...] | None:
    from initlint.fixer.fragment import CannotRewrite  # libcst: only where there is something to fix
    from initlint.fixer.statements import move_after

    try:
        return move_after(applied.site.source, statement, anchor)
    except CannotRewrite:
        return None
