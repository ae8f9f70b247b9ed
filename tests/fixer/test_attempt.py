"""Fixes that can be written, and names of torch beyond its init."""

from __future__ import annotations

import pytest

from initlint.finding import Applicability, Edit, Fix, Span
from initlint.fixer.attempt import attempt
from initlint.fixer.fragment import CannotRewrite
from initlint.fixer.imports import torch_name
from tests.fixer.edited import call, edited, source

EDIT = Edit(Span(1, 1, 1, 2), "x")


def refuse() -> tuple[Edit, ...]:
    raise CannotRewrite("no")


def test_a_fix_is_made_of_its_edits() -> None:
    """With the words and the applicability given."""
    assert Fix(Applicability.SAFE, "Do it", (EDIT,)) == attempt(Applicability.SAFE, "Do it", lambda: (EDIT,))


def test_no_fix_where_none_can_be_written() -> None:
    """Refused, or nothing to change."""
    assert attempt(Applicability.SAFE, "Do it", refuse) is None
    assert attempt(Applicability.SAFE, "Do it", lambda: ()) is None


@pytest.mark.parametrize(
    ("imports", "dotted", "expected"),
    [
        ("import torch", "torch.no_grad", "torch.no_grad"),
        ("import torch as th", "torch.no_grad", "th.no_grad"),
        ("import torch\nfrom torch import nn", "torch.nn.Parameter", "nn.Parameter"),
        ("import torch.nn as tnn", "torch.nn.Parameter", "tnn.Parameter"),
        ("import torch", "torch.nn.Parameter", "torch.nn.Parameter"),
    ],
)
def test_the_files_own_names_for_torch_are_used(imports: str, dotted: str, expected: str) -> None:
    """The shortest that the imports allow."""
    text = source(f"{imports}\ndef f(m):\n    here()\n")
    found = torch_name(text, dotted, call(text, "here"))

    assert (expected, ()) == (found.name, found.edits)


@pytest.mark.parametrize(
    ("dotted", "expected", "line"),
    [
        ("torch.no_grad", "torch.no_grad", "import torch"),
        ("torch.nn.Parameter", "nn.Parameter", "from torch import nn"),
    ],
)
def test_what_is_missing_is_imported(dotted: str, expected: str, line: str) -> None:
    """Behind the imports that are there."""
    text = source("from torch.nn import init\ndef f(m):\n    here()\n")
    found = torch_name(text, dotted, call(text, "here"))

    assert expected == found.name
    assert f"from torch.nn import init\n{line}\ndef f(m):\n    here()\n" == edited(text, found.edits)


def test_a_taken_name_is_not_taken_over() -> None:
    """No second meaning for a name of the file."""
    text = source("def f(torch):\n    here()\n")

    with pytest.raises(CannotRewrite):
        torch_name(text, "torch.no_grad", call(text, "here"))
