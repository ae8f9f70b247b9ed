"""Every fix of every rule, on its fixture laid out in ways that nobody foresaw."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initlint.engine import Engine
from initlint.fixer.encode import encode
from initlint.repair import repair
from initlint.source.files import given as text_given
from initlint.source.read import decode
from initlint.source.text import SourceText
from tests.fixer.edited import comments
from tests.fixer.fixed_texts import BAD, GOOD, every_rule, kept, lint, once, survive

_IGNORE = "INI001"  # its fix is to delete a comment


@pytest.fixture(scope="module")
def engine() -> Engine:
    """All rules, at every severity."""
    return every_rule()


def layout(draw: st.DrawFn, text: str) -> str:
    """The text with notes behind statements, lines before them, and another indentation."""
    lines = text.split("\n")
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    commented = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    ends = [token.start[0] for token in tokens if token.type == tokenize.NEWLINE and token.start[0] not in commented]
    firsts = [after.start for before, after in pairwise(tokens) if before.type == tokenize.NEWLINE]
    firsts = [(line, column) for line, column in firsts if lines[line - 1][:column].isspace() or column == 0]
    for line in draw(st.lists(st.sampled_from(ends), unique=True, max_size=12)):
        lines[line - 1] = f"{lines[line - 1]}  # note {line}"
    for line, column in sorted(draw(st.lists(st.sampled_from(firsts), unique=True, max_size=8)), reverse=True):
        above = draw(st.sampled_from(["", "{}# above {}", "{}pass  # row {}", "# margin {1}"]))
        if above.startswith("{}pass") and lines[line - 1].lstrip().startswith(("elif", "else", "except", "finally")):
            continue
        lines.insert(line - 1, above.format(lines[line - 1][:column], line))
    unit = draw(st.sampled_from(["    ", "  ", "\t"]))
    return "\n".join(_indented(line, unit) for line in lines)


def _indented(line: str, unit: str) -> str:
    bare = line.lstrip(" ")
    depth, rest = divmod(len(line) - len(bare), 4)
    return unit * depth + " " * rest + bare


@st.composite
def variants(draw: st.DrawFn) -> tuple[Path, str]:
    """A fixture with mistakes, in some layout that still parses to the same program."""
    path = draw(st.sampled_from(BAD))
    text = path.read_text(encoding="utf-8")
    other = layout(draw, text)
    try:
        ast.parse(other)
    except SyntaxError:  # a string of several lines was indented otherwise
        return path, text
    return path, other


SLOW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@SLOW
@given(variants())
def test_a_round_of_fixes(engine: Engine, variant: tuple[Path, str]) -> None:
    """The result parses, comments survive, and outside the edited statements nothing moves."""
    _, text = variant
    source = SourceText("net.py", text)
    found = [one for one in lint(engine, text).findings if one.code != _IGNORE]
    after, made = once(source, found)

    assert ast.parse(after.text)
    assert Counter() == comments(text) - comments(after.text)
    assert survive(kept(source, made), after.text)


@SLOW
@given(variants())
def test_fixing_to_the_end(engine: Engine, variant: tuple[Path, str]) -> None:
    """Then the rule speaks only of what it never had a fix for, and a second run changes nothing."""
    path, text = variant
    code = path.parent.name.partition("_")[0].upper()
    outcome = lint(engine, text)
    without = [one for one in outcome.findings if one.code == code and one.fix is None]
    repaired = repair(engine, outcome, unsafe=True)
    after = repaired.changes["net.py"][1].text if repaired.changes else text
    again = repair(engine, lint(engine, after), unsafe=True)

    assert ast.parse(after)
    assert len(without) >= sum(one.code == code for one in again.outcome.findings)
    assert {} == again.changes


@SLOW
@given(variants(), st.sampled_from(["\r\n", "\r"]), st.booleans(), st.booleans())
def test_bytes_of_other_files(
    engine: Engine, variant: tuple[Path, str], newline: str, marked: bool, unended: bool
) -> None:
    """Line ends, byte order mark and a missing last newline stay as they are."""
    text = variant[1].rstrip("\n") if unended else variant[1]
    data = (b"\xef\xbb\xbf" if marked else b"") + text.replace("\n", newline).encode()
    outcome = engine.run(text_given("net.py", data))
    before = decode("net.py", data)
    after, made = once(before, [one for one in outcome.findings if one.code != _IGNORE])
    new = encode(before, after, data)
    pieces = [piece.replace("\n", newline) for piece in kept(before, made)]

    assert survive(pieces, new.removeprefix(b"\xef\xbb\xbf").decode())
    assert marked == new.startswith(b"\xef\xbb\xbf")
    assert b"\n" not in new.replace(newline.encode(), b"")


@pytest.mark.parametrize("path", GOOD, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_right_code_is_left_alone(engine: Engine, path: Path) -> None:
    """No safe fix, at any severity, touches a program without a mistake."""
    repaired = repair(engine, lint(engine, path.read_text(encoding="utf-8")), unsafe=False)

    assert {} == repaired.changes
