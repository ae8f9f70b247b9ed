"""Every fixture against every rule: what a marker says is found, and nothing else is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from initlint import packs
from initlint.config import Settings
from initlint.engine import Engine, Outcome, make
from initlint.finding import Finding, Severity
from initlint.repair import repair
from initlint.rule import Rule
from initlint.source.files import scan

FIXTURES = Path(__file__).parent.parent / "fixtures"
NOT_RULES = {"wild", "specs", "reports", "packs"}
FOLDERS = sorted(path for path in FIXTURES.iterdir() if path.is_dir() and path.name not in NOT_RULES)
WILD = sorted((FIXTURES / "wild").rglob("*.py"))
WITHOUT_SOURCE = ("INI003", "INI8")  # no source file shows them: a crash, and what only the runtime sees

MARKER = re.compile(r"#?\s*expect:\s*(?P<codes>[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*)")


@pytest.fixture(scope="module")
def engine() -> Engine:
    """All rules, at every severity."""
    return make(Settings(min_severity=Severity.INFO, cache=False, jobs=1))


def rules() -> dict[str, Rule]:
    return {code: rule for code, rule in packs.load().items() if not code.startswith(WITHOUT_SOURCE)}


def stem(rule: Rule) -> str:
    return type(rule).__module__.rpartition(".")[2]


def lint(engine: Engine, path: Path) -> Outcome:
    """Lint one file of a fixture, with the files that stand beside bad.py, good.py and fixed.py for its sake."""
    beside = [one for one in path.parent.glob("*.py") if one.stem not in ("bad", "good", "fixed")]
    return engine.run(scan(map(str, {path, *beside} if path.parent.parent == FIXTURES else {path})))


def found(outcome: Outcome, path: Path) -> list[str]:
    return rows(outcome.findings, path)


def rows(findings: Iterable[Finding], path: Path) -> list[str]:
    return sorted({f"{one.span.line}: {one.code}" for one in findings if one.path == str(path)}, key=by_line)


def expected(path: Path) -> list[str]:
    marked: set[str] = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        for match in MARKER.finditer(line):
            marked.update(f"{number}: {code.strip()}" for code in match["codes"].split(","))
    return sorted(marked, key=by_line)


def by_line(row: str) -> tuple[int, str]:
    line, _, code = row.partition(": ")
    return int(line), code


def names(folders: Iterable[Path]) -> list[str]:
    return [path.name for path in folders]


@pytest.mark.parametrize("name", ["bad", "good"])
@pytest.mark.parametrize("folder", FOLDERS, ids=names(FOLDERS))
def test_markers_and_findings_are_equal(engine: Engine, folder: Path, name: str) -> None:
    """Each marked line is reported with just its codes, and no other line is, by any rule at any severity."""
    path = folder / f"{name}.py"
    outcome = lint(engine, path)

    assert expected(path) == found(outcome, path), "\n".join(f"{one.span.line}: {one}" for one in outcome.findings)


@pytest.mark.parametrize("path", WILD, ids=[str(path.relative_to(FIXTURES / "wild")) for path in WILD])
def test_whole_models_say_what_they_should(engine: Engine, path: Path) -> None:
    """A legitimate idiom gets no error and no warning (advice it may get); a planted mistake is found where marked."""
    outcome = lint(engine, path)
    serious = [one for one in outcome.findings if one.severity is not Severity.INFO]
    told = [row for row in found(outcome, path) if row in expected(path) or row in rows(serious, path)]

    assert expected(path) == told


@pytest.mark.parametrize("folder", FOLDERS, ids=names(FOLDERS))
def test_bad_shows_the_mistake_and_good_does_not(folder: Path) -> None:
    """A fixture folder speaks of its own rule."""
    code = folder.name.partition("_")[0].upper()

    assert code in {row.partition(": ")[2] for row in expected(folder / "bad.py")}
    assert [] == expected(folder / "good.py")


@pytest.mark.parametrize("folder", FOLDERS, ids=names(FOLDERS))
def test_fixed_is_what_fixing_makes_of_bad(engine: Engine, folder: Path) -> None:
    """Fixing bad.py, safe and unsafe, gives fixed.py byte for byte; without a fix there is no fixed.py."""
    bad, fixed = folder / "bad.py", folder / "fixed.py"
    repaired = repair(engine, lint(engine, bad), unsafe=True)
    change = repaired.changes.get(str(bad))

    assert fixed.exists() == (change is not None)
    if change is not None:
        assert fixed.read_text(encoding="utf-8") == change[1].text


FIXED = [folder / "fixed.py" for folder in FOLDERS if (folder / "fixed.py").exists()]


@pytest.mark.parametrize("path", FIXED, ids=[path.parent.name for path in FIXED])
def test_fixed_parses_and_is_silent_and_stays(engine: Engine, path: Path) -> None:
    """What a fix leaves is Python, has no such mistake that could still be fixed, and is not changed again."""
    code = path.parent.name.partition("_")[0].upper()
    outcome = lint(engine, path)
    again = repair(engine, outcome, unsafe=True)

    assert ast.parse(path.read_text(encoding="utf-8"))
    assert [] == [one for one in outcome.findings if one.code == code and one.fix]
    assert {} == again.changes


def test_every_rule_has_its_fixture() -> None:
    """Adding a rule is one module and one folder; neither is ever alone."""
    assert sorted(map(stem, rules().values())) == names(FOLDERS)


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.code)
def test_pages_tell_of_fixes(rule: Rule) -> None:
    """A page has the heading `Fix safety` just where the fixture shows a fix."""
    assert ("## Fix safety" in (type(rule).__doc__ or "")) == (FIXTURES / stem(rule) / "fixed.py").exists()
