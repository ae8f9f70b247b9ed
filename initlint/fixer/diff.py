"""What a fix would change, as a patch that `git apply` and `patch` take."""

from __future__ import annotations

import os
from difflib import unified_diff
from pathlib import Path

from initlint.fixer.encode import encode
from initlint.source.text import SourceText

_ESCAPES = {"\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", '"': '"', "\\": "\\"}
_NO_NEWLINE = b"\\ No newline at end of file\n"


def unified(before: SourceText, after: SourceText, data: bytes | None = None) -> str:
    """The patch from `before` to `after` as text; empty where nothing changes.

    `data` are the bytes of `before`; without them the file is read. To hand the patch to git, write the bytes of
    `patch`: a file that is not UTF-8 needs them as they are.
    """
    old = Path(before.path).read_bytes() if data is None else data
    encoding = "utf-8" if before.path.endswith(".ipynb") else before.encoding
    return patch(before.path, old, encode(before, after, old)).decode(encoding)


def patch(path: str, old: bytes, new: bytes) -> bytes:
    """The patch between two contents of one file; empty where they are the same."""
    # latin-1 gives each byte one character, so that bytes of any encoding go through difflib unharmed.
    left, right = (data.decode("latin-1").split("\n") for data in (old, new))
    lines = unified_diff(_ended(left), _ended(right), "a", "b")
    hunks = [line for line in lines if not line.startswith(("--- a\n", "+++ b\n"))]
    if not hunks:
        return b""
    name = _name(path)
    header = f"--- {_header('a/' + name)}\n+++ {_header('b/' + name)}\n".encode("ascii")
    body = [line.encode("latin-1") for line in hunks]
    return header + b"".join(line if line.endswith(b"\n") else line + b"\n" + _NO_NEWLINE for line in body)


def _ended(lines: list[str]) -> list[str]:
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _name(path: str) -> str:
    """The path as a patch names it: from the current folder, with slashes."""
    if os.path.isabs(path):  # noqa: PTH117
        with_in = os.path.relpath(path)
        path = path if with_in.startswith("..") else with_in
    return Path(os.path.normpath(path)).as_posix().lstrip("/")


def _header(name: str) -> str:
    """The name as git writes it: in quotes where it holds what could be mistaken, and a tab behind spaces."""
    data = os.fsencode(name)
    text = data.decode("latin-1")
    if all(" " <= sign <= "~" and sign not in '"\\' for sign in text):
        return f"{name}\t" if " " in name else name
    return '"' + "".join(_quoted(sign) for sign in text) + '"'


def _quoted(sign: str) -> str:
    if sign in _ESCAPES:
        return f"\\{_ESCAPES[sign]}"
    return sign if " " <= sign <= "~" else f"\\{ord(sign):03o}"
