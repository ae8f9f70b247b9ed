"""Formulas for a std put right: the root over the whole, the brackets around a sum, the rate as a factor."""

from __future__ import annotations

import ast

from initlint.describe.formula import Spread, bare, is_root
from initlint.finding import Applicability, Edit, Fix
from initlint.fixer.fragment import CannotRewrite
from initlint.fixer.rewrite import replace_expression


def take_root(spread: Spread, *, outside: bool) -> Fix | None:
    """`2 / n` becomes `(2 / n) ** 0.5`; where a number stands outside the root, `2 / sqrt(n)` becomes `sqrt(2 / n)`."""
    call, source = spread.call, spread.site.source
    low = call.nodes.get("from" if call.is_method else "a") if spread.is_bound and spread.site is call.site else None
    found = (bare(spread.site, spread.node), bare(spread.site, low))
    edits: list[Edit] = []
    try:
        for one in {id(node): node for node in found if node is not None}.values():
            code = _with_root(source.segment(source.span(one)), one, outside=outside)
            edits += replace_expression(source, one, code)
    except CannotRewrite:
        return None
    return Fix(Applicability.UNSAFE, "Take the root of the whole formula", tuple(edits))


def put_brackets(spread: Spread, slip: ast.BinOp) -> Fix | None:
    """`2 / fan_in + fan_out` becomes `2 / (fan_in + fan_out)`."""
    match slip:
        case ast.BinOp(left=ast.BinOp(left=above, right=one), right=other):
            text = f"{ast.unparse(above)} / ({ast.unparse(one)} + {ast.unparse(other)})"
            return _replaced(spread, slip, text, "Put the fans in brackets")
    return None


def scale_by_rate(spread: Spread, above: ast.BinOp, whole: ast.BinOp) -> Fix | None:
    """`(4 - dropout) / n` becomes `4 * (1 - dropout) / n`."""
    text = f"{ast.unparse(above.left)} * (1 - {ast.unparse(above.right)}) / {_divisor(whole.right)}"
    return _replaced(spread, whole, text, "Let the dropout rate scale the variance")


def _replaced(spread: Spread, node: ast.expr, text: str, message: str) -> Fix | None:
    try:
        return Fix(Applicability.UNSAFE, message, tuple(replace_expression(spread.site.source, node, text)))
    except CannotRewrite:
        return None


def _with_root(text: str, node: ast.expr, *, outside: bool) -> str:
    match node:
        case ast.BinOp(left=left, op=ast.Div(), right=ast.Call(func=function, args=[inside])) if outside:
            return f"{ast.unparse(function)}({ast.unparse(left)} / {_divisor(inside)})"
        case ast.BinOp(left=left, op=ast.Div(), right=ast.BinOp(left=inside)) if outside:
            return f"({ast.unparse(left)} / {_divisor(inside)}) ** 0.5"
        case ast.BinOp(left=left, op=ast.Div(), right=right) if is_root(left):
            return f"({ast.unparse(left)} ** 2 / {ast.unparse(right)}) ** 0.5"
    return f"({text}) ** 0.5"


def _divisor(node: ast.expr) -> str:
    return f"({ast.unparse(node)})" if isinstance(node, ast.BinOp) else ast.unparse(node)
