"""What scripts call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import initlint
from initlint.config import Settings
from initlint.finding import Severity
from tests.line_rules import put


@pytest.mark.usefixtures("line_rules")
def test_a_text_is_linted() -> None:
    """Without a file; by its path it may be a notebook."""
    (finding,) = initlint.lint_source("import torch\nbad\n", "net.py")
    (in_cell,) = initlint.lint_source('{"cells": [{"cell_type": "code", "source": "import torch\\nbad"}]}', "n.ipynb")

    assert ("net.py", 2, None) == (finding.path, finding.span.line, finding.cell)
    assert (2, 1) == (in_cell.span.line, in_cell.cell)


@pytest.mark.usefixtures("line_rules")
def test_paths_are_linted_with_their_configuration(here: Path) -> None:
    """Or with settings that are given."""
    put(here, net="import torch\nbad = worse\n")
    (here / "initlint.toml").write_text("ignore = ['INI901']\ncache = false\n", encoding="utf-8")

    assert ["INI902"] == [one.code for one in initlint.lint_paths([str(here)])]
    settings = Settings(cache=False, min_severity=Severity.INFO)
    assert ["INI901", "INI902"] == [one.code for one in initlint.lint_paths(["."], settings)]


def test_a_text_is_described() -> None:
    """What initlint believes about its models."""
    model = initlint.describe_source("from torch import nn\nclass Net(nn.Module):\n    pass\n", "net.py")

    assert "net.py" == model.path
    with pytest.raises(SyntaxError):
        initlint.describe_source("def f(:\n")


def test_importing_initlint_loads_nothing() -> None:
    """The public names come on first use, and no others are there."""
    code = "import sys, initlint; print(sorted(one for one in sys.modules if one.startswith('initlint')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "['initlint']" == done.stdout.strip()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = initlint.nothing
