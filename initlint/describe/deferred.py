"""Models made on the meta device and then emptied: what the init method that follows does not fill."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.describe import calls, classes, modules
from initlint.describe.nodes import Site
from initlint.describe.run import Frame, Run, Stop
from initlint.describe.values import ClassRef, ModuleObject, Tensor, Value
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.index import FileIndex
    from initlint.describe.references import References

_META = re.compile(r"""["']meta["']""")
_INIT = re.compile(r"^_?(?:re)?(?:init|set|reset)\w*$")


@dataclass(frozen=True, slots=True)
class Missed:
    """A parameter or buffer that is raw memory after `to_empty()` and the init method. `site` is where it is made."""

    site: Site
    owner: str
    name: str
    method: str
    what: str


def missed(references: References, path: str) -> Iterator[Missed]:
    """What the deferred init of the file's models leaves out."""
    project = references.project
    file = project.file(path)
    emptying = scripts(references)
    if file is None or not emptying:
        return
    for info in file.classes.values():
        cls = ClassRef(info, file)
        if not classes.is_module(project, cls):
            continue
        built = [script for script in sorted(emptying) if _builds(project.file(script), info.name)]
        method = next(_methods(references, cls, built), None)
        if method is not None:
            yield from _left_out(references, cls, method)


def scripts(references: References) -> frozenset[str]:
    """The files that empty a model."""
    memo = references.project.memo
    if "scripts that empty" not in memo:
        memo["scripts that empty"] = frozenset(
            use.path for use in references.of("to_empty") if use.through == "attribute"
        )
    return memo["scripts that empty"]  # type: ignore[return-value]


def _builds(script: FileIndex | None, name: str) -> bool:
    """Whether the script makes a model of this class on meta, empties it, and does not simply load it."""
    if script is None or name not in script.source.text or not _META.search(script.source.text):
        return False
    tree = script.source.tree
    built = any(isinstance(node, ast.Call) and syntax.last_name(node.func) == name for node in syntax.walk(tree))
    emptied = [node for node in syntax.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "to_empty"]
    return built and not all(_loads_after(script, node) for node in emptied)


def _loads_after(script: FileIndex, node: ast.AST) -> bool:
    """Whether a checkpoint fills the model in the same block, whatever the configuration."""
    statement = script.source.statement(node)
    block: list[ast.stmt] = getattr(script.source.parents[statement], "body", [])
    later = block[block.index(statement) :] if statement in block else []
    simple = (one for one in later if isinstance(one, (ast.Expr, ast.Assign)))
    return any("load_state_dict" in script.source.segment(script.source.span(one)) for one in simple)


def _methods(references: References, cls: ClassRef, scripts: list[str]) -> Iterator[str]:
    """The init methods of the class that such a script calls."""
    for entry in classes.order(references.project, cls):
        for name in entry.info.methods if isinstance(entry, ClassRef) else ():
            uses = references.of(name) if _INIT.search(name) and scripts else []
            if any(use.path in scripts and use.through == "attribute" for use in uses):
                yield name


def _left_out(references: References, cls: ClassRef, method: str) -> Iterator[Missed]:
    from initlint.describe.build import symbolic  # which lets rules ask for this module's work

    run, frame = Run(references.project), Frame(cls.file, {}, "")
    init, filling = classes.find(run.project, cls, "__init__"), classes.find(run.project, cls, method)
    try:
        module = classes.instantiate(run, cls, symbolic(run, init, frame) if init else [], {}, cls.info.node, frame)
        if not isinstance(module, ModuleObject) or filling is None:
            return
        mark, buffers = run.tick(), [(owner, name, site, owner.slots.get(name)) for owner, name, site in run.buffers]
        filling.bound = module
        arguments = symbolic(run, filling, frame)
        calls.call_function(run, filling, arguments, {}, cls.info.node, frame)
    except (Stop, RecursionError):
        return
    found = list(_parameters(run, module))
    if any(_filled(tensor, mark) for _, tensor in found):
        for name, tensor in found:
            if not _filled(tensor, mark) and tensor.storage is not None and tensor.storage.site is not None:
                yield Missed(tensor.storage.site, cls.name, name, method, "parameter")
        for owner, name, site, before in buffers:
            if owner.slots.get(name) is before and before is not None and not _filled(before, mark):
                yield Missed(site, cls.name, name, method, "buffer")


def _parameters(run: Run, module: ModuleObject) -> Iterator[tuple[str, Tensor]]:
    """The parameters that the default configuration surely has."""
    for name, value in modules.named_parameters(run, module):
        for guards, tensor in run.options(value):
            if isinstance(tensor, Tensor) and all(guard.default for guard in guards):
                yield name, tensor


def _filled(value: Value, mark: int) -> bool:
    storage = value.storage if isinstance(value, Tensor) else None
    return storage is not None and any(event.order > mark for event in storage.events)
