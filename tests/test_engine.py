"""The engine: files in, findings out."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from initlint import pool
from initlint.analyse import Analyser, FileResult
from initlint.config import Settings
from initlint.engine import make
from initlint.errors import PackError, WorkerError
from initlint.finding import Severity
from initlint.source.files import scan
from tests.line_rules import lint, put, told

pytestmark = pytest.mark.usefixtures("line_rules")


def test_findings_come_in_reading_order(here: Path) -> None:
    """By file, then by line, whatever the order of the rules and of the files."""
    put(here, b="import torch\nbad = 1\n", a="import torch\nbad = 1\nworse = 2\nbad = 3\n")

    assert ["a.py:2: INI901", "a.py:3: INI902", "a.py:4: INI901", "b.py:2: INI901"] == told(lint())


def test_files_that_cannot_matter_are_not_described(here: Path) -> None:
    """Without a word of torch no rule looks at a file."""
    put(here, plain="bad = 1\n")

    assert [] == told(lint())


def test_a_broken_file_is_a_finding_and_the_run_goes_on(here: Path) -> None:
    """Also a file that cannot matter is told of when it does not parse."""
    put(here, a="def f(:\n", b="import torch\nif bad\n", c="import torch\nbad = 1\n")

    assert ["a.py:1: INI002", "b.py:2: INI002", "c.py:2: INI901"] == told(lint())


def test_an_unreadable_file_is_a_finding(here: Path) -> None:
    """A link that leads nowhere is named, with the system's reason."""
    (here / "lost.py").symlink_to(here / "nowhere.py")
    (finding,) = lint(None, "lost.py").findings

    assert ("INI002", "cannot read the file: no such file or directory") == (finding.code, finding.message)


def test_a_crashing_rule_is_a_finding_and_the_others_go_on(here: Path) -> None:
    """The finding names the rule and the line it was looking at; the traceback is kept."""
    put(here, net="import torch\nbad = 1\nboom = 2\n")
    outcome = lint()
    crash = next(one for one in outcome.findings if one.code == "INI003")

    assert ["net.py:2: INI901", "net.py:3: INI003"] == told(outcome)
    assert "rule INI904 (boom-word) crashed here: ZeroDivisionError: no rule" == crash.message
    assert "ZeroDivisionError" in outcome.traces[0]


def test_a_rule_that_yields_something_else_has_crashed(here: Path) -> None:
    """It is the rule that is told, and not the engine that stumbles over it later."""
    put(here, net="import torch\nbad = 1  # odd\n")
    outcome = lint()
    crash = next(one for one in outcome.findings if one.code == "INI003")

    assert "net.py:2: INI901" in told(outcome)
    assert "rule INI904 (boom-word) crashed on this file: TypeError: it yields 3, which is no Finding" == crash.message


def test_a_crash_of_the_description_is_a_finding(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the description chokes on is named; the run goes on."""
    put(here, net="import torch\n")

    def fail(project: object, path: str, *, parts: bool) -> None:
        raise KeyError(path)

    monkeypatch.setattr("initlint.describe.build.describe", fail)
    (finding,) = lint().findings

    assert "the description crashed on this file: KeyError: 'net.py'" == finding.message


def test_a_file_nested_too_deeply_is_a_finding(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recursion that ends is no bug of a rule."""
    put(here, net="import torch\n")

    def sink(project: object, path: str, *, parts: bool) -> None:
        raise RecursionError

    monkeypatch.setattr("initlint.describe.build.describe", sink)

    assert ["net.py:1: INI002"] == told(lint())


def test_several_processes_say_what_one_says(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same findings in the same order, crashes included."""
    put(here, **{f"net{n}": f"import torch\n{'bad = 1' if n % 3 else 'boom = 1'}\n" for n in range(40)})
    alone = lint(Settings(cache=False, jobs=1))
    monkeypatch.setattr("initlint.pool._WORTH_IT", 0)
    together = lint(Settings(cache=False, jobs=2))

    assert alone.findings == together.findings
    assert len(alone.traces) == len(together.traces) == 14


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process is forked")
def test_a_process_that_dies_is_told_with_its_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system kills, as for want of memory, says nothing itself."""
    put(here, **{f"net{n}": "import torch\n" for n in range(6)})
    monkeypatch.setattr("initlint.pool._WORTH_IT", 0)
    monkeypatch.setattr("initlint.pool._may_fork", lambda: True)
    check = Analyser.check

    def die(self: Analyser, path: str) -> FileResult:
        if path == "net3.py" and not self.lasting:
            os._exit(9)
        return check(self, path)

    monkeypatch.setattr(Analyser, "check", die)

    with pytest.raises(WorkerError, match=r"died at net3\.py"):
        lint(Settings(cache=False, jobs=2))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process is forked")
def test_a_process_that_has_grown_large_leaves_its_files_to_others(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is checked once, and the findings come in the same order."""
    put(here, **{f"net{n}": f"import torch\nbad = {n}\n" for n in range(9)})
    expected = told(lint(Settings(cache=False, jobs=1)))
    monkeypatch.setattr("initlint.pool._WORTH_IT", 0)
    monkeypatch.setattr("initlint.pool._may_fork", lambda: True)
    monkeypatch.setattr("initlint.pool._LARGE", 0)
    monkeypatch.setattr("initlint.pool._GROWTH", -1_000_000)
    started: list[int] = []
    start = pool._start

    def count(context: Any, analyser: Analyser, paths: Sequence[str], *, lasting: bool) -> Any:
        started.append(len(paths))
        return start(context, analyser, paths, lasting=lasting)

    monkeypatch.setattr(pool, "_start", count)

    assert expected == told(lint(Settings(cache=False, jobs=1)))
    assert started == [9, 8, 7, 6, 5, 4, 3, 2, 1]


def test_trees_are_dropped_when_they_grow_many(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The findings are the same; of the texts of before, none is parsed."""
    put(here, **{f"net{n}": f"import torch\nbad = {n}\n" for n in range(20)})
    monkeypatch.setattr("initlint.pool._WORTH_IT", 10**9)
    kept = told(lint())
    monkeypatch.setattr("initlint.analyse._MOST_PARSED", 1)
    engine = make(Settings(cache=False))
    analyser = engine.analyser(scan(sorted(one.name for one in here.glob("*.py"))))
    results = [analyser.check(path) for path in analyser.files.entries]
    parsed = [one.source for one in analyser.opened.values() if one.source is not None and "tree" in vars(one.source)]

    assert len(kept) == sum(len(one.findings) for one in results) == 20
    assert len(parsed) < 8


def test_severities_are_chosen(here: Path) -> None:
    """Advice is shown when asked for; `error` alone leaves warnings out."""
    put(here, net="import torch\nbad = hint = worse = 1\n")

    assert {"INI901", "INI902"} == {one.code for one in lint().findings}
    for severity, count in ((Severity.INFO, 3), (Severity.ERROR, 1)):
        assert count == len(lint(Settings(cache=False, min_severity=severity)).findings)


def test_findings_outside_of_the_run_are_dropped(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule may speak of another file, once; if that is not among the linted ones, it is not told."""
    put(here, a="import torch\n", b="import torch\nbad = 1\n", c="import torch\n")

    from initlint.describe.nodes import FileModel  # what the description hands to the rules
    from initlint.describe.project import Project

    def describe_b(project: Project, path: str, *, parts: bool) -> FileModel:
        return (
            FileModel("b.py", project.sources["b.py"])
            if "b.py" in project.sources
            else FileModel(path, project.sources[path])
        )

    monkeypatch.setattr("initlint.describe.build.describe", describe_b)

    assert ["b.py:2: INI901"] == told(lint())
    assert [] == told(lint(None, "a.py", "c.py"))


def test_an_incomplete_pack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the engine's own rules there is no run."""
    monkeypatch.setattr("initlint.packs.load", dict)

    with pytest.raises(PackError, match="INI001, INI002, INI003 not found"):
        make(Settings(cache=False))


def test_an_interrupted_run_can_be_repeated(here: Path) -> None:
    """An engine keeps nothing of a run: the next gives the same."""
    put(here, net="import torch\nbad = 1\n")
    engine = make(Settings(cache=False))

    assert engine.run(scan(["net.py"])).findings == engine.run(scan(["net.py"])).findings
