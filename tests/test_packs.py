"""Rule packs: found, walked, refused with a reason."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from initlint import packs
from initlint.errors import PackError

RULE = '''
from initlint.finding import Severity
from initlint.rule import Rule

class {cls}(Rule):
    """One line.

    ## What it does
    ## Why is this bad?
    """

    code = "{code}"
    name = "{name}"
    severity = Severity.INFO

    def check(self, file):
        yield from ()
'''


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installed pack `mypack`, beside the built-in one; empty."""
    folder = tmp_path / "mypack"
    folder.mkdir()
    (folder / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    builtin = packs.entry_points()
    monkeypatch.setattr(packs, "entry_points", lambda: [*builtin, ("mine", "mypack")])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "mypack"]:
        del sys.modules[name]


def rule(folder: Path, stem: str, code: str = "ABC001", name: str = "some-name", **replace: str) -> None:
    text = RULE.format(cls="Some", code=code, name=name)
    for old, new in replace.items():
        text = text.replace(old, new)
    (folder / f"{stem}.py").write_text(text, encoding="utf-8")


def test_the_built_in_pack_is_found() -> None:
    """By its entry point, sorted by code."""
    rules = packs.load()

    assert {"INI001", "INI002", "INI003"} <= set(rules)
    assert sorted(rules) == list(rules)
    assert ("builtin", "initlint_rules") in packs.entry_points()


def test_a_pack_of_others_joins(pack: Path) -> None:
    """Modules in folders count; names that are only imported do not."""
    rule(pack, "abc001_some_name")
    (pack / "more").mkdir()
    (pack / "more" / "__init__.py").write_text("from mypack.abc001_some_name import Some", encoding="utf-8")
    rule(pack / "more", "abc002_other_name", "ABC002", "other-name")
    rules = packs.load()

    assert ("some-name", "other-name") == (rules["ABC001"].name, rules["ABC002"].name)


@pytest.mark.parametrize(
    ("stem", "change", "message"),
    [
        ("abc001_some_name", {"ABC001": "abc1"}, "`code` must be letters and three digits"),
        ("abc001_some_name", {"some-name": "Some Name"}, "`name` must be in kebab-case"),
        ("abc001_other", {}, r"its module must be called abc001_some_name\.py"),
        ("abc001_some_name", {"Severity.INFO": "'info'"}, "`severity` must be one of Severity"),
        ("abc001_some_name", {"## Why is this bad?": ""}, "its docstring has no heading '## Why is this bad\\?'"),
        ("abc001_some_name", {"ABC001": "INI001", "some-name": "x"}, r"its module must be called ini001_x\.py"),
        ("abc001_some_name", {"from initlint.rule": "import nothing_of_the_kind #"}, "No module named"),
        ("abc001_some_name", {"def check": "def __init__(self):\n        1 / 0\n\n    def check"}, "cannot be made"),
        ("abc001_some_name", {"class Some": "exit(3)\nclass Some"}, "SystemExit"),
    ],
)
def test_a_faulty_pack_is_named_with_its_module(pack: Path, stem: str, change: dict[str, str], message: str) -> None:
    """And what its author has to mend."""
    rule(pack, stem, **change)

    with pytest.raises(PackError, match=rf"rule pack 'mine': .*mypack\.{stem}.*{message}"):
        packs.load()


def test_what_passes_for_a_class_is_no_rule(pack: Path) -> None:
    """As `list[int]` does in Python 3.10."""
    alias = "class Alias:\n    __class__ = type\n\nPairs = Alias()\nclass Some"
    rule(pack, "abc001_some_name", **{"class Some": alias})

    assert "ABC001" in packs.load()


def test_a_code_that_is_taken_is_refused(pack: Path) -> None:
    """The pack that came later is to blame, whatever its name."""
    rule(pack, "ini001_unused_ignore", "INI001", "unused-ignore")

    with pytest.raises(
        PackError, match=r"'mine': mypack\.ini001_unused_ignore\.\w+ claims the code INI001, which initlint_"
    ):
        packs.load()


def test_no_packs_at_all_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout that was not installed."""
    monkeypatch.setattr(packs, "entry_points", list)

    with pytest.raises(PackError, match="is initlint installed"):
        packs.load()


def test_the_stamp_changes_with_any_rule(pack: Path) -> None:
    """A rule that was edited must not be answered for by the cache."""
    before = packs.stamp(packs.folders())
    rule(pack, "abc001_some_name")

    assert str(pack) in packs.folders()
    assert before != packs.stamp(packs.folders())
    assert packs.stamp(packs.folders()) == packs.stamp(packs.folders())


def test_the_environment_changes_with_what_is_installed(pack: Path) -> None:
    """A folder that Python imports from has another time."""
    before = packs.environment()
    (pack.parent / "another").mkdir()

    assert before != packs.environment()
    assert packs.environment() == packs.environment()
