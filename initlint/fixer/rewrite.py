"""Expressions replaced and turned inside out."""

from __future__ import annotations

import ast
from keyword import iskeyword

import libcst as cst

from initlint.finding import Edit, Span
from initlint.fixer.calls import as_argument
from initlint.fixer.commas import arguments_of
from initlint.fixer.fragment import (
    CannotRewrite,
    call_node,
    code_of,
    comments,
    expression,
    expression_text,
    replace,
    tokens,
)
from initlint.source.text import SourceText

_ATOMS = (
    ast.Call, ast.Attribute, ast.Subscript, ast.Name, ast.Constant, ast.List, ast.Dict, ast.Set, ast.ListComp,
    ast.SetComp, ast.DictComp, ast.JoinedStr,
)  # fmt: skip
_OPEN_PLACES = (
    ast.keyword, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr, ast.List, ast.Tuple, ast.Set, ast.If,
    ast.While, ast.Assert,
)  # fmt: skip


def replace_expression(source: SourceText, node: ast.expr, code: str) -> tuple[Edit, ...]:
    """Put the expression `code` in the place of `node`, in brackets where its new place asks for them."""
    old = expression_text(source, node)
    if isinstance(node, ast.GeneratorExp) and isinstance(source.parents[node], ast.Call):
        raise CannotRewrite("a generator without brackets of its own")
    if not set(comments(old)) <= set(comments(code)):
        raise CannotRewrite("a comment would be lost")
    code = code.strip()
    expression(code)
    return replace(source, source.span(node), code if _stands_bare(source, node, code) else f"({code})")


def to_comprehension(source: SourceText, product: ast.BinOp) -> tuple[Edit, ...]:
    """`[Block(x)] * n` becomes `[Block(x) for _ in range(n)]`; a tuple becomes `tuple(...)` of the same."""
    items, count = product.left, product.right
    if not isinstance(items, (ast.List, ast.Tuple)):
        items, count = count, items
    if not isinstance(product.op, ast.Mult) or not isinstance(items, (ast.List, ast.Tuple)) or len(items.elts) != 1:
        raise CannotRewrite("not one item times a number")
    if isinstance(source.parents[source.statement(product)], ast.ClassDef):
        raise CannotRewrite("a comprehension does not see a class's names")
    item = items.elts[0]
    names = {node.id for node in ast.walk(product) if isinstance(node, ast.Name)}
    if isinstance(item, (ast.Starred, ast.GeneratorExp)) or any(_binds(node) for node in ast.walk(product)):
        raise CannotRewrite("an item that cannot be repeated in a comprehension")
    variable = "_" if "_" not in names else "_index"
    loop = f" for {variable} in range({as_argument(expression_text(source, count))})"
    bracket = expression(expression_text(source, items))
    if not isinstance(bracket, (cst.List, cst.Tuple)):
        raise CannotRewrite("LibCST reads these items differently")
    text = code_of(bracket.elements[0].with_changes(comma=cst.MaybeSentinel.DEFAULT))
    if isinstance(bracket, cst.Tuple):
        code = f"tuple({text}{loop})"
    else:
        code = f"[{code_of(bracket.lbracket.whitespace_after)}{text}{loop}{_closing(bracket)}]"
    if not set(comments(expression_text(source, product))) <= set(comments(code)):
        raise CannotRewrite("a comment would be lost")
    return replace(source, _with_brackets(source, source.span(product)), code)


def move_calls_inside(source: SourceText, outer: ast.Call, inner: ast.Call) -> tuple[Edit, ...]:
    """`nn.Parameter(t).to(device)` becomes `nn.Parameter(t.to(device))`.

    `inner` is the constructor's call, `outer` the last of the method calls behind it.
    """
    whole, base = expression_text(source, outer), call_node(source, inner)
    if base.lpar or not whole.startswith(expression_text(source, inner)):
        raise CannotRewrite("brackets around the inner call")
    methods = whole[len(expression_text(source, inner)) :]
    node: ast.expr = outer
    while node is not inner:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Call() as below)):
                node = below
            case _:
                raise CannotRewrite("not a chain of method calls")
    if not inner.args or isinstance(inner.args[0], ast.Starred):
        raise CannotRewrite("no first argument")
    items, first = arguments_of(base), inner.args[0]
    items.texts[0] = f"{items.texts[0] if isinstance(first, _ATOMS) else f'({items.texts[0]})'}{methods}"
    code = f"{code_of(base.func)}{code_of(base.whitespace_after_func)}({items.code})"
    return replace_expression(source, outer, code)


def _with_brackets(source: SourceText, span: Span) -> Span:
    """`span` and the brackets that stand around it, but for those of a call: what fills it needs none."""
    before, after = _text_before(source, span), _text_after(source, span)
    opening, closing = before.rstrip(), after.lstrip()
    if not opening.endswith("(") or not closing.startswith(")"):
        return span
    line = span.line - before[len(opening) :].count("\n")
    head = opening.rpartition("\n")[2]
    *_, last = ["", *(token for token in tokens(head[:-1]) if not token.isspace())]
    called = last in ("", ")", "]", "}") or (last.isidentifier() and not iskeyword(last))
    if called or iskeyword(head[-1 - len(last) : -1]):  # `return(x)` keeps what parts them
        return span
    skipped = after[: len(after) - len(closing)]
    end = len(skipped.rpartition("\n")[2]) + (1 if "\n" in skipped else span.end_column)
    return _with_brackets(source, Span(line, len(head), span.end_line + skipped.count("\n"), end + 1))


def _text_before(source: SourceText, span: Span) -> str:
    return "\n".join([*source.lines[: span.line - 1], source.lines[span.line - 1][: span.column - 1]])


def _text_after(source: SourceText, span: Span) -> str:
    return "\n".join([source.lines[span.end_line - 1][span.end_column - 1 :], *source.lines[span.end_line :]])


def _stands_bare(source: SourceText, node: ast.expr, code: str) -> bool:
    """Whether `code` means the same in the place of `node` as it does alone."""
    if code[0] == "(" and expression(code).lpar:
        return True
    alone, parent = _on_its_own(code), source.parents[node]
    match alone:
        case None | ast.NamedExpr() | ast.Yield() | ast.YieldFrom() | ast.Await() | ast.Tuple() | ast.GeneratorExp():
            return False
        case ast.Constant(value=int() | float() | complex()):
            return not isinstance(parent, ast.Attribute)
    if isinstance(alone, _ATOMS) or (isinstance(alone, ast.Compare) and isinstance(parent, (ast.BoolOp, ast.IfExp))):
        return True
    match parent:
        case ast.Call(args=arguments):
            return node in arguments
        case ast.Lambda(body=body):
            return body is node
        case ast.Subscript(slice=index):
            return index is node
    return isinstance(parent, _OPEN_PLACES)


def _on_its_own(code: str) -> ast.expr | None:
    """The tree of `code` without brackets around it; None where it needs them to go over its lines."""
    try:
        return ast.parse(code, mode="eval").body
    except SyntaxError:
        return None


def _closing(bracket: cst.List) -> str:
    comma = bracket.elements[0].comma
    behind = code_of(comma.whitespace_after) if isinstance(comma, cst.Comma) else ""
    return behind + code_of(bracket.rbracket.whitespace_before)


def _binds(node: ast.AST) -> bool:
    return isinstance(node, (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await))
