"""What makes a run quick changes nothing in what it finds: each shortcut, taken and not taken, over all fixtures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from initlint.api import lint_paths
from initlint.config import Settings
from initlint.finding import Finding, Severity

FIXTURES = Path(__file__).parent.parent / "fixtures"
FOLDERS = ("wild", *(f"ini{n}*" for n in (101, 103, 105, 201, 203, 207, 305, 503, 504, 506, 508, 510, 511, 701)))

SHORTCUTS: dict[str, tuple[str, object]] = {
    "objects are built anew each time": ("initlint.describe.templates.WORTH_KEEPING", 10**9),
    "every module is handed to the init method": (
        "initlint.describe.init_effects.is_indifferent",
        lambda project, chain, module: False,
    ),
    "the init method is read for each module": ("initlint.describe.init_effects._key", lambda *given: None),
    "any activation may be in any model": ("initlint.describe.groups.may_use", lambda file, model, activation: True),
    "every file matters": ("initlint.source.files.can_matter", lambda data: True),
    "plain calls are read each time": ("initlint.describe.pure.sums", lambda run, function, args, kwargs: None),
    "forward is read for tokens": ("initlint.describe.groups.is_row_of_tokens", lambda shape: False),
    "a configuration is another to each reading": ("initlint.describe.templates._payload", lambda atom: id(atom)),
    "much text is held compressed": ("initlint.analyse._MUCH_TEXT", 0),
    "processes share the work": ("initlint.pool._WORTH_IT", 0),
}


def linted() -> list[Finding]:
    paths = [str(path) for folder in FOLDERS for path in sorted(FIXTURES.glob(folder))]
    return list(lint_paths(paths, Settings(select=("ALL",), min_severity=Severity.INFO, cache=False, jobs=2)))


@pytest.fixture(scope="module")
def usual() -> list[Finding]:
    """The findings as users get them."""
    return linted()


@pytest.mark.parametrize("name", SHORTCUTS)
def test_the_long_way_finds_the_same(name: str, usual: list[Finding], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every finding, with its place, message and fix."""
    target, long_way = SHORTCUTS[name]
    module, _, attribute = target.rpartition(".")
    for holder in _holders(module, attribute):
        monkeypatch.setattr(holder, long_way)

    assert usual
    assert usual == linted()


def _holders(module: str, attribute: str) -> list[str]:
    """Where the name is looked up: in its module, and in the rules that import it."""
    wanted = getattr(sys.modules[module], attribute)
    names = [name for name, one in list(sys.modules.items()) if getattr(one, attribute, None) is wanted]
    return [f"{name}.{attribute}" for name in names if name.startswith("initlint")]
