"""Expressions replaced and turned inside out."""

from __future__ import annotations

import ast

import pytest

from initlint.fixer.fragment import CannotRewrite
from initlint.fixer.rewrite import move_calls_inside, replace_expression, to_comprehension
from initlint.source.text import SourceText
from tests.fixer.edited import call, find, rewritten, source

REPLACED = [
    ("f(x)", "a + b", "f(a + b)"),
    ("y * x", "a + b", "y * (a + b)"),
    ("x.data", "a", "a.data"),
    ("x.data", "1", "(1).data"),
    ("x.data", "'s'", "'s'.data"),
    ("x.data", "(a + b)", "(a + b).data"),
    ("x.data", "(a) + (b)", "((a) + (b)).data"),
    ("f(x)", "a, b", "f((a, b))"),
    ("f(x)", "c := 1", "f((c := 1))"),
    ("y = x", "a if b else c", "y = a if b else c"),
    ("y[x]", "a or b", "y[a or b]"),
    ("y = x", "a\n + b", "y = (a\n + b)"),
    ("y = x", "f(\n a)", "y = f(\n a)"),
    ("if x: pass", "m.bias is not None", "if m.bias is not None: pass"),
    ("if not x: pass", "m.bias is not None", "if not (m.bias is not None): pass"),
]


@pytest.mark.parametrize(("before", "code", "expected"), REPLACED)
def test_an_expression_takes_the_brackets_it_needs(before: str, code: str, expected: str) -> None:
    """And no others."""
    actual = rewritten(before, lambda text: replace_expression(text, find(text, ast.Name, "x"), code))

    assert expected == actual


@pytest.mark.parametrize("before", ["f'{x}'", "f(x for y in z)"])
def test_an_expression_without_a_place_of_its_own_stays(before: str) -> None:
    """Inside an f-string, or a generator that shares its brackets with a call."""
    text = source(before)
    node = find(text, ast.GeneratorExp, "") if "for" in before else find(text, ast.Name, "x")

    with pytest.raises(CannotRewrite):
        replace_expression(text, node, "a")


def test_a_comment_inside_an_expression_is_not_lost() -> None:
    """Code that does not hold it cannot take its place."""
    text = source("y = f(  # why\n    x)\n")

    with pytest.raises(CannotRewrite):
        replace_expression(text, call(text, "f("), "a")


@pytest.mark.parametrize("code", ["a b", "", "x = 1", "*a", "a)"])
def test_what_is_no_expression_takes_no_place(code: str) -> None:
    """A mistake of a rule is no broken file."""
    text = source("y = x\n")

    with pytest.raises(CannotRewrite):
        replace_expression(text, find(text, ast.Name, "x"), code)


REPEATED = [
    ("[Block(x)] * n", "[Block(x) for _ in range(n)]"),
    ("n * [Block(x)]", "[Block(x) for _ in range(n)]"),
    ("[Block(x),] * (n + 1)", "[Block(x) for _ in range(n + 1)]"),
    ("(Block(x),) * n", "tuple(Block(x) for _ in range(n))"),
    ("[Block(_('x'))] * n", "[Block(_('x')) for _index in range(n)]"),
    ("f(*[Block(x)] * n)", "f(*[Block(x) for _ in range(n)])"),
    ("[\n    # one\n    Block(x),  # two\n] * n", "[\n    # one\n    Block(x) for _ in range(n)  # two\n]"),
    ("f(*([Block(x)] * n), y)", "f(*[Block(x) for _ in range(n)], y)"),
    ("f(\n    *(\n        [Block(x)] * n\n    ),\n)", "f(\n    *[Block(x) for _ in range(n)],\n)"),
    ("f(*(  # why\n    [Block(x)] * n))", "f(*(  # why\n    [Block(x) for _ in range(n)]))"),
    ("y = (([Block(x)] * n))", "y = [Block(x) for _ in range(n)]"),
    ("y = z + ([Block(x)] * n)", "y = z + [Block(x) for _ in range(n)]"),
    ("y = ([Block(x)] * n + z)", "y = ([Block(x) for _ in range(n)] + z)"),
    ("y = f (([Block(x)] * n))", "y = f ([Block(x) for _ in range(n)])"),
    ("y = f()([Block(x)] * n)", "y = f()([Block(x) for _ in range(n)])"),
    ("y = (f\n([Block(x)] * n))", "y = (f\n([Block(x) for _ in range(n)]))"),
    ("y = x if not ([Block(x)] * n) else 0", "y = x if not [Block(x) for _ in range(n)] else 0"),
    ("y = x if not([Block(x)] * n) else 0", "y = x if not([Block(x) for _ in range(n)]) else 0"),
    ("[a if b else c] * n", "[a if b else c for _ in range(n)]"),
]


def is_product(node: ast.BinOp) -> bool:
    """Whether a list or tuple is multiplied."""
    return any(isinstance(side, (ast.List, ast.Tuple)) for side in (node.left, node.right)) and isinstance(
        node.op, ast.Mult
    )


@pytest.mark.parametrize(("before", "expected"), REPEATED)
def test_a_repeated_item_is_built_anew_each_time(before: str, expected: str) -> None:
    """In a comprehension of the same kind."""
    product = next(one for one in ast.walk(ast.parse(before)) if isinstance(one, ast.BinOp) and is_product(one))
    code = ast.get_source_segment(before, product) or ""
    actual = rewritten(before, lambda text: to_comprehension(text, find(text, ast.BinOp, code)))

    assert expected == actual


@pytest.mark.parametrize(
    "before", ["[a, b] * n", "[*a] * n", "[a] + n", "a * n", "[(yield)] * n", "class A:\n    x = [a] * n\n"]
)
def test_what_a_comprehension_would_change_is_not_turned_into_one(before: str) -> None:
    """More than one item, stars, yields, names of a class."""
    text = source(before)

    with pytest.raises(CannotRewrite):
        to_comprehension(text, find(text, ast.BinOp, ""))


def constructor(text: SourceText) -> ast.Call:
    """The call of P."""
    return next(node for node in ast.walk(text.tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "P")


MOVED = [
    ("P(t).to(d)", "P(t.to(d))"),
    ("P(a + b).to(d)", "P((a + b).to(d))"),
    ("P(t, requires_grad=False).cuda().half()", "P(t.cuda().half(), requires_grad=False)"),
    ("P(torch.zeros(3,  # n\n  4)).to(d)", "P(torch.zeros(3,  # n\n  4).to(d))"),
    ("P(\n    t,  # c\n).to(d)", "P(\n    t.to(d),  # c\n)"),
    ("P(t)\\\n.to(d)", "P(t\\\n.to(d))"),
]


@pytest.mark.parametrize(("before", "expected"), MOVED)
def test_calls_move_into_the_constructor(before: str, expected: str) -> None:
    """A Parameter stays one when its tensor is moved first."""
    actual = rewritten(before, lambda text: move_calls_inside(text, call(text, before), constructor(text)))

    assert expected == actual


@pytest.mark.parametrize("before", ["(P(t)).to(d)", "P().to(d)", "P(*t).to(d)", "P(t).w.to(d)"])
def test_calls_that_do_not_follow_a_constructor_stay(before: str) -> None:
    """There is nothing to move them into."""
    text = source(before)

    with pytest.raises(CannotRewrite):
        move_calls_inside(text, call(text, before), constructor(text))
