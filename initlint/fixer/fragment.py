"""A piece of a file, as text and as LibCST nodes, and the smallest edit that turns it into another."""

from __future__ import annotations

import ast
import re
import warnings
from itertools import takewhile
from typing import TypeVar

import libcst as cst

from initlint.finding import Edit, Span
from initlint.source.text import SourceText

_TOKEN = re.compile(
    r"""
    \#[^\n]*                                              # a comment
  | [rRbBfFuUtT]{0,2}(?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3})  # a string in triple quotes
  | [rRbBfFuUtT]{0,2}(?:\"(?:\\[\s\S]|[^\"\\\n])*\"|'(?:\\[\s\S]|[^'\\\n])*')
  | \.?\d[\w.]*                                           # a number
  | \w+                                                   # a name
  | (?:\*\*|//|>>|<<|:|->|[<>=!+\-*/%&|^@])=? | \.\.\.
  | [ \t\f]+ | [\s\S]
    """,
    re.VERBOSE,
)

_Node = TypeVar("_Node", bound=cst.CSTNode)


class CannotRewrite(Exception):  # noqa: N818 - it says what happened to the caller, and no user ever sees it
    """This edit cannot be written without risk; the rule yields its finding without a fix."""


def tokens(text: str) -> list[str]:
    """The text cut where Python's tokens meet; joined again it is the text."""
    return _TOKEN.findall(text)


def comments(text: str) -> list[str]:
    """The comments in `text`, sorted."""
    return sorted(token for token in tokens(text) if token.startswith("#"))


def replace(source: SourceText, span: Span, new: str) -> tuple[Edit, ...]:
    """The edit that puts `new` in the place of `span`, without the tokens that both begin or end with."""
    old_tokens, new_tokens = tokens(source.segment(span)), tokens(new)
    head = _alike(old_tokens, new_tokens)
    old_rest, new_rest = old_tokens[head:], new_tokens[head:]
    tail = _alike(old_rest[::-1], new_rest[::-1])
    if not old_rest and not new_rest:
        return ()
    changed = "".join(old_rest[: len(old_rest) - tail])
    start = _advance((span.line, span.column), "".join(old_tokens[:head]))
    cell, local = source.local(Span(*start, *_advance(start, changed)))
    return (Edit(local, "".join(new_rest[: len(new_rest) - tail]), cell),)


def insert(source: SourceText, line: int, column: int, text: str) -> tuple[Edit, ...]:
    """The edit that puts `text` before what stands at that place of the whole text."""
    cell, local = source.local(Span(line, column, line, column))
    return (Edit(local, text, cell),)


def expression_text(source: SourceText, node: ast.expr) -> str:
    """The text of an expression, once it is certain that its position can be relied on."""
    for above in source.above(node):
        # Before Python 3.12 nodes inside an f-string carry wrong positions, and quotes cannot be nested there.
        if type(above).__name__ in {"JoinedStr", "TemplateStr"} and above is not node:
            raise CannotRewrite("inside an f-string")
    text = source.segment(source.span(node))
    if ast.dump(parsed(text)) != ast.dump(node):
        raise CannotRewrite("the text at this position is another expression")
    return text


def parsed(code: str) -> ast.expr:
    """The syntax tree of an expression that may span lines."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(f"({code}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise CannotRewrite(f"not an expression: {code}") from error


def expression(code: str) -> cst.BaseExpression:
    """The LibCST node of an expression that may span lines."""
    if not code.strip():
        raise CannotRewrite("no expression")
    try:
        node = cst.parse_expression(f"({code})")
    except (cst.ParserSyntaxError, cst.CSTValidationError, RecursionError) as error:
        raise CannotRewrite(f"LibCST cannot parse: {code}") from error
    return node.with_changes(lpar=node.lpar[1:], rpar=node.rpar[:-1])


def call_node(source: SourceText, node: ast.Call) -> cst.Call:
    """The LibCST node of a call in the file; its code is the file's text, to the character."""
    text = expression_text(source, node)
    call = expression(text)
    if not isinstance(call, cst.Call) or code_of(call) != text:
        raise CannotRewrite("LibCST reads this call differently")
    return call


def module(text: str) -> cst.Module:
    """The LibCST tree of whole lines."""
    try:
        return cst.parse_module(text)
    except (cst.ParserSyntaxError, cst.CSTValidationError, RecursionError) as error:
        raise CannotRewrite("LibCST cannot parse the statement") from error


def code_of(node: cst.CSTNode) -> str:
    """The text of a node."""
    return cst.Module([]).code_for_node(node)


def typed(node: cst.CSTNode, kind: type[_Node]) -> _Node:
    """`node`, known to be of `kind`."""
    if not isinstance(node, kind):
        raise CannotRewrite(f"{type(node).__name__} where {kind.__name__} was expected")
    return node


def _alike(left: list[str], right: list[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))


def _advance(place: tuple[int, int], text: str) -> tuple[int, int]:
    line, column = place
    breaks = text.count("\n")
    if not breaks:
        return line, column + len(text)
    return line + breaks, len(text) - text.rindex("\n")
