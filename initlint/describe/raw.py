"""Raw parameters: whether the text around them could multiply a signal by them at all, told before forward is read."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from initlint.describe import classes
from initlint.describe.values import ClassRef

if TYPE_CHECKING:
    from initlint.describe.nodes import Parameter

_INITS = re.compile(r"^(?!__).*(init|reset)")
_WALK = re.compile(r"for [\w, ()]+ in [^\n]*\bself\.(named_)?parameters\(")
# `x @ w` (no decorator), products by name, and anything of torch.nn.functional or of a function of the project's own.
_PRODUCT = re.compile(r"\S[ \t]*@|mm\b|mul\b|einsum|einops|\bF\.|functional|dot\b|conv|linear", re.IGNORECASE)


def may_be_contracted(parameter: Parameter) -> bool:
    """Whether the class that owns the parameter, or one of its bases, speaks of products.

    Tokens and tables of positions are added, and forward, dear to read, need not be asked how they are used.
    """
    cls = parameter.module.cls
    if cls is None:
        return True
    memo = parameter.flow.project.memo
    key = f"speaks of products {id(cls.info)}"
    if key not in memo:
        owners = classes.order(parameter.flow.project, cls)
        memo[key] = any(_speaks_of_products(one) for one in owners if isinstance(one, ClassRef))
    handed = rf"\w\([^()]*\bself\.{re.escape(parameter.slot)}\b"
    return bool(memo[key]) or re.search(handed, text_of(cls)) is not None


def inherits_walk(parameter: Parameter) -> bool:
    """Whether a base class of the project has an init method that hands over each parameter the object has.

    By what it fills them (a table of functions, a configuration) is told elsewhere, if at all.
    """
    cls = parameter.module.cls
    bases = classes.order(parameter.flow.project, cls)[1:] if cls is not None else ()
    own = [base for base in bases if isinstance(base, ClassRef)]
    return any(_walks(base, node) for base in own for name, node in base.info.methods.items() if _INITS.search(name))


def _walks(cls: ClassRef, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return _WALK.search(cls.file.source.code_lines(node)) is not None


def owner_text(parameter: Parameter) -> str:
    """The source of the class that owns the parameter; empty where it is none of the project's."""
    return text_of(parameter.module.cls) if parameter.module.cls is not None else ""


def _speaks_of_products(cls: ClassRef) -> bool:
    return _PRODUCT.search(text_of(cls)) is not None


def text_of(cls: ClassRef) -> str:
    """The source of a class."""
    return cls.file.source.whole_lines(cls.info.node)
