"""Every rule's page: its example shows the mistake, and what it says to write instead does not."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from initlint import packs
from initlint.commands.rule import page
from initlint.config import Settings
from initlint.engine import Engine, make
from initlint.finding import Severity
from initlint.rule import Rule
from initlint.source.files import given

FIXTURES = Path(__file__).parent.parent / "fixtures"
_BLOCK = r"^## {}\n.*?```python\n(.*?)```"
_LATER = re.compile(r"^\s*\.\.\.\n", re.MULTILINE)  # between what builds and what is done in forward
_PLACE = re.compile(r"^( *)(EXAMPLE|FORWARD)$", re.MULTILINE)
# Around an example that is no whole file. `page.txt` beside the rule's bad.py overrules it.
_FRAME = """\
import math
import torch
from torch import nn
from torch.nn import functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(512, 512)
        self.norm = nn.LayerNorm(512)
        self.conv = nn.Conv2d(64, 64, 3)
        self.last = nn.Linear(512, 10)
        EXAMPLE

    def forward(self, x):
        FORWARD
        return self.last(x)
"""
_FORWARD = "x = torch.relu(self.norm(self.fc(x)))\n"
_WITHOUT_SOURCE = ("INI003", "INI8")


def rules() -> dict[str, Rule]:
    return {code: rule for code, rule in packs.load().items() if not code.startswith(_WITHOUT_SOURCE)}


@pytest.fixture(scope="module")
def engine() -> Engine:
    """All rules, at every severity."""
    return make(Settings(min_severity=Severity.INFO, cache=False, jobs=1))


def framed(rule: Rule, heading: str) -> str:
    """The page's block of code, with all around it that it leaves out."""
    blocks = {one: _block(rule, one) for one in ("Example", "Use instead")}
    built, *later = _LATER.split(blocks[heading])
    forward = (later or _LATER.split(blocks["Example"])[1:] or [_FORWARD])[0]
    parts = {"EXAMPLE": built, "FORWARD": forward}
    own = FIXTURES / type(rule).__module__.rpartition(".")[2] / "page.txt"
    frame = own.read_text(encoding="utf-8") if own.exists() else _FRAME
    return _PLACE.sub(lambda place: textwrap.indent(textwrap.dedent(parts[place[2]]), place[1]), frame)


def _block(rule: Rule, heading: str) -> str:
    found = re.search(_BLOCK.format(heading), page(rule), re.DOTALL | re.MULTILINE)
    assert found is not None, f"no block under {heading}"
    return found[1]


def found(engine: Engine, text: str) -> dict[str, Severity]:
    findings = engine.run(given("page.py", text.encode())).findings
    return {one.code: one.severity for one in findings}


@pytest.mark.parametrize("code", rules())
def test_the_example_shows_the_mistake(engine: Engine, code: str) -> None:
    """At the rule's severity, or as advice where the page says so."""
    assert code in found(engine, framed(rules()[code], "Example"))


@pytest.mark.parametrize("code", rules())
def test_what_to_use_instead_is_silent(engine: Engine, code: str) -> None:
    """For this rule and, but for advice, for all others."""
    codes = found(engine, framed(rules()[code], "Use instead"))

    assert code not in codes
    assert [] == [one for one, severity in codes.items() if severity is not Severity.INFO]
