"""Every operation on statements, on every layout: the tree is the expected one and nothing else has changed."""

from __future__ import annotations

import ast
import copy
import random
import sysconfig
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initlint.finding import Edit
from initlint.fixer.fragment import CannotRewrite
from initlint.fixer.layout import row
from initlint.fixer.statements import delete_statement, insert_after, insert_before, move_after, move_before
from initlint.fixer.wrap import guard, unwrap, wrap_in_with
from initlint.source.read import decode
from initlint.source.text import SourceText
from tests.fixer.edited import comments, edited, source
from tests.fixer.programs import programs

Operation = Callable[[SourceText, ast.stmt], Sequence[Edit]]
Block = list[ast.stmt]
SMALL, LOOP = "new(1)", "for m in self.modules():\n    new(m)"

# What each operation does to the text, and what it must do to the list of statements, where the one at `i` is changed.
OPERATIONS: dict[str, tuple[Operation, Callable[[Block, int], Block]]] = {
    "call after": (lambda t, s: insert_after(t, s, SMALL), lambda b, i: [*b[: i + 1], *new(SMALL), *b[i + 1 :]]),
    "loop after": (lambda t, s: insert_after(t, s, LOOP), lambda b, i: [*b[: i + 1], *new(LOOP), *b[i + 1 :]]),
    "call before": (lambda t, s: insert_before(t, s, SMALL), lambda b, i: [*b[:i], *new(SMALL), *b[i:]]),
    "loop before": (lambda t, s: insert_before(t, s, LOOP), lambda b, i: [*b[:i], *new(LOOP), *b[i:]]),
    "delete": (delete_statement, lambda b, i: b[:i] + b[i + 1 :]),
    "guard": (lambda t, s: guard(t, [s], "x"), lambda b, i: [*b[:i], under("if x: 0", b[i]), *b[i + 1 :]]),
    "wrap": (lambda t, s: wrap_in_with(t, [s], "x()"), lambda b, i: [*b[:i], under("with x(): 0", b[i]), *b[i + 1 :]]),
}  # fmt: skip


def new(code: str) -> Block:
    """The statements of some code."""
    return ast.parse(code).body


def under(header: str, statement: ast.stmt) -> ast.stmt:
    """The statement under a header."""
    (whole,) = new(header)
    whole.body = [statement]  # type: ignore[attr-defined]
    return whole


def statements(tree: ast.AST) -> Block:
    """All statements, in one order."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]


def place(tree: ast.AST, target: ast.stmt, change: Callable[[Block, int], Block]) -> None:
    """Change the list that `target` stands in; a block that gets empty gets `pass`."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and any(one is target for one in block):
                changed = change(block, next(i for i, one in enumerate(block) if one is target))
                setattr(node, name, changed if changed or isinstance(node, ast.Module) else [ast.Pass()])
                return
    raise AssertionError("the statement is nowhere")


def expected(text: str, number: int, change: Callable[[Block, int], Block]) -> str:
    """The tree that must come out."""
    tree = ast.parse(text)
    place(tree, statements(tree)[number], change)
    return ast.dump(tree)


def check(text: SourceText, number: int, name: str) -> None:
    """One operation on one statement."""
    operation, change = OPERATIONS[name]
    statement = statements(text.tree)[number]
    if text.segment(text.span(statement)).startswith("elif"):
        with pytest.raises(CannotRewrite):
            operation(text, statement)
        return
    edits = operation(text, statement)
    after = edited(text, edits)

    assert ast.dump(ast.parse(after)) == expected(text.text, number, change)
    assert not comments(after) - comments(text.text)
    if name != "delete":
        assert comments(after) == comments(text.text)
    span = row(text, statement).span
    for edit in edits:  # the row, its comments above, the colon or the end of the line before it
        assert edit.span.end_line <= span.end_line + 1
        assert all(line.strip()[:1] in {"", "#"} for line in text.lines[edit.span.line : span.line - 1]) or (
            "\\" in text.lines[span.line - 2]
        )


@settings(max_examples=300, deadline=None)
@given(program=programs(), name=st.sampled_from(sorted(OPERATIONS)), choice=st.integers(0, 10_000))
def test_any_statement_of_any_program(program: str, name: str, choice: int) -> None:
    """Semicolons, one-line suites, backslashes, tabs, decorators, comments everywhere."""
    text = source(program)

    check(text, choice % len(statements(text.tree)), name)


@settings(max_examples=100, deadline=None)
@given(program=programs(), choice=st.integers(0, 10_000))
def test_a_guard_put_on_and_taken_off_leaves_the_tree_as_it_was(program: str, choice: int) -> None:
    """And every comment."""
    text = source(program)
    block = statements(text.tree)
    statement = block[choice % len(block)]
    if text.segment(text.span(statement)).startswith("elif"):
        return
    guarded = source(edited(text, guard(text, [statement], "t_is_new")))
    header = next(
        node for node in statements(guarded.tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "t_is_new"
    )
    again = edited(guarded, unwrap(guarded, header))

    assert ast.dump(ast.parse(again)) == ast.dump(text.tree)
    assert comments(again) == comments(program)


@settings(max_examples=200, deadline=None)
@given(program=programs(), first=st.integers(0, 10_000), second=st.integers(0, 10_000), after=st.booleans())
def test_any_statement_moves_to_any_other(program: str, first: int, second: int, *, after: bool) -> None:
    """With its comments; within one line, into itself, or around an elif there is no fix."""
    text = source(program)
    block = statements(text.tree)
    moved, anchor = block[first % len(block)], block[second % len(block)]
    try:
        edits = (move_after if after else move_before)(text, moved, anchor)
    except CannotRewrite:
        elifs = [node for node in (moved, anchor) if text.segment(text.span(node)).startswith("elif")]

        assert elifs or anchor in ast.walk(moved) or row(text, moved) == row(text, anchor)
        return
    tree = ast.parse(program)
    here, there = statements(tree)[first % len(block)], statements(tree)[second % len(block)]
    place(tree, there, lambda b, i: [*b[: i + after], copy.deepcopy(here), *b[i + after :]])
    place(tree, here, lambda b, i: b[:i] + b[i + 1 :])
    result = edited(text, edits)

    assert ast.dump(ast.parse(result)) == ast.dump(tree)
    assert comments(result) == comments(program)


STDLIB = ["calendar", "cmd", "dataclasses", "difflib", "fractions", "shlex", "textwrap", "tokenize"]


@pytest.mark.parametrize("module", STDLIB)
def test_statements_of_the_standard_library(module: str) -> None:
    """Real code, in the order that chance gives it."""
    path = Path(sysconfig.get_path("stdlib")) / f"{module}.py"
    text = decode(str(path), path.read_bytes())
    choose = random.Random(module)
    count = len(statements(text.tree))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own strings
        for name in OPERATIONS:
            check(text, choose.randrange(count), name)
