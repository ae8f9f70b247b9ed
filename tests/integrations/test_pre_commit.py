"""The hooks, run by pre-commit itself in a real git repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
pytest.importorskip("pre_commit")
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

BAD = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        nn.init.xavier_uniform(self.fc.weight)

    def forward(self, x):
        return self.fc(x)
"""


def hooks() -> list[dict[str, object]]:
    """The manifest, as pre-commit reads it: it raises where its own schema is not met."""
    from pre_commit.clientlib import load_manifest

    loaded: list[dict[str, object]] = load_manifest(str(MANIFEST))
    return loaded


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with one staged model and both hooks.

    The hooks are the manifest's, word for word, but for the language: `python` would install from the index.
    """
    copied = [{**hook, "language": "system"} for hook in hooks()]
    for hook in copied:
        hook["entry"] = re.sub(r"^initlint\b", f"{sys.executable} -m initlint", str(hook["entry"]))
    wanted = ("id", "name", "entry", "language", "types_or", "require_serial")
    rows = [f"      - {{{', '.join(f'{key}: {_yaml(hook[key])}' for key in wanted)}}}" for hook in copied]
    config = "\n".join(["repos:", "  - repo: local", "    hooks:", *rows, ""])
    (tmp_path / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    (tmp_path / "net.py").write_text(BAD, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("nn.init.xavier_uniform(w)\n", encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    return tmp_path


def _yaml(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def environment(folder: Path) -> dict[str, str]:
    own = {"PRE_COMMIT_HOME": str(folder / ".home"), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, **own, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@b"}  # fmt: skip


def git(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *args], cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )


def pre_commit(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pre_commit", *args]
    return subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False)


def test_the_manifest_meets_the_schema_of_pre_commit() -> None:
    """Both hooks are there, and each entry begins with a command that the package installs."""
    assert ["initlint", "initlint-fix"] == [hook["id"] for hook in hooks()]
    assert {"initlint"} == {str(hook["entry"]).split()[0] for hook in hooks()}


def test_the_check_fails_on_a_mistake_and_changes_nothing(repository: Path) -> None:
    """The finding is shown; files that are no Python are not handed over."""
    done = pre_commit(repository, "run", "initlint", "--all-files")

    assert 1 == done.returncode, done.stdout + done.stderr
    assert "INI604" in done.stdout
    assert "notes.txt" not in done.stdout
    assert BAD == (repository / "net.py").read_text(encoding="utf-8")


def test_the_fix_repairs_once_and_then_passes(repository: Path) -> None:
    """As fixers do: the first run changes the file and fails, the second finds nothing to do."""
    first = pre_commit(repository, "run", "initlint-fix", "--all-files")
    fixed = (repository / "net.py").read_text(encoding="utf-8")
    git(repository, "add", "net.py")
    second = pre_commit(repository, "run", "--all-files")

    assert (1, 0) == (first.returncode, second.returncode), first.stdout + second.stdout
    assert "files were modified by this hook" in first.stdout
    assert BAD.replace("xavier_uniform(", "xavier_uniform_(") == fixed


def test_a_commit_is_stopped_by_the_installed_hook(repository: Path) -> None:
    """`git commit` runs it on what is staged; the repaired file goes through."""
    assert 0 == pre_commit(repository, "install").returncode
    stopped = git(repository, "commit", "-m", "a model")
    git(repository, "add", "net.py")  # the fixing hook has repaired it
    passed = git(repository, "commit", "-m", "a model")

    assert (1, 0) == (stopped.returncode, passed.returncode), stopped.stderr + passed.stderr
    assert "a model" in git(repository, "log", "--format=%s").stdout


def test_an_ignored_file_stays_ignored(repository: Path) -> None:
    """pre-commit hands over every file by name; the configuration's excludes hold all the same."""
    (repository / "pyproject.toml").write_text('[tool.initlint]\nextend-exclude = ["net.py"]\n', encoding="utf-8")
    git(repository, "add", ".")
    done = pre_commit(repository, "run", "--all-files")

    assert 0 == done.returncode, done.stdout
