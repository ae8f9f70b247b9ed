"""Which results stand when a file of the project changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.analyse import Analyser, FileResult
from initlint.config import Settings
from initlint.engine import Outcome, make
from initlint.source.discover import discover
from initlint.source.files import scan

BASE = """
from torch import nn
from torch.nn import init
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 64)
    def forward(self, x):
        return self.fc(x).relu()
def xavier(module):
    if isinstance(module, nn.Linear):
        init.xavier_uniform_(module.weight)
"""
NET = """
from torch import nn
from base import Block, xavier
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*[Block() for _ in range(8)])
        self.head = nn.Linear(64, 4)
        self.apply(xavier)
    def forward(self, x):
        return self.head(self.blocks(x))
"""
FORGOTTEN = """
from torch import nn
class Forgotten(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 64)
    def fill_weights_init(self):
        nn.init.normal_(self.fc.weight, std=0.1)
    def forward(self, x):
        return self.fc(x)
"""
OTHER = "from torch import nn\nlayer = nn.Linear(2, 2)\n"
FILES = {"base": BASE, "net": NET, "forgotten": FORGOTTEN, "other": OTHER}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that the rules are run over."""
    paths: list[str] = []
    check = Analyser.check

    def noted(self: Analyser, path: str) -> FileResult:
        paths.append(path)
        return check(self, path)

    monkeypatch.setattr(Analyser, "check", noted)
    return paths


def lint(*, cache: bool = True) -> Outcome:
    settings = Settings(jobs=1, cache=cache)
    return make(settings).run(scan(discover((".",), settings.filters)))


def codes(outcome: Outcome) -> list[str]:
    return [f"{one.path}:{one.span.line} {one.code}" for one in outcome.findings]


def change(project: Path, checked: list[str], name: str, old: str, new: str) -> list[str]:
    """What is checked after a change, and that the answers are those of a run without a cache."""
    file = project / f"{name}.py"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(text.replace(old, new) if old else text + new, encoding="utf-8")
    checked.clear()
    found = codes(lint())
    again = sorted(checked)

    assert codes(lint(cache=False)) == found
    return again


def test_nothing_changed(project: Path, checked: list[str]) -> None:
    """Everything stands."""
    first = codes(lint())
    checked.clear()

    assert first == codes(lint())
    assert "forgotten.py:7 INI501" in first
    assert [] == checked


def test_a_file_that_nobody_rests_on(project: Path, checked: list[str]) -> None:
    """It alone is checked, time and again."""
    lint()

    assert ["other.py"] == change(project, checked, "other", "2, 2", "3, 3")
    assert ["other.py"] == change(project, checked, "other", "3, 3", "4, 4")


def test_a_file_that_another_imports(project: Path, checked: list[str]) -> None:
    """Both are checked; also after another change in between."""
    lint()
    change(project, checked, "other", "2, 2", "3, 3")

    assert ["base.py", "net.py"] == change(project, checked, "base", "xavier_uniform_(", "xavier_normal_(")


def test_a_name_that_was_looked_for_everywhere(project: Path, checked: list[str]) -> None:
    """A call appears in a file that did not speak of it before, and goes again."""
    lint()
    call = "def run(net):\n    net.fill_weights_init()\n"

    assert ["forgotten.py", "other.py"] == change(project, checked, "other", "", call)
    assert ["forgotten.py", "other.py"] == change(project, checked, "other", call, "")


def test_a_new_file(project: Path, checked: list[str]) -> None:
    """Any import may mean it now."""
    lint()

    assert 5 == len(change(project, checked, "more", "", OTHER))
