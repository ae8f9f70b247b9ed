"""Weights that their class says are not trained: fixed filters, tables, projections."""

from __future__ import annotations

import ast
import re

from initlint.describe.nodes import Parameter, Site

_OFF = re.compile(r"requires_grad\s*=\s*False|requires_grad_\(\s*(mode\s*=\s*)?False|freeze")


def is_frozen(parameter: Parameter) -> bool:
    """Whether the class around the weight, or what writes to it, switches gradients off somewhere."""
    sites = [parameter.site, parameter.module.site, *(event.site for event in parameter.history)]
    return any(site is not None and _OFF.search(_around(site)) for site in sites)


def _around(site: Site) -> str:
    """The text of the class (or else the function) that it stands in."""
    outer = [one for one in site.source.above(site.node) if isinstance(one, ast.ClassDef)]
    holder = outer[-1] if outer else site.source.around(site.node, ast.FunctionDef)
    return "" if holder is None else site.source.whole_lines(holder)
