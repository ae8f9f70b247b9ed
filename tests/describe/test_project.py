"""Tests of the way from a name in one file to its definition in another."""

from __future__ import annotations

import pytest

from initlint.describe.build import describe
from initlint.describe.index import FileIndex
from initlint.describe.nodes import InitCall
from initlint.describe.project import Project
from initlint.source.text import SourceText

MODEL = """
import torch
from helpers import draw

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(4, 4)
        draw(self.fc)
"""
HELPERS = """
import torch

def draw(layer):
    torch.nn.init.xavier_uniform_(layer.weight)
"""


@pytest.mark.parametrize("folder", ["", "src/", "./", "/home/me/my.project/src/"])
def test_imports_are_followed_from_any_folder(folder: str) -> None:
    """A helper in the file beside is found, however the user named the folder."""
    sources = [SourceText(f"{folder}{name}.py", text) for name, text in (("net", MODEL), ("helpers", HELPERS))]

    met = [call.name for call in describe(Project.index(sources), f"{folder}net.py").facts(InitCall)]

    assert ["xavier_uniform_"] == met


@pytest.mark.parametrize("path", ["a/b/c.py", "./a/b/c.py", "/a/b/c.py", "/a/b/c/__init__.py"])
def test_parts_know_no_root(path: str) -> None:
    """A file's package names are the same for a path from the root and from here."""
    assert ("a", "b", "c") == FileIndex(SourceText(path, "")).parts


def test_a_file_called_torch_is_not_torch() -> None:
    """`import torch` means the library, also beside the project's own `utils/torch.py`; a relative import may not."""
    sources = [
        SourceText("net/model.py", MODEL),
        SourceText("net/helpers.py", HELPERS),
        SourceText("net/utils/torch.py", "nn = None\n"),
    ]
    project = Project.index(sources)
    importer = project.file("net/model.py")
    assert importer is not None

    assert project.module("torch", importer) is None
    assert project.module(".net.utils.torch", importer) is project.file("net/utils/torch.py")
