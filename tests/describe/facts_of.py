"""Small texts and the facts that reading them leaves."""

from __future__ import annotations

from textwrap import dedent
from typing import TypeVar

from initlint.describe.build import describe
from initlint.describe.project import Project
from initlint.source.text import SourceText

Fact = TypeVar("Fact")
IMPORTS = "import torch\nfrom torch import nn\n"


def facts(kind: type[Fact], text: str) -> list[Fact]:
    """The facts of one kind in a text behind the usual imports."""
    source = SourceText("net.py", IMPORTS + dedent(text))
    return list(describe(Project.index([source]), "net.py").facts(kind))


def in_constructor(lines: str) -> str:
    """A module whose constructor ends with these lines."""
    body = "".join(f"        {line}\n" for line in dedent(lines).strip().splitlines())
    return (
        "\nclass Net(nn.Module):\n    def __init__(self, flag=True, index=None):\n        super().__init__()\n"
        "        self.fc = nn.Linear(4, 4)\n" + body
    )
