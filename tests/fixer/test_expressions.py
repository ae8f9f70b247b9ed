"""Every operation on expressions, on the standard library: the tree is the expected one, comments stay."""

from __future__ import annotations

import ast
import random
import sysconfig
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from initlint.finding import Edit
from initlint.fixer.calls import set_arguments
from initlint.fixer.fragment import CannotRewrite
from initlint.fixer.rewrite import replace_expression
from initlint.source.read import decode
from initlint.source.text import SourceText
from tests.fixer.edited import comments, edited

MODULES = ["calendar", "cmd", "difflib", "fractions", "shlex", "textwrap", "tokenize"]
CODES = [
    "x", "x + 1", "x if y else z", "lambda: 0", "not x", "x, y", "f(x)", "x.y", "-1", "1", "'s'", "(yield)", "x := 3",
    "(a for a in b)", "x\n + 1", "f(\n x,\n)", "x and y", "[1, 2]", "{}", "await_", "(x) + (y)",
]  # fmt: skip
REFUSED = {
    "inside an f-string", "arguments that cannot be told", "a comment would be lost", "not an expression",
    "a generator without brackets of its own", "LibCST cannot parse",
}  # fmt: skip


def library(module: str) -> SourceText:
    """A module of the standard library."""
    path = Path(sysconfig.get_path("stdlib")) / f"{module}.py"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own strings
        return decode(str(path), path.read_bytes())


def result(text: SourceText, operation: Callable[[], Sequence[Edit]]) -> str | None:
    """The text after an operation; None where it was refused for a known reason."""
    try:
        return edited(text, operation())
    except CannotRewrite as refused:
        if str(refused).partition(":")[0] not in REFUSED:
            raise
        return None


def mirrored(text: SourceText, node: ast.AST) -> tuple[ast.Module, ast.AST]:
    """Another tree of the text, and the same node in it."""
    tree = ast.parse(text.text)
    number = list(ast.walk(text.tree)).index(node)
    return tree, list(ast.walk(tree))[number]


@pytest.mark.parametrize("module", MODULES)
def test_any_expression_is_replaced_by_any_other(module: str) -> None:
    """It means there what it means alone, whatever stands around it."""
    text, choose = library(module), random.Random(module)
    nodes = [node for node in ast.walk(text.tree) if isinstance(node, ast.expr)]
    nodes = [node for node in nodes if isinstance(getattr(node, "ctx", ast.Load()), ast.Load)]
    made = 0
    for code in CODES:
        node = choose.choice(nodes)
        after = result(text, lambda: replace_expression(text, node, code))  # noqa: B023 - called at once
        if after is None:
            continue
        made += 1
        tree, mirror = mirrored(text, node)
        swap(tree, mirror, ast.parse(f"({code}\n)", mode="eval").body)

        assert ast.dump(ast.parse(after)) == ast.dump(tree)
        assert comments(after) == comments(text.text)
    assert made > len(CODES) // 2


@pytest.mark.parametrize("module", MODULES)
def test_any_argument_of_any_call_is_dropped_renamed_and_set(module: str) -> None:
    """The other arguments reach the same parameters as before."""
    text, choose = library(module), random.Random(module)
    calls = [node for node in ast.walk(text.tree) if isinstance(node, ast.Call) and (node.args or node.keywords)]
    made = 0
    for operation in ["drop", "rename", "set", "keep"] * 4:
        call = choose.choice(calls)
        order = [f"p{number}" for number in range(len(call.args))]
        name = choose.choice([*order, *(keyword.arg or "" for keyword in call.keywords)])
        change = {"drop": {"drop": [name]}, "rename": {"rename": {name: "new"}}, "set": {"set": {"new": "1"}}}
        options = change.get(operation, {"keep_positional": 0})
        after = result(text, lambda: set_arguments(text, call, order=order, **options))  # type: ignore[arg-type] # noqa: B023
        if after is None:
            continue
        made += 1
        tree, mirror = mirrored(text, call)
        assert isinstance(mirror, ast.Call)
        expect(mirror, order, operation, name)

        assert ast.dump(ast.parse(after)) == ast.dump(tree)
        assert not comments(after) - comments(text.text)
    assert made > 4


def expect(call: ast.Call, order: list[str], operation: str, name: str) -> None:
    """Do to the tree what the operation does to the text."""
    if operation == "set":
        call.keywords.append(ast.keyword("new", ast.Constant(1)))
        return
    first = 0 if operation == "keep" else order.index(name) if name in order else len(order)
    call.keywords[:0] = [ast.keyword(one, value) for one, value in zip(order[first:], call.args[first:], strict=True)]
    del call.args[first:]
    for keyword in list(call.keywords):
        if keyword.arg == name and operation == "drop":
            call.keywords.remove(keyword)
        elif keyword.arg == name and operation == "rename":
            keyword.arg = "new"


def swap(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    """Put a node in the place of another."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list):
                setattr(parent, name, [new if one is old else one for one in value])
