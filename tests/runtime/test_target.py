"""Targets are read without importing anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.errors import TargetError, UsageError
from initlint.runtime.order import shape
from initlint.runtime.target import candidate_classes, expand, parse


def test_module_target() -> None:
    """A dotted module and a name."""
    target = parse("pkg.mod:Outer.Inner", arguments="[1]", keywords='{"a": 2}')

    assert ("module", "pkg.mod", "Outer.Inner", (1,), {"a": 2}) == (
        target.kind, target.location, target.name, target.arguments, target.keywords
    )  # fmt: skip


def test_file_target(tmp_path: Path) -> None:
    """A file and a name."""
    path = tmp_path / "net.py"
    path.touch()

    assert ("file", str(path), "Net") == (lambda t: (t.kind, t.location, t.name))(parse(f"{path}:Net"))


def test_config_target(tmp_path: Path) -> None:
    """A folder that holds config.json stands for it."""
    (tmp_path / "config.json").touch()

    assert str(tmp_path / "config.json") == parse(f"hf:{tmp_path}").location


def test_folder(tmp_path: Path) -> None:
    """A folder gives each public class with a base, in files that speak of torch; hidden folders are left out."""
    (tmp_path / "net.py").write_text(
        "import torch\nclass Net(torch.nn.Module): ...\nclass _Own(Net): ...\nclass A: ...\n"
    )
    (tmp_path / "other.py").write_text("class Other(Exception): ...\n")
    (tmp_path / "broken.py").write_text("import torch\nclass (:\n")
    hidden = tmp_path / ".venv"
    hidden.mkdir()
    (hidden / "net.py").write_text("import torch\nclass Hidden(torch.nn.Module): ...\n")

    found = expand(parse(str(tmp_path)))
    assert [(f"{tmp_path}/net.py:Net", True)] == [(target.text, target.optional) for target in found]


def test_empty_folder(tmp_path: Path) -> None:
    """A folder without a candidate is an error."""
    with pytest.raises(TargetError, match="no class derived from a torch module"):
        expand(parse(f"{tmp_path}/"))


def test_candidates_of_a_binary_file(tmp_path: Path) -> None:
    """What does not parse has no classes."""
    path = tmp_path / "x.py"
    path.write_bytes(b"torch\x00\xff")

    assert [] == list(candidate_classes(path))


@pytest.mark.parametrize(("text", "expected"), [("32,3,8", (32, 3, 8)), ("2x4", (2, 4)), ("(1, 2)", (1, 2)), ("", ())])
def test_shape(text: str, expected: tuple[int, ...]) -> None:
    """Shapes are written with commas or crosses."""
    assert expected == shape(text)


@pytest.mark.parametrize("text", ["a", "3,-1", "0", "1.5"])
def test_no_shape(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(UsageError):
        shape(text)
