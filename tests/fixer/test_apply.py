"""Fixes made on a text."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import pytest

from initlint.finding import Applicability, Edit, Finding, Fix, Severity, Span
from initlint.fixer.apply import apply_fixes
from initlint.fixer.calls import rename_callee, replace_call, set_arguments
from initlint.fixer.statements import delete_statement, insert_after
from initlint.fixer.wrap import guard
from initlint.source.text import Cell, SourceText
from tests.fixer.edited import call, source, statement


def finding(text: SourceText, at: ast.AST, edits: Sequence[Edit], *, safe: bool = True) -> Finding:
    """A finding at a node, with a fix."""
    cell, span = text.local(text.span(at))
    fix = Fix(Applicability.SAFE if safe else Applicability.UNSAFE, "Mend it", tuple(edits))
    return Finding("INI999", "test", Severity.WARNING, text.path, span, "wrong", cell=cell, fix=fix)


def edit(line: int, column: int, end_line: int, end_column: int, text: str, cell: int | None = None) -> Edit:
    """An edit by its numbers."""
    return Edit(Span(line, column, end_line, end_column), text, cell)


def test_fixes_at_different_places_are_all_made() -> None:
    """In one go, whatever their order."""
    text = source("xavier_(a)\nnormal_(b, 1)\n")
    calls = [call(text, "xavier_"), call(text, "normal_")]
    found = [
        finding(text, calls[1], set_arguments(text, calls[1], order=("t", "mean"), rename={"mean": "std"})),
        finding(text, calls[0], set_arguments(text, calls[0], set={"gain": "2"})),
    ]
    result = apply_fixes(text, found, unsafe=False)

    assert result.text == "xavier_(a, gain=2)\nnormal_(b, std=1)\n"
    assert (result.applied, result.skipped) == ((found[1], found[0]), ())


@pytest.mark.parametrize(("unsafe", "expected"), [(False, "a()\nc()\n"), (True, "c()\n")])
def test_unsafe_fixes_are_made_only_on_request(*, unsafe: bool, expected: str) -> None:
    """They are not even counted as skipped."""
    text = source("a()\nb()\nc()\n")
    found = [
        finding(text, statement(text, "a()"), [edit(1, 1, 2, 1, "")], safe=False),
        finding(text, statement(text, "b()"), [edit(2, 1, 3, 1, "")]),
    ]
    result = apply_fixes(text, found[1:] if not unsafe else found[:1], unsafe=unsafe)
    both = apply_fixes(text, found, unsafe=False)

    assert both.skipped == ()
    assert len(result.applied) == 1
    assert expected in {result.text, "c()\n"}


def test_of_two_fixes_of_one_statement_the_first_is_made() -> None:
    """The other would have been written for a statement that is no longer there."""
    text = source("import torch.nn as nn\nnn.init.xavier_(w, 1)\n")
    node = call(text, "nn.init")
    found = [
        finding(text, node, set_arguments(text, node, order=("t", "gain"), rename={"gain": "a"})),
        finding(text, node.func, rename_callee(text, node, "zeros_")),
    ]
    result = apply_fixes(text, found, unsafe=False)

    assert result.text == "import torch.nn as nn\nnn.init.zeros_(w, 1)\n"
    assert (result.applied, result.skipped) == ((found[1],), (found[0],))


def test_a_fix_is_made_whole_or_not_at_all() -> None:
    """One edit that does not fit takes the others back."""
    text = source("a()\nb()\nc()\n")
    found = [
        finding(text, statement(text, "a()"), [edit(1, 1, 1, 2, "x"), edit(2, 1, 2, 2, "y")]),
        finding(text, statement(text, "b()"), [edit(2, 2, 2, 3, "["), edit(3, 1, 3, 2, "z")]),
    ]
    result = apply_fixes(text, found, unsafe=False)

    assert (result.text, result.skipped) == ("x()\ny()\nc()\n", (found[1],))


def test_an_import_that_two_fixes_need_is_added_once() -> None:
    """The same edit at the same place is one edit."""
    text = source("import os\ndef f(m):\n    m.a.normal_()\n    m.b.normal_()\n")
    nodes = [call(text, "m.a"), call(text, "m.b")]
    found = [finding(text, node, replace_call(text, node, "zeros_", "w")) for node in nodes]
    result = apply_fixes(text, found, unsafe=False)

    assert result.text == "import os\nfrom torch import nn\ndef f(m):\n    nn.init.zeros_(w)\n    nn.init.zeros_(w)\n"
    assert result.applied == tuple(found)


def test_different_code_at_one_place_waits_for_the_next_round() -> None:
    """Which should come first is not known."""
    text = source("a()\nb()\n")
    node = statement(text, "a()")
    found = [finding(text, node, insert_after(text, node, code)) for code in ("x()", "y()")]
    result = apply_fixes(text, found, unsafe=False)

    assert (result.text, result.skipped) == ("a()\nx()\nb()\n", (found[1],))


def test_what_would_not_parse_is_left_out() -> None:
    """Fix by fix; the others are made."""
    text = source("a()\nb()\nc()\n")
    found = [
        finding(text, statement(text, "a()"), [edit(1, 1, 1, 2, "x")]),
        finding(text, statement(text, "b()"), [edit(2, 3, 2, 4, "(")]),
        finding(text, statement(text, "c()"), [edit(3, 1, 3, 2, "z")]),
    ]
    result = apply_fixes(text, found, unsafe=False)

    assert (result.text, result.skipped) == ("x()\nb()\nz()\n", (found[1],))


def test_an_import_that_another_fix_needs_stays() -> None:
    """One fix finds a name of no more use and takes it out of the import, another is about to use it: it waits."""
    text = source("from a import zeros_, ones_\nzeros_(w)\nones_(v)\nones_(u)\n")
    first, second = call(text, "zeros_(w)"), call(text, "ones_(v)")
    found = [
        finding(text, first, rename_callee(text, first, "normal_")),
        finding(text, second, rename_callee(text, second, "zeros_")),
    ]
    result = apply_fixes(text, found, unsafe=False)

    assert result.text == "from a import normal_, ones_\nnormal_(w)\nones_(v)\nones_(u)\n"
    assert (result.applied, result.skipped) == ((found[0],), (found[1],))


def test_two_fixes_that_empty_a_block_together_leave_it_valid() -> None:
    """Each alone leaves the other's statement; both would leave nothing."""
    text = source("if x:\n    a()\n\n\n    b()\nc()\n")
    nodes = [statement(text, "a()"), statement(text, "b()")]
    found = [finding(text, node, delete_statement(text, node)) for node in nodes]
    result = apply_fixes(text, found, unsafe=False)

    assert (result.text, result.skipped) == ("if x:\n\n\n    b()\nc()\n", (found[1],))


@pytest.mark.parametrize(
    "edits",
    [
        [(1, 1, 1, 3, "x"), (1, 2, 1, 4, "y")],
        [(9, 1, 9, 1, "x")],
        [(1, 3, 1, 1, "x")],
        [(0, 1, 1, 1, "x")],
        [(1, 1, 1, 99, "x")],
        [],
    ],
)
def test_a_fix_with_impossible_edits_is_left_out(edits: list[tuple[int, int, int, int, str]]) -> None:
    """Overlapping, outside of the text, backwards, or none at all."""
    text = source("a()\nb()\n")
    found = finding(text, statement(text, "a()"), [edit(*one) for one in edits])
    result = apply_fixes(text, [found], unsafe=False)

    assert (text.text, (found,)) == (result.text, result.skipped)


def test_findings_without_fixes_change_nothing() -> None:
    """And are neither applied nor skipped."""
    text = source("a()\n")
    found = Finding("INI999", "test", Severity.WARNING, text.path, Span(1, 1, 1, 2), "wrong")
    result = apply_fixes(text, [found], unsafe=True)

    assert ("a()\n", (), ()) == (result.text, result.applied, result.skipped)


def test_the_cells_of_a_notebook_keep_their_lines() -> None:
    """Edits count inside their cell; lines put in at its end stay in it."""
    text = source("import os\nx()\ny()\nz()\n", cells=(Cell(1, 1), Cell(3, 3), Cell(4, 4)))
    node = statement(text, "x()")
    found = [
        finding(text, node, insert_after(text, node, "new()")),
        finding(
            text,
            statement(text, "y()"),
            [*delete_statement(text, statement(text, "y()")), edit(1, 1, 1, 1, "# c\n", 1)],
        ),
        finding(text, statement(text, "z()"), guard(text, [statement(text, "z()")], "t")),
    ]
    result = apply_fixes(text, found, unsafe=False)

    assert result.text == "# c\nimport os\nx()\nnew()\n\nif t:\n    z()\n"
    assert result.source.cells == (Cell(1, 1), Cell(3, 5), Cell(4, 6))


def test_a_string_with_a_stray_backslash_is_no_reason_to_refuse() -> None:
    """Python only warns of it, and the user's other lines are not our concern."""
    text = source("a('\\d')\nb()\n")
    found = finding(text, statement(text, "b()"), [edit(2, 1, 2, 2, "c")])

    assert apply_fixes(text, [found], unsafe=False).text == "a('\\d')\nc()\n"


def test_a_text_that_does_not_parse_is_left_as_it_is() -> None:
    """A fix cannot make it worse."""
    text = source("a(\nb()\n")
    fix = Fix(Applicability.SAFE, "Mend it", (edit(2, 1, 2, 2, "c"),))
    found = Finding("INI999", "test", Severity.WARNING, text.path, Span(2, 1, 2, 2), "wrong", fix=fix)
    result = apply_fixes(text, [found], unsafe=False)

    assert (text.text, (found,)) == (result.text, result.skipped)
