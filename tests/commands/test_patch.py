"""`--diff` over every fixture is a patch that git takes, and that does what `--fix` does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.commands.invoke import run
from tests.fixer.fixed_texts import BAD

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

OPTIONS = ("--isolated", "--no-cache", "--unsafe-fixes", "--min-severity", "info")


def put(folder: Path) -> None:
    """Every fixture with a fix, some with other line ends, a byte order mark, or no end of the last line."""
    for number, path in enumerate(BAD):
        data = path.read_bytes()
        data = data.replace(b"\n", b"\r\n") if number % 4 == 1 else data
        data = b"\xef\xbb\xbf" + data if number % 4 == 2 else data
        data = data.rstrip(b"\n") if number % 4 == 3 else data
        name = f"a model {number}" if number % 5 == 0 else path.parent.name
        (folder / name).mkdir(parents=True)
        (folder / name / "net.py").write_bytes(data)


def git(folder: Path, *args: str, patch: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *args], cwd=folder, input=patch, capture_output=True, check=False)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("net.py")}


def test_git_takes_the_patch_of_every_fix(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`git apply --check` says nothing, and what it makes is what `--fix` writes, byte for byte."""
    patched, fixed = here / "patched", here / "fixed"
    put(patched)
    put(fixed)
    git(patched, "init", "--quiet", patch=b"")
    monkeypatch.chdir(patched)
    done = run("lint", "--diff", *OPTIONS, ".")
    check = git(patched, "apply", "--check", "-", patch=done.raw)
    applied = git(patched, "apply", "--whitespace=nowarn", "-", patch=done.raw)
    monkeypatch.chdir(fixed)
    run("lint", "--fix", *OPTIONS, ".")

    assert (0, b"") == (check.returncode, check.stderr), done.err
    assert 0 == applied.returncode, applied.stderr
    assert contents(fixed) == contents(patched)
    assert len(BAD) - 2 < done.raw.count(b"\n--- ") + 1


def test_a_stale_patch_is_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check can fail."""
    put(here)
    git(here, "init", "--quiet", patch=b"")
    patch = run("lint", "--diff", *OPTIONS, ".").raw
    for path in here.rglob("net.py"):
        path.write_bytes(b"# other\n")

    assert patch
    assert 0 != git(here, "apply", "--check", "-", patch=patch).returncode
