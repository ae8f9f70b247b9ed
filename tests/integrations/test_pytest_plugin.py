"""The pytest plugin, run by pytest in a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch

TEST = """
import torch
from torch import nn


class Bad(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.head = nn.Linear(32, 4), nn.Linear(4, 4)
        nn.init.normal_(self.fc.weight, 0.02)

    def forward(self, x):
        return self.head(torch.relu(self.fc(x)))


def test_bad(check_init):
    check_init(Bad)


def test_ignored(check_init):
    check_init(Bad, ignore=("INI304",))


def test_good(check_init):
    assert check_init(lambda: nn.Linear(32, 64)).parameters["weight"].default
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)


def test_check_init(tmp_path: Path) -> None:
    """The fixture fails a test with the finding and its line, without a traceback of ours."""
    (tmp_path / "test_net.py").write_text(TEST)
    done = run(tmp_path)

    assert "1 failed, 2 passed" in done.stdout, done.stdout
    assert "test_net.py:10:9: INI304" in done.stdout
    assert "initlint/runtime" not in done.stdout


def test_check_init_under_the_configuration(tmp_path: Path) -> None:
    """What the project ignores is ignored here too."""
    (tmp_path / "test_net.py").write_text(TEST)
    (tmp_path / "initlint.toml").write_text("ignore = ['INI304']\n")

    assert "3 passed" in run(tmp_path).stdout


def test_broken_configuration(tmp_path: Path) -> None:
    """What is wrong with the configuration is told in its one line, in a test and in a linted file."""
    (tmp_path / "test_net.py").write_text(TEST)
    (tmp_path / "initlint.toml").write_text("ignor = ['INI304']\n")
    done = run(tmp_path, "--initlint")

    assert "4 failed" in done.stdout, done.stdout
    assert "unknown key 'ignor'" in done.stdout
    assert "initlint/config.py" not in done.stdout


def test_lint_items(tmp_path: Path) -> None:
    """--initlint adds an item for each file."""
    (tmp_path / "clean.py").write_text("x = 1\n")
    (tmp_path / "test_one.py").write_text("def test_one():\n    pass\n")
    done = run(tmp_path, "--initlint", "--collect-only", "-q")

    assert "clean.py::initlint" in done.stdout, done.stdout
