"""Suppressions, unused ignores, per-file ignores."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.config import Settings
from tests.line_rules import lint, put, told

pytestmark = pytest.mark.usefixtures("line_rules")


@pytest.mark.parametrize(
    "comment",
    [
        "# initlint: ignore",
        "# initlint: ignore[INI901]",
        "#initlint:ignore[ini901]",
        "# initlint: ignore[INI9]",
        "# initlint: ignore[bad-word]",
        "# initlint: ignore[INI902, INI901]  # initlint: ignore[INI001]",
        "# noqa",
        "# noqa: INI901",
        "# NOQA : E501,INI901",
        "# type: ignore # noqa:E501 INI901",
    ],
)
def test_comments_silence_their_line(here: Path, comment: str) -> None:
    """All spellings, by code, prefix, name or none."""
    put(here, net=f"import torch\nx = bad  {comment}\ny = bad\n")

    assert "net.py:2: INI901" not in told(lint())
    assert "net.py:3: INI901" in told(lint())


@pytest.mark.parametrize(
    "comment", ["# initlint: ignore[INI902]", "# noqa: E501", "# noqa-not", "# ignore", '"# noqa"']
)
def test_other_comments_do_not(here: Path, comment: str) -> None:
    """Another code, another tool, or text that is not a comment."""
    put(here, net=f"import torch\nx = bad, \\\n {comment if comment[0] == chr(34) else '1 ' + comment}\n")

    assert "net.py:2: INI901" in told(lint(Settings(cache=False)))


@pytest.mark.parametrize(
    "comment",
    [
        "# initlint: ignore: INI902",
        "# initlint: ignore INI902",
        "# initlint: disable",
        "# noqa INI902",
        "# noqa:INI9O1",
    ],
)
def test_what_is_no_directive_silences_nothing(here: Path, comment: str) -> None:
    """Least of all more than it names; what is wrong with it is known, with its place."""
    put(here, net=f"import torch\nx = bad  {comment}\n")
    outcome = lint(Settings(cache=False, select=("INI9",)))

    assert ["net.py:2: INI901"] == told(outcome)
    assert [("net.py", 2, 10)] == [(path, one.span.line, one.span.column) for path, one in outcome.settler.misread()]


def test_nothing_is_wrong_with_the_comments_of_a_skipped_file(here: Path) -> None:
    """It says itself that it is not ours to read."""
    put(here, net="# initlint: skip-file\nx = 1  # initlint: disable\n")

    assert [] == list(lint().settler.misread())


STATEMENT = "import torch\nx = f({first}\n    bad,{middle}\n    1,\n){last}\n"


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_statement_of_several_lines_is_silenced_at_its_ends(here: Path, place: str) -> None:
    """The comment stands on the statement's first or last line, or on the finding's own."""
    places = {"first": "", "middle": "", "last": "", place: "  # noqa: INI901"}
    put(here, net=STATEMENT.format(**places))

    assert [] == told(lint())


def test_a_comment_inside_a_statement_speaks_of_its_own_line_only(here: Path) -> None:
    """Neither end, nor the finding's line: it silences nothing, and is told of."""
    put(here, net="import torch\nx = f(\n    bad,\n    1,  # noqa: INI901\n)\n")

    assert ["net.py:3: INI901", "net.py:4: INI001"] == told(lint())


def test_a_whole_file_is_skipped(here: Path) -> None:
    """`skip-file` silences everything, unused ignores too."""
    put(here, net="# initlint: skip-file\nimport torch\nx = bad\ny = 1  # initlint: ignore[INI901]\n")

    assert [] == told(lint())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("y = 1  # initlint: ignore[INI901]\n", "y = 1\n"),
        ("y = 1  # initlint: ignore\n", "y = 1\n"),
        ("# initlint: ignore\ny = 1\n", "y = 1\n"),
        ("y = 1\n    # initlint: ignore", "y = 1\n"),
        ("y = bad  # initlint: ignore[INI901, INI902]\n", "y = bad  # initlint: ignore[INI901]\n"),
        ("y = bad  # noqa: E501, INI901, INI902\n", "y = bad  # noqa: E501, INI901\n"),
        ("y = 1  # noqa: E501, INI901\n", "y = 1  # noqa: E501\n"),
        ("y = 1  # type: ignore  # initlint: ignore  # why\n", "y = 1  # type: ignore  # why\n"),
        ("y = 1  # initlint: ignore[INI901] because\n", "y = 1  # because\n"),
        ("y = 1  # initlint: ignore[INI555]\n", "y = 1\n"),
    ],
)
def test_an_unused_ignore_is_told_and_can_be_deleted(here: Path, before: str, after: str) -> None:
    """What silences nothing is taken away, and nothing else."""
    from initlint.engine import make  # here: the fix is made by the whole engine
    from initlint.repair import repair

    put(here, net=f"import torch\n{before}")
    engine = make(Settings(cache=False))
    outcome = lint()
    repaired = repair(engine, outcome, unsafe=False)

    assert ["INI001"] == [one.code for one in outcome.findings]
    assert f"import torch\n{after}" == repaired.changes["net.py"][1].text


@pytest.mark.parametrize(
    "text", ["y = 1  # noqa", "y = 1  # noqa: E501", "y = 1  # initlint: ignore[INI801]", "y = '# noqa: INI901'"]
)
def test_what_cannot_be_judged_is_left_alone(here: Path, text: str) -> None:
    """Other tools' comments, and codes that only the runtime reports."""
    put(here, net=f"import torch\n{text}\n")

    assert [] == told(lint())


def test_an_ignore_of_a_rule_that_is_off_is_not_judged(here: Path) -> None:
    """With a selection, only what was looked for can be missing."""
    put(here, net="import torch\ny = 1  # initlint: ignore[INI902]\nz = 2  # initlint: ignore\n")

    assert [] == told(lint(Settings(cache=False, select=("INI001", "INI901"))))
    assert ["net.py:2: INI001"] == told(lint(Settings(cache=False, select=("INI001", "INI902"))))
    assert ["net.py:2: INI001", "net.py:3: INI001"] == told(lint())


def test_an_ignore_of_advice_is_used_even_if_advice_is_not_shown(here: Path) -> None:
    """The severity that is shown has no say in what an ignore silences."""
    put(here, net="import torch\ny = hint  # initlint: ignore[INI903]\n")

    assert [] == told(lint())


def test_per_file_ignores(here: Path) -> None:
    """By name, by path, by folder; the rest of the run is not touched."""
    (here / "tests").mkdir()
    put(here / "tests", a="import torch\nbad = worse\n")
    put(here, b="import torch\nbad = worse\n", c="import torch\nbad = worse\n")
    rows = (("tests", ("INI9",)), ("b.py", ("worse-word",)), ("./c*", ("ALL",)))

    assert ["b.py:2: INI901"] == told(lint(Settings(cache=False, per_file_ignores=rows)))


def test_a_broken_file_can_be_ignored_by_name(here: Path) -> None:
    """`INI002` in per-file-ignores silences template files."""
    put(here, template="{{ x }\n")

    assert [] == told(lint(Settings(cache=False, per_file_ignores=(("template.py", ("INI002",)),))))
