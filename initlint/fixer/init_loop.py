"""A loop over the layers of a model, put at the end of its constructor."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from initlint.describe.groups import Member
from initlint.describe.nodes import Model
from initlint.finding import Applicability, Edit, Fix
from initlint.fixer.fragment import CannotRewrite
from initlint.fixer.imports import init_prefix
from initlint.fixer.scheme import arguments
from initlint.fixer.statements import append_to_function
from initlint.reference.recommend import Recommendation


def init_loop(model: Model, members: Sequence[Member], scheme: Recommendation) -> Fix | None:
    """The unsafe fix that gives all layers of these kinds the scheme, and zero biases; None where it cannot be put."""
    try:
        edits = _edits(model, members, scheme)
    except CannotRewrite:
        return None
    return Fix(Applicability.UNSAFE, f"Initialise the layers at the end of `__init__`: {scheme.code.call('w')}", edits)


def _edits(model: Model, members: Sequence[Member], scheme: Recommendation) -> tuple[Edit, ...]:
    source, cls = model.site.source, model.site.node
    inits = [node for node in getattr(cls, "body", ()) if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    kinds = sorted({_spelled(member) for member in members})
    if not isinstance(cls, ast.ClassDef) or len(inits) != 1 or not inits[0].args.args:
        raise CannotRewrite("no constructor of its own")
    there = init_prefix(source, inits[0].body[-1])
    tested = kinds[0] if len(kinds) == 1 else f"({', '.join(kinds)})"
    code = "\n".join((
        f"for module in {inits[0].args.args[0].arg}.modules():",
        f"    if isinstance(module, {tested}):",
        f"        {there.name}.{scheme.code.function}({arguments(source, 'module.weight', scheme.code)})",
        "        if module.bias is not None:",
        f"            {there.name}.zeros_(module.bias)",
    ))  # fmt: skip
    return (*there.edits, *append_to_function(source, inits[0], code))


def _spelled(member: Member) -> str:
    """The layer's class as the file calls it."""
    site = member.parameter.site
    if site is None or site.path != member.model.site.path or not isinstance(site.node, ast.Call):
        raise CannotRewrite("a layer made elsewhere")
    text = ast.unparse(site.node.func)
    if text.rpartition(".")[2] != member.parameter.layer:
        raise CannotRewrite("a layer made under another name")
    return text
