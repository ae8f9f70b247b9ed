"""Weights that their class says are not trained: fixed filters, tables, projections."""

from __future__ import annotations

import ast
import re

from initlint.describe.nodes import Parameter
from initlint.source.syntax import Parents

_OFF = re.compile(r"requires_grad\s*=\s*False|requires_grad_\(\s*(mode\s*=\s*)?False|freeze")


def is_frozen(parameter: Parameter) -> bool:
    """Whether the class around the weight, or what writes to it, switches gradients off somewhere."""
    sites = [parameter.site, parameter.module.site, *(event.site for event in parameter.history)]
    return any(site is not None and _OFF.search(_around(site.source.text, site.source.parents, site.node))
               for site in sites)  # fmt: skip


def _around(text: str, parents: Parents, node: ast.AST) -> str:
    """The text of the class (or else the function) that a node stands in."""
    holder: ast.AST | None = None
    current: ast.AST | None = node
    while current is not None:
        if isinstance(current, ast.ClassDef) or (holder is None and isinstance(current, ast.FunctionDef)):
            holder = current
        current = parents.get(current)
    if holder is None:
        return ""
    return "\n".join(text.split("\n")[holder.lineno - 1 : holder.end_lineno])  # type: ignore[attr-defined]
