"""Comments that want to be a directive and are none."""

from __future__ import annotations

import pytest

from initlint.source.misread import misread


def told(comment: str) -> list[str]:
    return [one.message for one in misread(comment)]


@pytest.mark.parametrize(
    "comment",
    [
        "# initlint: ignore",
        "#initlint:ignore[INI304]",
        "# initlint: ignore [INI304, std-as-mean]",
        "# initlint: ignore[INI304]  # initlint: ignore[INI001]",
        "# initlint: ignore the gamma starts at zero on purpose",
        "# initlint: ignore (see the paper)",
        "# initlint: skip-file",
        "# initlint: skip-file: generated",
        "# initlint finds this",
        "# initlint ignores what it cannot know",
        "# noqa",
        "# noqa: E501",
        "# noqa: INI304, E501",
        "# NOQA : E501 INI304 because",
        "# noqa: E501 - see also INI304",
        "# noqa: E501  # INI304 is another matter",
        "# noqa: because",
        "# a plain comment on INI304",
    ],
)
def test_what_is_one_or_is_none_is_not_told(comment: str) -> None:
    """Every spelling that has its effect, reasons behind it, prose, and what other tools read."""
    assert [] == told(comment)


@pytest.mark.parametrize(
    ("comment", "instead"),
    [
        ("# initlint: disable=INI304", "# initlint: ignore[INI304]"),
        ("# initlint: ignore: INI304", "# initlint: ignore[INI304]"),
        ("# initlint: ignore=std-as-mean", "# initlint: ignore[std-as-mean]"),
        ("# initlint: ignore INI304 INI305", "# initlint: ignore[INI304, INI305]"),
        ("# initlint: ignore(INI304)", "# initlint: ignore[INI304]"),
        ("# initlint: ignore[INI304", "# initlint: ignore[INI304]"),
        ("# initlint: ignoer[INI304]", "# initlint: ignore[INI304]"),
        ("# initlint: INI304", "# initlint: ignore[INI304]"),
        ("# initlint ignore[INI304]", "# initlint: ignore[INI304]"),
        ("# initlint: noqa", "# initlint: ignore"),
        ("# initlint: disable-next-line", "# initlint: ignore"),
        ("# initlint: skip_file", "# initlint: skip-file"),
        ("# initlint: disable-file", "# initlint: skip-file"),
        ("# noqa INI304", "# noqa: INI304"),
        ("# noqa[INI304]", "# noqa: INI304"),
        ("# noqa: E501; INI304", "# noqa: E501, INI304"),
        ("# noqa: INI304 and INI305", "# noqa: INI304, INI305"),
    ],
)
def test_what_was_meant_is_told(comment: str, instead: str) -> None:
    """With the comment as it stands, and the one to write."""
    assert [comment] == [one.partition("`")[2].partition("`: ")[0] for one in told(comment)]
    assert told(comment)[0].endswith(f"; write `{instead}`")
    assert [] == told(instead)


@pytest.mark.parametrize(
    "comment",
    [
        "# initlint: enable=INI304",
        "# initlint: skip-file[INI304]",
        "# initlint: ignore[]",
        "# initlint: whatever",
        "# noqa: INI3O4",
    ],
)
def test_where_it_cannot_be_seen_no_cure_is_told(comment: str) -> None:
    """No directive does it, or the code is misspelt."""
    assert [False] == ["write" in one for one in told(comment)]


def test_the_sentence_names_what_exists() -> None:
    """And quotes no more of a long comment than a line can hold."""
    expected = "expected `ignore`, `ignore[CODE, ...]` or `skip-file`"

    assert [f"invalid directive `# initlint: whatever`: {expected}"] == told("# initlint: whatever")
    assert 150 > len(told("# initlint: " + "x" * 500)[0])
