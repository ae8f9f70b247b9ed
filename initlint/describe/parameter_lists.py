"""Parameters that a ParameterList or a ParameterDict holds: the class knows them by the name of what holds them."""

from __future__ import annotations

import ast
import re

from initlint.describe.nodes import Parameter, Site
from initlint.source import syntax

_HOLDERS = ("ParameterList", "ParameterDict")
_WRITES = re.compile(r"\binit\w*\.\w|[a-z]_\(|\.data\b|\[:\]\s*=|\w*(init|fill|reset)\w*\(")


def is_held(parameter: Parameter) -> bool:
    """Whether it lies in a list or a dictionary of parameters."""
    return any(base in _HOLDERS for base in parameter.module.bases)


def known_as(parameter: Parameter) -> str:
    """The attribute by which the class reads it."""
    if not is_held(parameter):
        return parameter.slot
    return parameter.name.rpartition(".")[0].rpartition(".")[2] or parameter.slot


def makes(name: str) -> str:
    """The text that makes such a list or puts a parameter into it."""
    put_in = r" *(: *[\w.]+ *)?=[^=]|\.(append|extend|insert|update)\(|\s*\+=|\[[^\]]*\]\s*=[^=]"
    return rf"\.{re.escape(name)}({put_in})"


def filled_in_loop(name: str, site: Site) -> bool:
    """Whether some loop of the class runs over the list, in whatever way, and writes to tensors."""
    owner = site.source.around(site.node, ast.ClassDef)
    for loop in syntax.walk(owner) if owner is not None else ():
        if isinstance(loop, (ast.For, ast.ListComp, ast.GeneratorExp)):
            over = loop.iter if isinstance(loop, ast.For) else loop.generators[0].iter
            if re.search(rf"\.{re.escape(name)}\b", ast.unparse(over)) and _WRITES.search(ast.unparse(loop)):
                return True
    return False
