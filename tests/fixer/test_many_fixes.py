"""Many fixes of many kinds in one real file, from its bytes to its bytes."""

from __future__ import annotations

import ast
import random
import sysconfig
import warnings
from pathlib import Path

import pytest

from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.fixer.apply import apply_fixes
from initlint.fixer.calls import set_arguments
from initlint.fixer.diff import patch
from initlint.fixer.encode import encode, split_lines
from initlint.fixer.fragment import CannotRewrite
from initlint.fixer.statements import delete_statement, insert_after
from initlint.fixer.wrap import guard
from initlint.source.read import decode
from initlint.source.text import SourceText
from tests.fixer.edited import comments

MODULES = ["calendar", "cmd", "difflib", "fractions", "shlex", "textwrap", "tokenize", "zipfile"]


def scrambled(module: str, choose: random.Random) -> bytes:
    """A module of the standard library with line ends of all kinds."""
    paths = [Path(sysconfig.get_path("stdlib")) / name for name in (f"{module}.py", f"{module}/__init__.py")]
    data = next(path for path in paths if path.exists()).read_bytes()
    return b"".join(line + choose.choice([b"\n", b"\r\n", b"\n"]) for line in data.split(b"\n"))


def findings(text: SourceText, choose: random.Random, count: int) -> list[Finding]:
    """Findings at random places, each with a fix of some kind."""
    statements = [node for node in ast.walk(text.tree) if isinstance(node, ast.stmt) and node.col_offset]
    found: list[Finding] = []
    for statement in choose.sample(statements, count):
        calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
        try:
            match choose.choice(["call", "guard", "delete", "insert"]):
                case "call" if calls:
                    edits = set_arguments(text, calls[0], set={"new": "1"})
                case "guard":
                    edits = guard(text, [statement], "new is not None")
                case "delete":
                    edits = delete_statement(text, statement)
                case _:
                    edits = insert_after(text, statement, "new()")
        except CannotRewrite:
            continue
        fix = Fix(Applicability.SAFE, "Mend it", edits)
        found.append(Finding("INI999", "test", Severity.WARNING, text.path, text.span(statement), "wrong", fix=fix))
    return found


@pytest.mark.parametrize("module", MODULES)
def test_only_the_lines_of_the_fixes_change(module: str) -> None:
    """Every other line keeps its bytes, its end included; what comes out parses, and each fix is told of."""
    choose = random.Random(module)
    data = scrambled(module, choose)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own strings
        text = decode("net.py", data)
        found = findings(text, choose, 25)
        result = apply_fixes(text, found, unsafe=False)
        new = encode(text, result.source, data)
        again = decode("net.py", new)
        ast.parse(again.text)
    spans = [edit.span for finding in result.applied if finding.fix for edit in finding.fix.edits]
    touched = {line for span in spans for line in range(span.line, span.end_line + 1)}
    old_lines, new_lines = (split_lines(one.decode()) for one in (data, new))
    rest = iter(new_lines)

    assert all(line in rest for number, line in enumerate(old_lines, start=1) if number not in touched)
    assert again.text == result.text
    assert len(result.applied) > len(found) // 2
    assert sorted(map(id, [*result.applied, *result.skipped])) == sorted(map(id, found))
    assert not comments(result.text) - comments(text.text)
    assert patch("net.py", data, new).count(b"\n+") >= len(result.applied) // 2
