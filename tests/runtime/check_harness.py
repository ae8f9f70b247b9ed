"""Build a model from source text in a file of its own, examine it, and say what the checks say, line by line."""

from __future__ import annotations

import linecache
import textwrap
from collections.abc import Callable
from pathlib import Path

from torch import nn

from initlint.runtime.checks import remarks
from initlint.runtime.examine import Subject, follow, weigh, with_numbers
from initlint.runtime.load import Recipe
from initlint.runtime.protocol import Model, Request, Target
from initlint.runtime.remark import place_of
from tests.runtime.tape_harness import taped

HEAD = "import copy, math\nimport torch\nfrom torch import nn\nimport torch.nn.functional as F\n\n"


def examined(build: Callable[[], nn.Module], *, forward: bool = True) -> Model:
    """The whole report on what `build` makes."""
    target = Target("test.py:Net", "file", "test.py", "Net")
    request = Request((target,), seeds=1)
    subject = with_numbers(Subject(target, request, Recipe("Net", build), taped(build)))
    model = weigh(subject)
    return follow(subject, model) if forward else model


def codes(build: Callable[[], nn.Module], *, forward: bool = True) -> set[str]:
    """The codes of all remarks."""
    return {remark.code for remark in remarks(examined(build, forward=forward), 1e-6)}


def said(folder: Path, source: str) -> set[str]:
    """`line: CODE` for each remark on the class Net of a source text, lines counted after the imports."""
    path = folder / "net.py"
    path.write_text(HEAD + textwrap.dedent(source))
    linecache.checkcache(str(path))
    space: dict[str, object] = {"__name__": "net"}
    exec(compile(path.read_text(), str(path), "exec"), space)
    model = examined(space["Net"])  # type: ignore[arg-type]
    shift = HEAD.count("\n")
    found = set()
    for remark in remarks(model, 1e-6):
        place = place_of(model, remark)
        found.add(f"{place.line - shift if place else 0}: {remark.code}")
    return found


def expected(source: str) -> set[str]:
    """`line: CODE` for each `# CODE` comment."""
    lines = textwrap.dedent(source).splitlines()
    return {
        f"{number}: {code}"
        for number, line in enumerate(lines, 1)
        if "# INI" in line
        for code in line.partition("# ")[2].split()
        if code.startswith("INI")
    }
