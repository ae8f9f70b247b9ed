"""INI609 broken-type-test: a test of a layer's type or name that cannot mean what it says."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import TypeTest
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel

_MESSAGES = {
    "boolean-of-types": "`{text}` tests one of these types only: `or` gives its first operand, `and` its last",
    "class-is-always-true": "`{detail}` is a class, and so always true: this test does not look at the layer",
    "text-is-always-true": "{detail!r} alone is always true: this test does not look for it",
    "find-is-a-position": "`find` gives -1 (true) where the text is missing, and 0 (false) where it stands first",
    "module-equals-class": "a layer never equals a class: `{text}` is always the same",
    "name-equals-class": "a class's name is a text and never equals the class: `{text}` is always the same",
    "type-equals-several": "a type never equals several: `{text}` is always the same",
    "type-equals-boolean": "`{text}` compares with one of these types only: `or` gives its first operand",
    "type-equals-text": "a type never equals a text: `{text}` is always the same",
    "type-of-type": "a layer's type is no layer: `{text}` is always false",
    "list-of-types": "isinstance takes a tuple of types, not a list: this raises TypeError",
    "three-arguments": "isinstance takes two arguments: this raises TypeError",
}
_TEXT_LIMIT = 60
_Say = Callable[[ast.AST], str]  # the source of a part of the test


class BrokenTypeTest(Rule):
    """A condition on a layer's type or name is always true, always false, or tests half of what it names.

    ## What it does
    Reports `isinstance(m, A or B)`, `isinstance(m, A) or B`, `isinstance(m, [A, B])`, `m == nn.Linear`,
    `type(m) == (A, B)`, `if "a" or "b" in name`, and `find(...)` as a truth value.

    ## Why is this bad?
    The init code runs for the wrong layers, or for none, and nothing says so: `nn.Conv2d or nn.Linear` is `nn.Conv2d`,
    a class and a text are true, and `find` gives a position.

    ## Example
    ```python
    if isinstance(m, nn.Conv2d or nn.Linear):
        nn.init.kaiming_normal_(m.weight)
    ```

    ## Use instead
    ```python
    if isinstance(m, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(m.weight)
    ```

    ## Fix safety
    Unsafe: what is written instead is what was most likely meant, and other layers are initialised then.

    ## References
    - [Python: Boolean operations](https://docs.python.org/3/reference/expressions.html#boolean-operations)
    - [str.find](https://docs.python.org/3/library/stdtypes.html#str.find)
    """

    code = "INI609"
    name = "broken-type-test"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every test that was noted as it was read."""
        for test in file.facts(TypeTest):
            message = _MESSAGES.get(test.problem)
            if message is None:
                continue
            text = " ".join(test.site.text.split())
            text = text if len(text) <= _TEXT_LIMIT else f"{text[:_TEXT_LIMIT]}..."
            cure = _cure(test)
            yield self.finding(
                test.site,
                message.format(text=text, detail=test.detail),
                help=f"most likely meant: `{cure}`" if cure is not None else "",
                fix=_fix(test, cure) if cure is not None else None,
            )


def _cure(test: TypeTest) -> str | None:
    """What was most likely meant, as code."""
    make = _CURES.get(test.problem)
    source = test.site.source
    return make(test.site.node, lambda node: source.segment(source.span(node))) if make is not None else None


def _tuple_of_types(node: ast.AST, say: _Say) -> str | None:
    match node:
        case ast.Call(args=[subject, ast.BoolOp(values=kinds) | ast.List(elts=kinds) | ast.Set(elts=kinds)]):
            return f"isinstance({say(subject)}, ({', '.join(map(say, kinds))}))"
        case ast.Call(args=[subject, *kinds]):
            return f"isinstance({say(subject)}, ({', '.join(map(say, kinds))}))"
    return None


def _join_classes(node: ast.AST, say: _Say) -> str | None:
    """`isinstance(m, A) or B` and `type(m) == A or B`, with any number of classes behind."""
    match node:
        case ast.BoolOp(op=ast.Or(), values=[first, *rest]) if all(
            isinstance(r, (ast.Name, ast.Attribute)) for r in rest
        ):
            more = ", ".join(map(say, rest))
            match first:
                case ast.Call(func=ast.Name(id="isinstance"), args=[subject, kinds]):
                    kept = ", ".join(map(say, kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]))
                    return f"isinstance({say(subject)}, ({kept}, {more}))"
                case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[kind]):
                    return f"{say(left)} in ({say(kind)}, {more})"
    return None


def _spread_texts(node: ast.AST, say: _Say) -> str | None:
    """`"a" or "b" in name` and `name == "a" or "b"`."""
    if not isinstance(node, ast.BoolOp):
        return None
    joined = " or " if isinstance(node.op, ast.Or) else " and "
    match node.values[-1]:
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn() as operator], comparators=[container]):
            word = " in " if isinstance(operator, ast.In) else " not in "
            texts = [*node.values[:-1], left]
            if all(isinstance(text, ast.Constant) for text in texts):
                return joined.join(f"{say(text)}{word}{say(container)}" for text in texts)
    match node.values:
        case [ast.Compare(left=left, ops=[ast.Eq()], comparators=[first]), *rest] if joined == " or ":
            if all(isinstance(text, ast.Constant) for text in rest):
                return f"{say(left)} in ({', '.join(map(say, [first, *rest]))})"
        case [ast.Compare(left=ast.Constant(), ops=[ast.In()], comparators=[container]) as first, *rest]:
            if all(isinstance(text, ast.Constant) for text in rest):
                more = [f"{say(text)} in {say(container)}" for text in rest]
                return joined.join([say(first), *more])
    return None


def _found(node: ast.AST, say: _Say) -> str:
    return f"{say(node)} != -1"


def _is_instance(node: ast.AST, say: _Say) -> str | None:
    match node:
        case ast.Compare(left=left, ops=[operator], comparators=[kinds]):
            negated = "not " if isinstance(operator, (ast.NotEq, ast.IsNot, ast.NotIn)) else ""
            return f"{negated}isinstance({say(left)}, {say(kinds)})"
        case ast.Call(args=[ast.Call(args=[subject]) | ast.Attribute(value=subject), kind]):
            return f"isinstance({say(subject)}, {say(kind)})"
    return None


def _member_of(node: ast.AST, say: _Say) -> str | None:
    match node:
        case ast.Compare(left=left, ops=[operator], comparators=[ast.BoolOp(values=values)]):
            word = "not in" if isinstance(operator, (ast.NotEq, ast.IsNot, ast.NotIn)) else "in"
            return f"{say(left)} {word} ({', '.join(map(say, values))})"
        case ast.Compare(left=left, ops=[operator], comparators=[kinds]):
            word = "not in" if isinstance(operator, (ast.NotEq, ast.IsNot)) else "in"
            return f"{say(left)} {word} {say(kinds)}"
    return None


def _by_name(node: ast.AST, say: _Say) -> str | None:
    match node:
        case ast.Compare(left=left, ops=[operator], comparators=[text]):
            word = "!=" if isinstance(operator, (ast.NotEq, ast.IsNot)) else "=="
            return f"{say(left)}.__name__ {word} {say(text)}"
    return None


_CURES: dict[str, Callable[[ast.AST, _Say], str | None]] = {
    "boolean-of-types": _tuple_of_types,
    "list-of-types": _tuple_of_types,
    "three-arguments": _tuple_of_types,
    "class-is-always-true": _join_classes,
    "text-is-always-true": _spread_texts,
    "find-is-a-position": _found,
    "module-equals-class": _is_instance,
    "type-of-type": _is_instance,
    "type-equals-several": _member_of,
    "type-equals-boolean": _member_of,
    "type-equals-text": _by_name,
}


def _fix(test: TypeTest, cure: str) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.rewrite import replace_expression

    source, node = test.site.source, test.site.node
    if not isinstance(node, ast.expr):
        return None
    return attempt(Applicability.UNSAFE, f"Test `{cure}`", lambda: replace_expression(source, node, cure))
