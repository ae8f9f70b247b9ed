"""`initlint src/ --runtime`: the source and the built models in one list, as users run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.targets import initlint

pytestmark = pytest.mark.torch

_NET = '''"""A line for both sides (14) and one that only the built model shows (13: filled by a loop over a dict)."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.fc1 = nn.Linear(32, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, 4)
        eval("nn.init.normal_(self.fc1.weight, 0.05)"){ignore}
        nn.init.normal_(self.fc2.weight, 0.02)

    def forward(self, x):
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))
'''
_TARGET = '[[tool.initlint.runtime.targets]]\ntarget = "{}"\n'
_BOTH = ("INI304", "src/net.py", 14, "both")
_RUNTIME = ("INI304", "src/net.py", 13, "runtime")


def project(folder: Path, *targets: str, ignore: str = "", more: str = "") -> Path:
    """A project with a model in src/ and these targets."""
    (folder / "src").mkdir()
    (folder / "src" / "net.py").write_text(_NET.replace("{ignore}", ignore))
    table = "".join(_TARGET.format(target) for target in targets or ("src/net.py:Net",))
    (folder / "pyproject.toml").write_text(f"[tool.initlint]\ncache = false\n{more}\n{table}")
    return folder


def told(folder: Path, *arguments: str) -> list[tuple[Any, ...]]:
    """What the JSON report holds: code, path, line, evidence."""
    done = initlint(*arguments, "--output-format", "json", cwd=folder)
    assert done.stdout, done.stderr
    findings = json.loads(done.stdout)["findings"]
    return [(one["code"], one["path"], one["line"], one["evidence"]) for one in findings]


def test_one_list(tmp_path: Path) -> None:
    """What both sides see is one finding; what the built model alone shows stands beside it, in reading order."""
    assert [_RUNTIME, _BOTH] == told(project(tmp_path), "src/", "--runtime")


def test_source_alone(tmp_path: Path) -> None:
    """Without --runtime no model is built."""
    assert [("INI304", "src/net.py", 14, "source")] == told(project(tmp_path), "src/")


def test_other_ways_to_type_a_path(tmp_path: Path) -> None:
    """However the path was typed, both sides speak of one file."""
    typed = str(project(tmp_path) / "src")

    assert [_RUNTIME, _BOTH] == told(tmp_path, typed, "--runtime")
    assert [_RUNTIME, _BOTH] == told(tmp_path, "./src/../src", "--runtime")


def test_ignore_comment(tmp_path: Path) -> None:
    """A comment silences what only the built model shows, and is then not unused."""
    project(tmp_path, ignore="  # initlint: ignore[INI304]")

    assert [_BOTH] == told(tmp_path, "src/", "--runtime")
    assert ["INI001", "INI304"] == [row[0] for row in told(tmp_path, "src/")]


def test_selection(tmp_path: Path) -> None:
    """--select, --ignore and per-file ignores count for both sides."""
    project(tmp_path)

    assert [] == told(tmp_path, "src/", "--runtime", "--ignore", "INI304")
    assert [] == told(tmp_path, "src/", "--runtime", "--select", "INI1")
    assert [] == told(tmp_path, "src/", "--runtime", "--per-file-ignores", "src/*:INI304")


def test_baseline(tmp_path: Path) -> None:
    """A baseline holds the findings of both sides, and accepts them."""
    project(tmp_path)
    written = initlint("src/", "--runtime", "--write-baseline", "known.json", cwd=tmp_path)

    assert (0, "wrote 2 findings to known.json\n") == (written.returncode, written.stderr)
    assert [] == told(tmp_path, "src/", "--runtime", "--baseline", "known.json")


@pytest.mark.parametrize("name", ["text", "concise", "sarif", "github", "gitlab", "junit"])
def test_formats(tmp_path: Path, name: str) -> None:
    """Every format shows both findings, and the exit status tells of them."""
    done = initlint("src/", "--runtime", "--output-format", name, cwd=project(tmp_path))

    assert 1 == done.returncode
    assert 2 <= done.stdout.count("INI304")


def test_text_tells_both(tmp_path: Path) -> None:
    """The text says where the live model agrees with the source."""
    assert 1 == initlint("src/", "--runtime", cwd=project(tmp_path)).stdout.count("so it is on the live model")


def test_fix_comes_first(tmp_path: Path) -> None:
    """With --fix the models are built from the repaired files: the std is named, and now too small for its fan."""
    assert [_RUNTIME, ("INI305", "src/net.py", 14, "both")] == told(project(tmp_path), "src/", "--runtime", "--fix")


def test_model_elsewhere(tmp_path: Path) -> None:
    """A model outside the linted paths is told of as well; the ignores of its file are not judged."""
    project(tmp_path, "other.py:Net")
    text = _NET.replace("{ignore}", "").replace("Linear(32, hidden)", "Linear(32, hidden)  # initlint: ignore[INI101]")
    (tmp_path / "other.py").write_text(text)

    assert [("INI304", "other.py", 13, "runtime"), ("INI304", "other.py", 14, "runtime")] == [
        row for row in told(tmp_path, "src/", "--runtime") if row[1] == "other.py"
    ]


def test_target_that_fails(tmp_path: Path) -> None:
    """What can be told is told; then the target that cannot be built ends the run with status 2."""
    done = initlint("src/", "--runtime", "--output-format", "concise", cwd=project(tmp_path, "src/net.py:Nett"))

    assert 2 == done.returncode
    assert "src/net.py:14:9: INI304" in done.stdout
    assert done.stderr.startswith("error: src/net.py:Nett: src/net.py has no 'Nett'; it has Net")


def test_no_target(tmp_path: Path) -> None:
    """Without a target in the configuration, one line says how to name one."""
    (tmp_path / "net.py").write_text("x = 1\n")
    done = initlint("net.py", "--runtime", cwd=tmp_path)

    assert 2 == done.returncode
    assert done.stderr.startswith("error: no target: name one")


@pytest.mark.parametrize("other", ["-", "--diff"])
def test_not_together(tmp_path: Path, other: str) -> None:
    """What is not on the disk cannot be built."""
    done = initlint(other, "--runtime", cwd=project(tmp_path))

    assert 2 == done.returncode
    assert "--runtime builds the models as they are on the disk" in done.stderr


def test_without_torch(tmp_path: Path) -> None:
    """Where torch is missing, one line says how to get it, however many targets there are."""
    project(tmp_path, "src/net.py:Net", "src/net.py:Nett")
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "torch.py").write_text("raise ImportError('no torch here')\n")
    command = [sys.executable, "-m", "initlint", "src/", "--runtime"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "none")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert (2, "error: torch is not installed: pip install 'initlint[runtime]'\n") == (done.returncode, done.stderr)
