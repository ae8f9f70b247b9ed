"""What a reset method resets, statement by statement, and what its base classes would."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.describe import classes
from initlint.describe.values import ClassRef
from initlint.reference.layers import LAYERS_BY_DOTTED_NAME
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.uncalled import Definition

# Going through everything reaches what the base class made, too.
_WHOLE = frozenset({"parameters", "named_parameters", "modules", "named_modules", "children", "apply", "state_dict"})
_RESETS_ITSELF = frozenset({"reset_parameters", "_reset_parameters"})


@dataclass(frozen=True, slots=True)
class Reset:
    """One statement that resets an attribute: a loop over it, or a call on it. `how` is what is done, as text."""

    subject: str
    how: str
    node: ast.expr


def resets(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Reset]:
    """The loops over `self.x` and the calls on it, in order; nested ones left out."""
    for statement in function.body:
        match statement:
            case ast.For(target=ast.Name(id=name), iter=ast.Attribute(value=ast.Name(id="self")) as subject, body=body):
                text = "; ".join(ast.unparse(inner) for inner in body).replace(name, "_")
                if "reset" in text or "init" in text:
                    yield Reset(ast.unparse(subject), text, subject)
            case ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="self")) as subject, attr=method)
                )
            ) if method.startswith(("reset", "init", "_reset", "_init")):
                yield Reset(ast.unparse(subject), method, statement.value)


def inherited(definition: Definition) -> frozenset[str]:
    """The attributes that the overridden methods set, where this one neither calls them nor goes over everything."""
    cls, name = definition.cls, definition.node.name
    if cls is None or _hands_on(definition.node):
        return frozenset()
    project = definition.references.project
    for entry in classes.order(project, cls)[1:]:
        if isinstance(entry, ClassRef):
            if name in entry.info.methods:
                return _set_by(entry.info.methods[name])
        elif entry.dotted in LAYERS_BY_DOTTED_NAME and name in _RESETS_ITSELF:
            return frozenset({"weight"})
    return frozenset()


def _hands_on(function: ast.AST) -> bool:
    for node in syntax.walk(function):
        match node:
            case ast.Call(func=ast.Name(id="super")):
                return True
            case ast.Call(func=ast.Attribute(attr=method), args=[ast.Name(id="self"), *_]) if method == getattr(
                function, "name", ""
            ):
                return True
            case ast.Attribute(value=ast.Name(id="self"), attr=attr) if attr in _WHOLE:
                return True
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=method)) if (
                "init" in method or "reset" in method
            ):
                return True  # a helper of the class may well do it
            case ast.Raise():
                return True
    body = getattr(function, "body", [])
    return len(body) == 1 and isinstance(body[0], (ast.Pass, ast.Return))  # switched off on purpose


def _set_by(function: ast.AST) -> frozenset[str]:
    """`self.x` in arguments of calls, in targets of assignments, or as what a method is called on."""
    return frozenset(
        node.attr
        for node in syntax.walk(function)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    )
