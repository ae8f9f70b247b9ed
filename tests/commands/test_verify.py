"""`--verify`: fixes are tried on the model itself, in a child process."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from initlint import packs
from initlint.describe.nodes import FileModel
from initlint.finding import Applicability, Edit, Finding, Fix, Severity, Span
from initlint.rule import Rule
from tests.commands.invoke import run

pytestmark = pytest.mark.torch

DEEP = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, {parameters}):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(64, 64) for _ in range(6)])
        for layer in self.layers:
            {call}  # how each layer starts
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x
"""
XAVIER = "nn.init.xavier_uniform_(layer.weight)"
KAIMING = 'nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")'
MISTAKES = Path(__file__).parents[2] / "fixtures" / "wild" / "mistakes"
COMMAND = ("lint", "--isolated", "--no-cache", "--fix", "--unsafe-fixes", "--verify")


def put(folder: Path, call: str, *, parameters: str = "depth=6", name: str = "net.py") -> Path:
    path = folder / name
    path.write_text(DEEP.format(call=call, parameters=parameters), encoding="utf-8")
    return path


class WrongCure(Rule):
    """Takes a good scheme for a bad one; what it writes instead depends on the file."""

    code, name, severity = "INI905", "wrong-cure", Severity.WARNING
    cures: ClassVar[dict[str, str]] = {
        "stops.py": "nn.init.zeros_(layer.weight)",
        "explodes.py": "nn.init.normal_(layer.weight)",
        "breaks.py": "nn.init.there_is_none_(layer.weight)",
        "differs.py": "nn.init.xavier_uniform_(layer.weight)",
        "draws.py": 'nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")',
    }

    def check(self, file: FileModel) -> Iterator[Finding]:
        title = "Call it (value-preserving)" if file.path == "differs.py" else "Use another"
        for number, line in enumerate(file.source.lines, start=1):
            start = line.find(KAIMING)
            if start >= 0:
                span = Span(number, start + 1, number, start + 1 + len(KAIMING))
                fix = Fix(Applicability.SAFE, title, (Edit(span, self.cures[file.path]),))
                yield Finding(self.code, self.name, self.severity, file.path, span, "no", layer="Net", fix=fix)


def told(err: str) -> dict[str, str]:
    """What standard error says of each file: code, verdict and reason."""
    lines = (line.partition(":") for line in err.splitlines() if not line.startswith((" ", "Verified")))
    return {path: rest.partition(": ")[2] for path, _, rest in lines}


def factor(row: str) -> float:
    """By what a layer multiplies the signal, in a row of the report."""
    return float(row.partition("signal x")[2].split()[0])


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_fixes_that_help_are_kept_and_shown(here: Path) -> None:
    """Two rows each: how the weights start, and what a layer makes of the signal. What was not built is told."""
    scale = put(here, XAVIER, name="scale.py")
    unbuilt = put(here, XAVIER, name="unbuilt.py", parameters="width")
    alias = put(here, 'nn.init.kaiming_uniform(layer.weight, nonlinearity="relu")', name="alias.py")
    done = run(*COMMAND, ".")
    before, after = (line for line in done.err.splitlines() if line.startswith("    "))
    said = told(done.err)

    assert {"depth=6": 2, "width": 1} == {"depth=6": fixed(scale) + fixed(alias), "width": fixed(unbuilt)}
    assert said["alias.py"] == "INI604 held: Net - bit-equal: 12 tensors"
    assert said["scale.py"].startswith("INI201 held: Net - distance from the asked std, in powers of two: 0.5 before")
    assert said["unbuilt.py"] == (
        "INI201 not verified: unbuilt.py:Net needs an argument: width; [tool.initlint.runtime] can give it"
    )
    assert ("before", "after") == (before.split()[0], after.split()[0])
    assert 0.65 < factor(before) < 0.75 < 0.93 < factor(after) < 1.07
    assert done.err.endswith("Verified 3 fixes: 2 held, 1 not verified.\n")


def fixed(path: Path) -> int:
    return text(path).count(KAIMING)


def test_the_configuration_gives_arguments(here: Path) -> None:
    """A class that needs some is then verified like any other; with `--diff` the files are left as they are."""
    path = put(here, XAVIER, parameters="width")
    table = '[tool.initlint.runtime]\nseeds = 1\n[[tool.initlint.runtime.targets]]\ntarget = "net.py:Net"\nargs = [8]\n'
    (here / "pyproject.toml").write_text(table, encoding="utf-8")
    done = run("lint", "--no-cache", "--diff", "--unsafe-fixes", "--verify", "net.py")

    assert "INI201 held: Net" in done.err
    assert f"+            {KAIMING}  # how each layer starts\n" in done.out
    assert XAVIER in text(path)


def test_fixes_that_do_not_help_are_taken_back(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is left as it was, the finding stays, the reason is told; another file is fixed all the same."""
    own = {code: rule for code, rule in packs.load().items() if code.startswith("INI00")}
    monkeypatch.setattr("initlint.packs.load", lambda: {**own, "INI905": WrongCure()})
    paths = [put(here, KAIMING, name=name) for name in WrongCure.cures]
    done = run(*COMMAND, ".")
    said = told(done.err)

    assert 1 == done.status
    assert ["breaks.py", "differs.py", "explodes.py", "stops.py"] == [
        path.name for path in sorted(paths) if fixed(path)
    ]
    assert "nn.init.kaiming_normal_(" in text(here / "draws.py")
    assert "INI905 taken back: Net - the signal no longer passes" == said["stops.py"]
    assert said["explodes.py"].startswith("INI905 taken back: Net - the signal keeps 5.")
    assert said["breaks.py"].startswith(
        "INI905 taken back: the model can no longer be built: breaks.py:Net raises Attr"
    )
    assert said["differs.py"].startswith("INI905 taken back: Net - not value-preserving: layers.0.weight and 5 more")
    assert said["draws.py"].startswith("INI905 unproved: Net")
    assert 4 == done.out.count("INI905")


def test_it_needs_a_fix(here: Path) -> None:
    """Alone it has nothing to prove."""
    done = run("lint", "--isolated", "--verify", ".")

    assert (2, "error: --verify proves fixes: it needs --fix or --diff\n") == (done.status, done.err)


def test_whole_models_are_mended(here: Path) -> None:
    """The installed command on files with several mistakes each: all is proved in one run, and nothing is left."""
    for name in ("gan.py", "graph.py"):
        shutil.copy(MISTAKES / name, here / name)
    command = [sys.executable, "-m", "initlint", *COMMAND, "."]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    said = done.stderr.splitlines()
    held = [line.split()[1] for line in said if not line.startswith((" ", "Verified")) and " held: " in line]

    assert (0, "Verified 7 fixes: 7 held.") == (done.returncode, said[-1]), done.stderr
    assert ["INI604", "INI701", "INI602", "INI202", "INI605", "INI103", "INI302"] == held
    assert "All checks passed" in done.stdout


def test_only_what_is_known_is_shown(here: Path) -> None:
    """A column that neither row could fill is left out."""
    shutil.copy(MISTAKES / "graph.py", here / "graph.py")
    done = run(*COMMAND, "graph.py")
    rows = [line.split() for line in done.err.splitlines() if line.startswith("    ")]

    assert [
        ["before", "normal", "mean", "0", "std", "1"],
        ["after", "xavier_normal", "mean", "0", "std", "0.125"],
    ] == rows[-2:]
