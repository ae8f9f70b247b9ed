"""Views of one storage: how they cover each other, and what they are called."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from initlint.runtime.geometry import Geometry, Relation, covered, label, relate
from initlint.runtime.storages import view_of

pytestmark = pytest.mark.torch


def whole() -> torch.Tensor:
    """Four rows of six."""
    return torch.zeros(4, 6)


LABELS = {
    "[0]": lambda t: t[0],
    "[1:3]": lambda t: t[1:3],
    "[2:]": lambda t: t[2:],
    "[:, 3]": lambda t: t[:, 3],
    "[:, :2]": lambda t: t[:, :2],
    "[1, 2]": lambda t: t[1, 2],
    "": lambda t: t,
}


@pytest.mark.parametrize("expected", LABELS)
def test_label(expected: str) -> None:
    """A part is named as Python would index it."""
    tensor = whole()

    assert expected == label(view_of(LABELS[expected](tensor)), view_of(tensor))


def test_label_of_a_transposed_parameter() -> None:
    """Parts are named along the axes of the parameter, not of the memory."""
    tensor = whole().t()

    assert "[:3]" == label(view_of(tensor[:3]), view_of(tensor))


slices = some.tuples(some.integers(0, 4), some.integers(0, 4), some.integers(0, 6), some.integers(0, 6))


@given(first=slices, second=slices)
def test_relation_is_that_of_the_entries(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    """Two views relate as the sets of entries that they touch."""
    tensor = whole()
    views = [tensor[a:b, c:d] for a, b, c, d in (first, second)]
    marks = []
    for view in views:
        tensor.zero_()
        view.fill_(1)
        marks.append({int(index) for index in tensor.flatten().nonzero()})
    written, wanted = marks
    expected = Relation.FULL if wanted and wanted <= written else Relation.PART if wanted & written else Relation.NONE
    if view_of(views[0]) == view_of(views[1]):
        expected = Relation.FULL

    assert expected == relate(view_of(views[0]), view_of(views[1]))


def test_cover_by_pieces() -> None:
    """Rows cover when none is missing; columns too."""
    tensor = whole()
    rows = [view_of(tensor[row]) for row in range(4)]
    columns = [view_of(tensor[:, column]) for column in range(6)]

    assert [True, False, True, False] == [
        covered(parts, view_of(tensor)) for parts in (rows, rows[1:], columns, columns[1:])
    ]


def test_too_large_to_tell() -> None:
    """Interleaved pieces of a huge tensor are not counted entry by entry."""
    huge = Geometry(0, (1 << 15, 1 << 15), (1 << 15, 1))
    column = Geometry(0, (1 << 15,), (1 << 15,))

    assert covered([column], huge) is None
