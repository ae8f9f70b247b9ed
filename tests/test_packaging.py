"""What is shipped: the wheel holds the tree, and works without it."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import initlint

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the tree, so that the tree stays clean."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    for name in tracked():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), str(tree)]
    subprocess.run([*command, "--disable-pip-version-check"], check=True)
    (built,) = folder.glob("*.whl")
    return built


def tracked() -> list[str]:
    """What is shipped in a wheel, and what describes it."""
    return [name for name in project() if name.startswith(("initlint/", "rules/")) or "/" not in name]


def project() -> list[str]:
    """What belongs to the project: the files that git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def test_the_wheel_holds_the_tree(wheel: Path) -> None:
    """Every module, the rules under their own name, and nothing else."""
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    there = {path for path in tracked() if path.endswith((".py", "py.typed"))}

    assert {
        path.replace("rules/", "initlint_rules/", 1) if path.startswith("rules/") else path for path in there
    } == shipped


def test_the_wheel_names_its_command_and_its_pack(wheel: Path) -> None:
    """One console script, one rule pack."""
    archive = zipfile.ZipFile(wheel)
    (name,) = (one for one in archive.namelist() if one.endswith("entry_points.txt"))
    text = archive.read(name).decode()

    assert "initlint = initlint.cli:main" in text
    assert "[initlint.rules]\nbuiltin = initlint_rules" in text


def test_the_wheel_finds_its_rules(wheel: Path, tmp_path: Path) -> None:
    """Unpacked anywhere, away from the tree, it lints."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    (tmp_path / "net.py").write_text("x = 1  # initlint: ignore[INI101]\n", encoding="utf-8")
    code = "import sys; sys.path.insert(0, 'site'); from initlint.cli import __file__, main; "
    code += "assert __file__.startswith('site') or '/site/' in __file__; main(['net.py', '--no-cache'])"
    command = [sys.executable, "-P" if sys.version_info >= (3, 11) else "-B", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (1, "INI001") == (done.returncode, done.stdout.split()[0])


def test_the_source_distribution_holds_what_its_tests_need(tmp_path: Path) -> None:
    """All of the project, but for the record of what was measured."""
    pytest.importorskip("setuptools", minversion="77")  # what builds it, without the network
    for name in project():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_bytes((ROOT / name).read_bytes())
    code = f"from setuptools import build_meta; build_meta.build_sdist({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=tmp_path / "tree", check=True, capture_output=True)
    (built,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        shipped = {name.partition("/")[2] for name in archive.getnames()}

    assert set() == {name for name in project() if not name.startswith(("benchmarks/", ".gitignore"))} - shipped
    assert not [name for name in shipped if name.endswith(".pyc") or name.startswith("benchmarks")]


def test_one_version_is_told_everywhere() -> None:
    """By the package and by its metadata."""
    assert PROJECT["version"] == initlint.__version__


def test_torch_is_never_required() -> None:
    """`pip install initlint`, and so the pre-commit hook, does not pull it."""
    assert [] == [one for one in PROJECT["dependencies"] if one.startswith(("torch", "numpy"))]
    assert [one for one in PROJECT["optional-dependencies"]["runtime"] if one.startswith("torch")]


def test_the_hooks_run_commands_that_exist() -> None:
    """Both entries are accepted by the command line."""
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    entries = [line.partition(":")[2].split() for line in text.splitlines() if line.strip().startswith("entry:")]

    assert 2 == len(entries)
    for entry in entries:
        done = subprocess.run([sys.executable, "-m", *entry, "--help"], capture_output=True, text=True, check=False)
        assert (0, "initlint") == (done.returncode, entry[0])
