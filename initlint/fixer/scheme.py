"""An init call replaced by the scheme that suits, in the file's own style of import."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from initlint.finding import Applicability, Edit, Fix, Span
from initlint.fixer.calls import quoted, receiver, replace_call
from initlint.fixer.commas import arguments_of
from initlint.fixer.fragment import CannotRewrite, call_node, comments, expression, expression_text, replace
from initlint.fixer.imports import imported_beside, init_prefix
from initlint.fixer.layout import row
from initlint.reference.recommend import Code
from initlint.source.text import SourceText

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from initlint.describe.groups import Member
    from initlint.describe.nodes import InitCall

_FILLING = ("normal_", "uniform_", "zero_", "fill_")  # methods after which nothing of what was there is left


def recommended(call: InitCall | None, members: Iterable[Member]) -> Fix | None:
    """The unsafe fix that writes what suits all `members` in the place of `call`; None where they differ.

    Layers that no activation follows, and that are the last or have a norm behind them, do with what the others need.
    """
    from initlint.describe.advice import agreed

    found = list(members)
    suited = agreed(found) or agreed(one for one in found if not _is_indifferent(one))
    if call is None or suited is None or _reaches_more(call, found):
        return None
    try:
        edits = write_scheme(call, suited.code)
    except CannotRewrite:
        return None
    return Fix(Applicability.UNSAFE, f"Use `{suited.code.call('w', '')}`", edits) if edits else None


def write_scheme(call: InitCall, code: Code) -> tuple[Edit, ...]:
    """Put `code` in the place of a call of torch.nn.init, or of a tensor method that fills."""
    source, node = call.site.source, call.site.node
    if not isinstance(node, ast.Call) or not (call.is_method or call.function.startswith("torch.nn.init.")):
        raise CannotRewrite("not a call of torch's own")
    unknown = any(isinstance(argument, ast.Starred) for argument in node.args)
    if unknown or any(keyword.arg in ("generator", None) for keyword in node.keywords):
        raise CannotRewrite("an argument that would be lost")
    if call.is_method and call.name not in _FILLING:
        raise CannotRewrite("a copy, or a step of a longer formula")
    if call.is_method:
        return replace_call(source, node, code.function, arguments(source, receiver(source, node), code))
    inside = arguments(source, expression_text(source, _filled(node)), code)
    if "\n" in expression_text(source, node):
        inside = _in_its_layout(source, node, code)
    if isinstance(node.func, ast.Attribute):
        return _whole(source, node, f"{expression_text(source, node.func.value)}.{code.function}({inside})")
    if not isinstance(node.func, ast.Name):
        raise CannotRewrite("a callee that has no name")
    there = imported_beside(source, node.func.id, code.function, node)
    return (*there.edits, *_whole(source, node, f"{there.name}({inside})"))


def _in_its_layout(source: SourceText, node: ast.Call, code: Code) -> str:
    """The arguments for `code` on the lines of the old ones."""
    items, tensor = arguments_of(call_node(source, node)), _filled(node)
    wanted = {name: f"{name}={_in_quotes(source, text)}" for name, text in code.keywords}
    for index, old in reversed([*enumerate([*node.args, *node.keywords])]):
        name = old.arg if isinstance(old, ast.keyword) else None
        if name in wanted:
            items.texts[index] = wanted.pop(name)
        elif old is not tensor:
            behind = [*items.gaps, items.closing][index]
            if "#" in behind.partition("\n")[0]:
                raise CannotRewrite("a comment on what goes")
            items.drop(index)
    for text in wanted.values():
        items.append(text)
    return items.code


def write_gates(call: InitCall, gates: int) -> tuple[Edit, ...]:
    """Draw an orthogonal matrix for each of the `gates` that a recurrent weight packs along axis 0."""
    if gates == 1:
        return write_scheme(call, Code("orthogonal_"))
    there = init_prefix(call.site.source, call.site.node)
    return (*there.edits, *_for_each(call, f"data.chunk({gates})", "gate", f"{there.name}.orthogonal_(gate)"))


def write_parts(call: InitCall, count: int) -> tuple[Edit, ...]:
    """Make the same call for each of the `count` matrices that a weight packs along axis 0."""
    source, node = call.site.source, call.site.node
    if call.is_method or not isinstance(node, ast.Call) or not call.function.startswith("torch.nn.init."):
        raise CannotRewrite("not a call of torch's own")
    whole, tensor = source.span(node), source.span(_filled(node))
    before = source.segment(Span(whole.line, whole.column, tensor.line, tensor.column))
    behind = source.segment(Span(tensor.end_line, tensor.end_column, whole.end_line, whole.end_column))
    return _for_each(call, f"chunk({count})", "part", f"{before}part{behind}")


def _for_each(call: InitCall, parts: str, name: str, body: str) -> tuple[Edit, ...]:
    """A loop over the parts of a call's tensor, in the call's place."""
    source, node = call.site.source, call.site.node
    statement = source.statement(node)
    if not isinstance(node, ast.Call) or not isinstance(statement, ast.Expr) or statement.value is not node:
        raise CannotRewrite("not a statement of its own")
    here = row(source, statement)
    if not here.alone:
        raise CannotRewrite("not a line of its own")
    tensor = receiver(source, node) if call.is_method else expression_text(source, _filled(node))
    if parts.startswith("data."):
        tensor = tensor.removesuffix(".data")
    code = f"for {name} in {tensor}.{parts}:\n{here.indent}{here.unit}{body}"
    if comments(expression_text(source, node)) != comments(code):
        raise CannotRewrite("a comment would be lost")
    return replace(source, source.span(statement), code)


def arguments(source: SourceText, tensor: str, code: Code) -> str:
    """The tensor and the code's keywords, strings in the file's own quotes."""
    texts = [f"{name}={_in_quotes(source, text)}" for name, text in code.keywords]
    return ", ".join([tensor, *texts])


def _reaches_more(call: InitCall, members: Sequence[Member]) -> bool:
    """Whether a loop over all layers also writes to some that were not read, of which these tell nothing."""
    from initlint.describe.advice import bend
    from initlint.describe.reach import opaque

    bent = any(bend(one)[0] is not None for one in members)
    return call.broad and not bent and any(opaque(one.model.root) for one in members)


def _is_indifferent(member: Member) -> bool:
    from initlint.describe.advice import bend

    follow = member.parameter.follow
    return follow is not None and bend(member)[0] is None and (follow.output or follow.normalised)


def _in_quotes(source: SourceText, text: str) -> str:
    return quoted(source, text[1:-1]) if text.startswith('"') else text


def _filled(node: ast.Call) -> ast.expr:
    named = [keyword.value for keyword in node.keywords if keyword.arg == "tensor"]
    if named or not node.args or isinstance(node.args[0], ast.Starred):
        raise CannotRewrite("no tensor by position")
    return node.args[0]


def _whole(source: SourceText, node: ast.Call, code: str) -> tuple[Edit, ...]:
    old = expression_text(source, node)
    if comments(old) != comments(code):
        raise CannotRewrite("a comment would be lost")
    expression(code)
    return replace(source, source.span(node), code)
