"""Calls made to depend on a test, wherever they stand."""

from __future__ import annotations

import pytest

from initlint.fixer.conditions import own_statement, run_only_if
from initlint.fixer.fragment import CannotRewrite
from tests.fixer.edited import call, rewritten, source, statement

TEST = "m.bias is not None"
CASES = [
    pytest.param("zero(m.bias)\n", "if m.bias is not None:\n    zero(m.bias)\n", id="statement"),
    pytest.param(
        "zero(m.bias).requires_grad_(False)\n",
        "if m.bias is not None:\n    zero(m.bias).requires_grad_(False)\n",
        id="methods of the result",
    ),
    pytest.param(
        "for m in ms: Conv(m) and zero(m.bias)\n",
        "for m in ms: Conv(m) and m.bias is not None and zero(m.bias)\n",
        id="what stands before it has to hold first",
    ),
    pytest.param("a and (zero(m.bias))\n", "a and (m.bias is not None and zero(m.bias))\n", id="own brackets"),
    pytest.param(
        "zero(m.bias) if Conv(m) else None\n", "zero(m.bias) if Conv(m) and m.bias is not None else None\n", id="if"
    ),
    pytest.param(
        "zero(m.bias) if a or b else 0\n", "zero(m.bias) if (a or b) and m.bias is not None else 0\n", id="or"
    ),
    pytest.param(
        "zero(m.bias) if (a or b) else 0\n",
        "zero(m.bias) if (a or b) and m.bias is not None else 0\n",
        id="or in brackets",
    ),
    pytest.param(
        "net.apply(lambda m: zero(m.bias))  # c\n",
        "net.apply(lambda m: zero(m.bias) if m.bias is not None else None)  # c\n",
        id="lambda",
    ),
    pytest.param(
        "f = lambda m: (one(m.weight), zero(m.bias))\n",
        "f = lambda m: (one(m.weight), zero(m.bias) if m.bias is not None else None)\n",
        id="one of several",
    ),
    pytest.param("[zero(m.bias) for m in ms]\n", "[zero(m.bias) for m in ms if m.bias is not None]\n", id="list"),
    pytest.param("{zero(m.bias) for m in ms}\n", "{zero(m.bias) for m in ms if m.bias is not None}\n", id="set"),
    pytest.param(
        "any(zero(m.bias) for m in f(ms))\n", "any(zero(m.bias) for m in f(ms) if m.bias is not None)\n", id="generator"
    ),
    pytest.param(
        "[\n    zero(m.bias)  # c\n    for m in ms\n    if Conv(m)  # d\n]\n",
        "[\n    zero(m.bias)  # c\n    for m in ms\n    if Conv(m) and m.bias is not None  # d\n]\n",
        id="comments",
    ),
    pytest.param(
        "[zero(m.bias) for n in ns for m in n if a or b]\n",
        "[zero(m.bias) for n in ns for m in n if (a or b) and m.bias is not None]\n",
        id="filter with an or",
    ),
    pytest.param(
        "net.apply(lambda m: [zero(m.bias) for m in ms])\n",
        "net.apply(lambda m: [zero(m.bias) for m in ms if m.bias is not None])\n",
        id="the innermost",
    ),
]


@pytest.mark.parametrize(("before", "expected"), CASES)
def test_a_call_is_made_conditional(before: str, expected: str) -> None:
    """In the place that knows the names of the test, and after all that was asked before."""
    actual = rewritten(before, lambda text: run_only_if(text, call(text, "zero("), TEST))

    assert expected == actual


def test_a_statement_is_made_conditional() -> None:
    """An assignment to a part of a tensor stands for itself."""
    actual = rewritten("w[i] = 0\n", lambda text: run_only_if(text, statement(text, "w[i]"), "i is not None"))

    assert actual == "if i is not None:\n    w[i] = 0\n"


@pytest.mark.parametrize(
    "text",
    [
        "x = zero(m.bias)\n",
        "f(zero(m.bias))\n",
        "def f(m):\n    return zero(m.bias)\n",
        "zero(m.bias) or g()\n",
        "zero(m.bias) and g()\n",
        "zero(m.bias) if a else g()\n",
        "{m: zero(m.bias) for m in ms}\n",
        "[m for m in zero(m.bias)]\n",
        "[zero(m.bias) for m in (ms)]\n",
        "f'{zero(m.bias)}' and None\n",
    ],
)
def test_what_is_needed_stays(text: str) -> None:
    """Where something uses the value, or something else would be skipped with it, nothing is written."""
    given = source(text)

    with pytest.raises(CannotRewrite):
        run_only_if(given, call(given, "zero("), TEST)


def test_a_name_keeps_its_value() -> None:
    """A statement that gives a name its value is not made conditional."""
    given = source("x = 1\n")

    with pytest.raises(CannotRewrite):
        run_only_if(given, statement(given, "x"), TEST)


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("zero(w)\n", True),
        ("if a: zero(w).clamp_(1)\n", True),
        ("Conv(m) and zero(w)\n", False),
        ("net.apply(lambda m: zero(w))\n", False),
        ("[zero(w) for m in ms]\n", False),
        ("x = zero(w)\n", False),
    ],
)
def test_statements_of_their_own(text: str, alone: bool) -> None:
    """Only a call that is a statement can have lines behind it that run exactly as often, with the same names."""
    given = source(text)
    node = call(given, "zero(")

    try:
        found = own_statement(given, node).lineno
    except CannotRewrite:
        found = 0

    assert int(alone) == found
