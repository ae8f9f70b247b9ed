"""Calls given another callee or other arguments; everything that stays keeps its text."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence

import libcst as cst

from initlint.finding import Edit
from initlint.fixer.commas import arguments_of
from initlint.fixer.fragment import CannotRewrite, call_node, code_of, comments, expression, expression_text, replace
from initlint.fixer.imports import imported_beside, init_prefix
from initlint.source.text import SourceText

_INIT_MODULES = ("torch.nn.init", "nn.init")


def rename_callee(source: SourceText, call: ast.Call, name: str) -> tuple[Edit, ...]:
    """Call another function of the same module, or another method, under the file's own alias of it."""
    return rename_function(source, call.func, name)


def rename_function(source: SourceText, function: ast.expr, name: str) -> tuple[Edit, ...]:
    """The same for a function that is only named, as in `init_fn=nn.init.xavier_uniform_`."""
    text = expression_text(source, function)
    node = expression(text)
    match node:
        case cst.Attribute():
            return replace(source, source.span(function), code_of(node.with_changes(attr=cst.Name(name))))
        case cst.Name(value=old):
            there = imported_beside(source, old, name, function)
            return (*there.edits, *replace(source, source.span(function), there.name))
    raise CannotRewrite("a callee that has no name")


def set_arguments(
    source: SourceText,
    call: ast.Call,
    *,
    order: Sequence[str] = (),
    keep_positional: int | None = None,
    rename: Mapping[str, str] | None = None,
    drop: Collection[str] = (),
    set: Mapping[str, str] | None = None,  # noqa: A002 - reads well where it is called
) -> tuple[Edit, ...]:
    """Change some arguments of a call.

    `order` names the callee's parameters, so that positional arguments can be told. `rename` gives an argument
    another name (and so makes it a keyword), `drop` takes it out, `set` gives it the value of some code, where it
    stands or at the end. Positional arguments that no longer stand in their place, and those from the
    `keep_positional`th on, become keywords.
    """
    node = call_node(source, call)
    rename, values = rename or {}, dict(set or {})
    if any(argument.star for argument in node.args):
        raise CannotRewrite("arguments that cannot be told")
    items = arguments_of(node)
    gone: list[int] = []
    in_place = True
    for index, argument in enumerate(node.args):
        name = _name(argument, index, order)
        in_place = in_place and name not in rename and name not in drop
        in_place = in_place and (keep_positional is None or index < keep_positional)
        if name in drop:
            gone.append(index)
        elif argument.keyword or not in_place or name in values:
            items.texts[index] = _rewritten(argument, name, rename, values, positional=in_place)
    for index in reversed(gone):
        items.drop(index)
    for name, code in values.items():
        items.append(f"{name}{_equals(node)}{as_argument(code)}")
    return _arguments_edit(source, call, node, items.code)


def replace_call(source: SourceText, call: ast.Call, function: str, arguments: str) -> tuple[Edit, ...]:
    """Put a call of `torch.nn.init`'s `function` in the place of `call`, with the import that it needs."""
    match call.func:
        case ast.Attribute(value=module) if ast.unparse(module) in _INIT_MODULES:
            return _whole(source, call, f"{ast.unparse(module)}.{function}({arguments})")  # in the call's own style
    there = init_prefix(source, call)
    return (*there.edits, *_whole(source, call, f"{there.name}.{function}({arguments})"))


def receiver(source: SourceText, call: ast.Call) -> str:
    """The code of the tensor that a method writes to: `m.weight` of `m.weight.data.normal_()`."""
    node = call.func
    if not isinstance(node, ast.Attribute):
        raise CannotRewrite("not a method")
    node = node.value
    while True:
        match node:
            case ast.Attribute(value=inner, attr="data"):
                node = inner
            case ast.Call(func=ast.Attribute(value=inner, attr="detach"), args=[], keywords=[]):
                node = inner
            case _:
                return expression_text(source, node)


def quoted(source: SourceText, text: str) -> str:
    """`text` as a string literal in the quotes that the file uses more often."""
    quote = "'" if source.text.count("'") > source.text.count('"') else '"'
    return f"{quote}{text}{quote}"


def as_argument(code: str) -> str:
    """The code of an expression as an argument: in brackets where the comma or `=` would read it otherwise."""
    return f"({code})" if isinstance(expression(code), cst.NamedExpr | cst.GeneratorExp) and code[0] != "(" else code


def _whole(source: SourceText, call: ast.Call, code: str) -> tuple[Edit, ...]:
    old = expression_text(source, call)
    if comments(old) != comments(code):
        raise CannotRewrite("a comment would be lost")
    expression(code)
    return replace(source, source.span(call), code)


def _arguments_edit(source: SourceText, call: ast.Call, node: cst.Call, arguments: str) -> tuple[Edit, ...]:
    code = f"{code_of(node.func)}{code_of(node.whitespace_after_func)}({arguments})"
    expression(code)  # a bare generator cannot have a neighbour
    return replace(source, source.span(call), code)


def _name(argument: cst.Arg, index: int, order: Sequence[str]) -> str:
    if argument.keyword:
        return argument.keyword.value
    return order[index] if index < len(order) else ""


def _rewritten(
    argument: cst.Arg, name: str, rename: Mapping[str, str], values: dict[str, str], *, positional: bool
) -> str:
    name = rename.get(name, name)
    if not name:
        raise CannotRewrite("a positional argument that has no known name")
    bare = argument.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=cst.SimpleWhitespace(""))
    if name in values:
        bare = bare.with_changes(value=expression(as_argument(values.pop(name))))
    if argument.keyword:
        return code_of(bare.with_changes(keyword=argument.keyword.with_changes(value=name)))
    return code_of(bare) if positional else f"{name}={as_argument(code_of(bare))}"


def _equals(node: cst.Call) -> str:
    """`=` with the spaces that the call's other keywords have around it."""
    for argument in node.args:
        if argument.keyword and isinstance(argument.equal, cst.AssignEqual):
            return code_of(argument.equal).strip("\n") if "\n" not in code_of(argument.equal) else "="
    return "="
