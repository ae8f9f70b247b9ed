"""Small rules over plain lines: what the engine's tests lint with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from initlint import packs
from initlint.config import Settings
from initlint.describe.nodes import FileModel
from initlint.engine import Outcome, make
from initlint.finding import Applicability, Edit, Finding, Fix, Severity, Span
from initlint.rule import Rule
from initlint.source.discover import discover
from initlint.source.files import scan


class LineRule(Rule):
    """Reports a word.

    ## What it does
    Finds `word` in a line.

    ## Why is this bad?
    It is what the test wants.
    """

    word = "bad"
    cure: str | None = "good"
    applicability = Applicability.SAFE
    code = "INI901"
    name = "bad-word"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        for number, line in enumerate(file.source.lines, start=1):
            for match in re.finditer(rf"\b{self.word}\b", line.partition("#")[0]):
                cell, span = file.source.local(Span(number, match.start() + 1, number, match.end() + 1))
                fix = None if self.cure is None else self._fix(span, self.cure)
                yield Finding(
                    self.code, self.name, self.severity, file.path, span, f"`{self.word}`", cell=cell, fix=fix
                )

    def _fix(self, span: Span, cure: str) -> Fix:
        return Fix(self.applicability, f"Write `{cure}`", (Edit(span, cure),))


class WorseRule(LineRule):
    """As above, with an unsafe fix that leads to another finding."""

    word = "worse"
    cure = "bad"
    applicability = Applicability.UNSAFE
    code = "INI902"
    name = "worse-word"
    severity = Severity.ERROR


class HintRule(LineRule):
    """As above, as advice."""

    word = "hint"
    cure = None
    code = "INI903"
    name = "hint-word"
    severity = Severity.INFO


class CrashingRule(LineRule):
    """Raises where it meets its word."""

    code = "INI904"
    name = "boom-word"

    def check(self, file: FileModel) -> Iterator[Finding]:
        for node in file.source.tree.body:
            if "boom" in file.source.segment(file.source.span(node)):
                raise ZeroDivisionError("no rule")
        if "odd" in file.source.text:
            yield 3  # type: ignore[misc]
        yield from ()


@pytest.fixture
def line_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's own rules and those above are all there are; describing is only wrapping the source."""
    own = {code: rule for code, rule in packs.load().items() if code.startswith("INI00")}
    extra: list[Rule] = [LineRule(), WorseRule(), HintRule(), CrashingRule()]
    rules = {**own, **{rule.code: rule for rule in extra}}
    monkeypatch.setattr("initlint.packs.load", lambda: dict(rules))
    # what a cache keeps of these rules is theirs: a later run of the real command must not meet them
    monkeypatch.setattr("initlint.packs.environment", lambda: "environment of the line rules")
    monkeypatch.setattr("initlint.packs.stamp", lambda folders: "stamp of the line rules")
    monkeypatch.setattr("initlint.source.files.can_matter", lambda data: b"torch" in data)
    monkeypatch.setattr(
        "initlint.describe.build.describe", lambda project, path, *, parts: FileModel(path, project.sources[path])
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(folder: Path, **files: str) -> None:
    """Write files: `put(here, net="bad = torch")` makes net.py."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")


def lint(settings: Settings | None = None, *paths: str) -> Outcome:
    """Lint the current folder."""
    settings = settings or Settings(cache=False)
    return make(settings).run(scan(discover(paths or (".",), settings.filters)))


def told(outcome: Outcome) -> list[str]:
    """The findings, one line each."""
    return [f"{one.path}:{one.span.line}: {one.code}" for one in outcome.findings]
