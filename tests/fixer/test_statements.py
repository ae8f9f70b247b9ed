"""Statements put in, taken out and moved."""

from __future__ import annotations

import ast

import pytest

from initlint.fixer.fragment import CannotRewrite
from initlint.fixer.statements import (
    append_to_function,
    delete_statement,
    insert_after,
    insert_before,
    move_after,
    move_before,
)
from tests.fixer.edited import find, rewritten, source, statement

DELETED = [
    pytest.param("a()\nb()  # gone\nc()\n", "a()\nc()\n", id="with its line and comment"),
    pytest.param("a()\nb()", "a()", id="no newline at the end"),
    pytest.param("b()\nc()\n", "c()\n", id="first line"),
    pytest.param("a()\n\nb()\n\nc()\n", "a()\n\nc()\n", id="between blank lines"),
    pytest.param("# c\nb()\n\nc()\n", "# c\nc()\n", id="below a comment"),
    pytest.param("a()\n\nb()\nc()\n", "a()\n\nc()\n", id="below a blank line"),
    pytest.param("b()", "", id="only line"),
    pytest.param("b()\n", "", id="only statement of a module"),
    pytest.param("if x:\n    # kept\n    b()  # gone\n", "if x:\n    # kept\n    pass\n", id="only one of a block"),
    pytest.param("if x: b()  # kept\n", "if x: pass  # kept\n", id="only one of a suite"),
    pytest.param("a(); b(); c()  # kept\n", "a(); c()  # kept\n", id="between semicolons"),
    pytest.param("a(); b();  # kept\n", "a()  # kept\n", id="last of a row"),
    pytest.param("b(); c()\n", "c()\n", id="first of a row"),
    pytest.param("if x: a(); b()\n", "if x: a()\n", id="part of a suite"),
    pytest.param("def f():\n\ta()\n\tb('''\nx\n''')\n", "def f():\n\ta()\n", id="a string over lines"),
    pytest.param("a()\nb(1, \\\n  2)\nc()\n", "a()\nc()\n", id="a backslash"),
    pytest.param("try:\n    a()\nfinally:\n    b()\n", "try:\n    a()\nfinally:\n    pass\n", id="finally"),
]


@pytest.mark.parametrize(("before", "expected"), DELETED)
def test_a_deleted_statement_leaves_a_valid_block(before: str, expected: str) -> None:
    """Only the statement goes, with the comment behind it; an emptied block gets `pass`."""
    actual = rewritten(before, lambda text: delete_statement(text, statement(text, "b(")))

    assert expected == actual


INSERTED_AFTER = [
    pytest.param("a()  # one\nb()\n", "a()  # one\nnew()\nb()\n", id="own line"),
    pytest.param("a()", "a()\nnew()", id="no newline at the end"),
    pytest.param("class A:\n\tdef f(self):\n\t\ta()\n", "class A:\n\tdef f(self):\n\t\ta()\n\t\tnew()\n", id="tabs"),
    pytest.param("a(); b()  # c\n", "a(); new(); b()  # c\n", id="semicolons"),
    pytest.param("if x: a()  # c\n", "if x: a(); new()  # c\n", id="suite"),
    pytest.param("if x: \\\n  a()\n", "if x: \\\n  a(); new()\n", id="suite behind a backslash"),
    pytest.param("if x:\n    a(1,\n  2)\n", "if x:\n    a(1,\n  2)\n    new()\n", id="several lines"),
]


@pytest.mark.parametrize(("before", "expected"), INSERTED_AFTER)
def test_code_goes_behind_a_statement_at_its_indentation(before: str, expected: str) -> None:
    """A line of its own where the statement has one, else the same line."""
    actual = rewritten(before, lambda text: insert_after(text, statement(text, "a("), "new()"))

    assert expected == actual


LOOP = "for m in self.modules():\n    init(m)"
INSERTED_LOOPS = [
    pytest.param("if x:\n\ta()\n", "if x:\n\ta()\n\tfor m in self.modules():\n\t\tinit(m)\n", id="tabs"),
    pytest.param(
        "if x:\n  a(); b()  # c\n",
        "if x:\n  a()\n  for m in self.modules():\n    init(m)\n  b()  # c\n",
        id="between semicolons",
    ),
    pytest.param(
        "def f():\n  if x: a()  # c\n",
        "def f():\n  if x:\n    a()  # c\n    for m in self.modules():\n      init(m)\n",
        id="a suite becomes a block",
    ),
    pytest.param(
        "match x:\n    case 1: a()\n",
        "match x:\n    case 1:\n        a()\n        for m in self.modules():\n            init(m)\n",
        id="a case becomes a block",
    ),
    pytest.param(
        "match x:\n    case (1 |\n  2): a()\n",
        "match x:\n    case (1 |\n  2):\n        a()\n        for m in self.modules():\n            init(m)\n",
        id="a case over two lines",
    ),
]


@pytest.mark.parametrize(("before", "expected"), INSERTED_LOOPS)
def test_compound_code_takes_the_indentation_of_the_file(before: str, expected: str) -> None:
    """Blocks in the new code are indented as those around it; a line that cannot hold them is opened."""
    actual = rewritten(before, lambda text: insert_after(text, statement(text, "a("), LOOP))

    assert expected == actual


def test_code_behind_a_compound_statement_stands_below_its_last_comment() -> None:
    """A comment indented like the loop's body belongs to the loop."""
    actual = rewritten(
        "for x in y:\n    a()\n\n    # the end\n\nb()\n",
        lambda text: insert_after(text, statement(text, "for"), "new()"),
    )

    assert actual == "for x in y:\n    a()\n\n    # the end\nnew()\n\nb()\n"


INSERTED_BEFORE = [
    pytest.param("a()\n", "new()\na()\n", id="own line"),
    pytest.param("if x:\n    # of a\n    a()\n", "if x:\n    new()\n    # of a\n    a()\n", id="above its comment"),
    pytest.param("b(); a()\n", "b(); new(); a()\n", id="semicolons"),
    pytest.param("a(); b()\n", "new()\na(); b()\n", id="first of a row"),
    pytest.param("if x: a()\n", "if x: new(); a()\n", id="suite"),
    pytest.param("@d\ndef a(): pass\n", "new()\n@d\ndef a(): pass\n", id="decorators"),
]


@pytest.mark.parametrize(("before", "expected"), INSERTED_BEFORE)
def test_code_goes_before_a_statement_and_its_comment(before: str, expected: str) -> None:
    """What stands directly above a statement speaks of it, and stays there."""
    begin = "def a(" if "def" in before else "a("
    actual = rewritten(before, lambda text: insert_before(text, statement(text, begin), "new()"))

    assert expected == actual


APPENDED = [
    pytest.param("    a()\n", "    a()\n    new()\n", id="plain"),
    pytest.param("    a()\n    # end\n    return x\n", "    a()\n    new()\n    # end\n    return x\n", id="return"),
    pytest.param("    a()\n    # b()\n\nc()\n", "    a()\n    # b()\n    new()\n\nc()\n", id="comment at the end"),
    pytest.param("    pass\n", "    new()\n", id="pass"),
    pytest.param("    pass  # yet\n", "    pass  # yet\n    new()\n", id="pass with a comment"),
    pytest.param("    ...\n", "    new()\n", id="ellipsis"),
    pytest.param('    """Doc."""\n', '    """Doc."""\n    new()\n', id="docstring"),
    pytest.param("    if x:\n        return\n", "    if x:\n        return\n    new()\n", id="inner return"),
]


@pytest.mark.parametrize(("body", "expected"), APPENDED)
def test_code_is_appended_to_a_function(body: str, expected: str) -> None:
    """At the end, before a return that ends it, below its comments."""
    header = "def f(self):\n"
    actual = rewritten(
        header + body, lambda text: append_to_function(text, find(text, ast.FunctionDef, "def"), "new()")
    )

    assert header + expected == actual


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("def f(self): pass\n", "def f(self): new()\n"),
        ("def f(self): a()  # c\n", "def f(self): a(); new()  # c\n"),
        ("def f(self): return 1\n", "def f(self): new(); return 1\n"),
    ],
)
def test_code_is_appended_to_a_function_of_one_line(before: str, expected: str) -> None:
    """The body stays where it stands."""
    actual = rewritten(before, lambda text: append_to_function(text, find(text, ast.FunctionDef, "def"), "new()"))

    assert expected == actual


MOVED_AFTER = [
    pytest.param("b()\na()\nc()\n", "a()\nc()\nb()\n", id="own lines"),
    pytest.param("x()\n# of b\nb()  # too\nc()\n", "x()\nc()\n# of b\nb()  # too\n", id="comments go along"),
    pytest.param("#!sh\nb()\nc()\n", "#!sh\nc()\nb()\n", id="a file's opening comment stays"),
    pytest.param("if x:\n    b('''\n''')\nc()\n", "if x:\n    pass\nc()\nb('''\n''')\n", id="out of a block"),
    pytest.param("b()\nif x:\n    c()\n", "if x:\n    c()\n    b()\n", id="into a block"),
    pytest.param("a(); b()\nc()\n", "a()\nc()\nb()\n", id="from a row"),
    pytest.param("b()\nif x: c()\n", "if x: c(); b()\n", id="into a suite"),
    pytest.param("c()\nb()\n", "c()\nb()\n", id="nothing to do"),
]


@pytest.mark.parametrize(("before", "expected"), MOVED_AFTER)
def test_a_statement_moves_behind_another(before: str, expected: str) -> None:
    """With its comments, at the new place's indentation; a block it leaves empty gets `pass`."""
    actual = rewritten(before, lambda text: move_after(text, statement(text, "b("), statement(text, "c(")))

    assert expected == actual


def test_a_statement_moves_out_of_the_loop_that_it_ends() -> None:
    """The line it leaves and the line it comes to may be neighbours."""
    actual = rewritten(
        "for x in y:\n    a()\n    b()  # c\nd()\n",
        lambda text: move_after(text, statement(text, "b("), statement(text, "for")),
    )

    assert actual == "for x in y:\n    a()\nb()  # c\nd()\n"


def test_a_statement_moves_up_before_another() -> None:
    """Above the comment that speaks of the other."""
    actual = rewritten(
        "def f(self):\n    # layers\n    self.a = 1\n    super().__init__()  # first\n    c()\n",
        lambda text: move_before(text, statement(text, "super"), statement(text, "self.a")),
    )

    assert actual == "def f(self):\n    super().__init__()  # first\n    # layers\n    self.a = 1\n    c()\n"


def test_a_statement_does_not_move_within_its_own_line_or_into_itself() -> None:
    """There is no right answer, so there is no fix."""
    row = source("b(); a(); c()\n")
    loop = source("for x in y:\n    c()\n")

    with pytest.raises(CannotRewrite):
        move_after(row, statement(row, "b("), statement(row, "c("))
    with pytest.raises(CannotRewrite):
        move_after(loop, statement(loop, "for"), statement(loop, "c("))


def test_an_elif_is_no_statement_of_its_own() -> None:
    """Nothing can be put before it or behind it."""
    text = source("if x:\n    a()\nelif y:\n    b()\n")

    with pytest.raises(CannotRewrite):
        insert_before(text, statement(text, "elif"), "new()")


@pytest.mark.parametrize(
    ("before", "code"),
    [
        ("a(); \\\n\nb()\n", "new()"),
        ("match x:\n    case (\n        1): a()\n", LOOP),
        ("a()\n", "# a comment is no statement"),
        ("a()\n", "a b"),
    ],
)
def test_a_layout_that_is_not_understood_is_left_alone(before: str, code: str) -> None:
    """Better no fix than a wrong one; and no fix from code that is none."""
    text = source(before)

    with pytest.raises(CannotRewrite):
        insert_after(text, statement(text, "a("), code)
