"""What a fix would change, as a patch."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initlint.fixer.diff import patch, unified
from initlint.source.read import decode


def applied(folder: Path, name: str, old: bytes, new: bytes) -> bytes:
    """What git makes of the old bytes with the patch."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(old)
    subprocess.run(
        ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"],
        input=patch(name, old, new),
        cwd=folder,
        check=True,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "GIT_CEILING_DIRECTORIES": str(folder.parent)},
    )
    return path.read_bytes()


CONTENTS = [
    (b"a\nb\nc\n", b"a\nx\nc\n"),
    (b"a\nb", b"a\nx"),
    (b"a\nb", b"a\nb\n"),
    (b"a\nb\n", b"a\nb"),
    (b"a\r\nb\r\n", b"a\r\nx\r\ny\r\n"),
    (b"a\rb\rc", b"a\rx\rc"),
    (b"\xef\xbb\xbfa\nb\n", b"\xef\xbb\xbfa\nc\n"),
    (b"# coding: latin-1\n'\xe9'\n", b"# coding: latin-1\n'\xea'\n"),
    (b"a\x0c\n\x0cb\n", b"a\x0c\n\x0cc\n"),
    (b"--- a\n-- b\n", b"--- a\n+++ b\n"),
    (b"a\n", b"b\n"),
]


@pytest.mark.parametrize(("old", "new"), CONTENTS)
def test_git_applies_the_patch(tmp_path: Path, old: bytes, new: bytes) -> None:
    """Whatever the line ends, the encoding and the end of the file."""
    assert new == applied(tmp_path, "net.py", old, new)


NAMES = [
    "a b.py",
    "src/a b/c d.py",
    "é.py",
    'quo"te.py',
    "tab\t.py",
    "new\nline.py",
    "back\\slash.py",
    " a.py",
    "'a'.py",
    "😀 x.py",
]


@pytest.mark.parametrize("name", NAMES)
def test_git_understands_the_name(tmp_path: Path, name: str) -> None:
    """Spaces, quotes, control characters and other alphabets are written as git writes them."""
    assert applied(tmp_path, name, b"a\n", b"b\n") == b"b\n"


LINES = st.lists(st.sampled_from([b"a", b"b", b"", b"c\r", b"\x0c", b"-", b"+", b"@@", b"\\"]), max_size=20)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    left=LINES,
    right=LINES,
    newline=st.booleans(),
)
def test_git_applies_any_patch(tmp_path: Path, left: list[bytes], right: list[bytes], *, newline: bool) -> None:
    """Lines that look like a patch's own included."""
    old, new = b"x\n" + b"\n".join(left), b"x\n" + b"\n".join(right) + (b"\n" if newline else b"")
    if old == new:
        assert patch("net.py", old, new) == b""
        return

    assert new == applied(tmp_path, "net.py", old, new)


def test_no_change_is_no_patch() -> None:
    """An empty text, not a header."""
    assert patch("net.py", b"a\n", b"a\n") == b""


def test_a_patch_is_shown_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names count from the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "src" / "net.py"
    path.parent.mkdir()
    path.write_bytes(b"# coding: latin-1\n'\xe9'\nb\n")
    before = decode(str(path), path.read_bytes())
    after = dataclasses.replace(before, text=before.text.replace("b\n", "c\n"))
    expected = "--- a/src/net.py\n+++ b/src/net.py\n@@ -1,3 +1,3 @@\n # coding: latin-1\n 'é'\n-b\n+c\n"

    assert expected == unified(before, after)
    assert expected == unified(before, after, path.read_bytes())
