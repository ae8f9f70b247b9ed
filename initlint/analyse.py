"""One file: its description, and what each rule says of it. What runs in the worker processes."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from initlint.crash import Crash, attempt
from initlint.finding import Finding, Severity, Span
from initlint.rule import Rule
from initlint.source.files import Files
from initlint.source.read import Opened, Problem, parse_problem, syntax_problem

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel
    from initlint.describe.project import Project

SYNTAX_ERROR, RULE_CRASH = "INI002", "INI003"
_MOST_PARSED = 2_000_000  # characters of parsed source that are kept: a tree takes some 35 times its text
_MUCH_TEXT = 16_000_000  # bytes of source that can matter: beyond, texts are held compressed
_LOOK_EVERY = 8  # files between two looks at how much that is


@dataclass(frozen=True, slots=True)
class FileResult:
    """What is said of one file before suppressions. Findings may lie in other files than `path`.

    `dependencies` are the files that were consulted, `sources` those of them that its models are made of, `asked` the
    names that were looked for in all files (None: it rests on nothing but the file itself), `traces` the tracebacks of
    crashed rules.
    """

    path: str
    findings: tuple[Finding, ...] = ()
    dependencies: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    asked: frozenset[str] | None = None
    traces: tuple[str, ...] = ()


@dataclass
class Analyser:
    """Checks files of one project with a set of rules. It is sent to the workers, which make their own project.

    `kept` collects the descriptions where they are wanted besides the findings.
    """

    rules: Sequence[Rule]
    names: Mapping[str, tuple[str, Severity]]  # code -> name and severity of the engine's own rules
    files: Files
    kept: dict[str, FileModel] | None = None
    lasting: bool = True  # the process goes on to other files; one that ends need not make room
    _checked: int = 0

    @cached_property
    def opened(self) -> dict[str, Opened]:
        """The text of every file that can matter, not yet parsed."""
        relevant = list(self.files.relevant())
        packed = sum(entry.size for entry in relevant) > _MUCH_TEXT
        return {entry.path: _held(self.files.open(entry.path), packed=packed) for entry in relevant}

    @cached_property
    def project(self) -> Project:
        """The index over all files that can matter."""
        from initlint.describe.project import Project  # parses: not wanted where the cache answers

        sources = [one.source for one in self.opened.values() if one.source is not None]
        unread = self.files.entries.keys() - {source.path for source in sources}
        return Project.index(sources, unread, lambda path: self.files.open(path).source)

    def check(self, path: str) -> FileResult:
        """Run the rules over one file."""
        can_matter = self.files.entries[path].can_matter
        opened = self.opened[path] if can_matter else self.files.open(path)
        problems = list(opened.problems)
        look = parse_problem if can_matter and self._is_described(path) else syntax_problem
        if opened.source is not None and not problems and (problem := look(opened.source)):
            problems.append(problem)
            opened = Opened(None)
        said = tuple(self._own(SYNTAX_ERROR, path, one) for one in problems)
        if opened.source is None or not can_matter:
            return FileResult(path, said)
        try:
            return self._judged(path, said)
        finally:
            self._make_room()

    def _is_described(self, path: str) -> bool:
        from initlint.describe.build import is_template  # not wanted where the cache answers

        return not is_template(self.project, path)

    def __getstate__(self) -> dict[str, Any]:
        """What is made from the files does not travel: it is made again where it is needed."""
        return {name: value for name, value in vars(self).items() if name not in ("project", "opened")}

    def _make_room(self) -> None:
        """Drop trees and index when they have grown large: they are made again where they are needed.

        Whoever still holds a text of before, with its tree, can go on with it.
        """
        self._checked += 1
        if self._checked % _LOOK_EVERY or not self.lasting or self.kept is not None or self._parsed() < _MOST_PARSED:
            return
        self.project.forget()
        self.opened = {
            path: replace(one, source=None if one.source is None else self.project.sources[path])
            for path, one in self.opened.items()
        }
        gc.collect()

    def _parsed(self) -> int:
        """How many characters of source have their tree."""
        texts = (one.source for one in self.opened.values() if one.source is not None)
        return sum(len(text.text) for text in texts if "tree" in vars(text))

    def _judged(self, path: str, said: tuple[Finding, ...]) -> FileResult:
        from initlint.describe.build import describe  # as above

        self.project.trail.start()
        model = attempt(partial(describe, self.project, path, parts=self.kept is not None))
        if isinstance(model, Crash):
            if model.recursion:
                problem = Problem("nested too deeply to be understood", Span(1, 1, 1, 1))
                return FileResult(path, (*said, self._own(SYNTAX_ERROR, path, problem)))
            return FileResult(path, (*said, self._crashed("the description", path, model)), traces=(model.trace,))
        if self.kept is not None:
            self.kept[path] = model
        findings, traces = list(said), []
        for rule in self.rules:
            found = attempt(partial(_collect, rule, model))
            if isinstance(found, Crash):
                traces.append(found.trace)
                findings.append(self._crashed(f"rule {rule.code} ({rule.name})", path, found))
            else:
                findings.extend(found)
        return FileResult(
            path,
            tuple(dict.fromkeys(findings)),
            self.project.trail.paths() - {path},
            frozenset(model.dependencies) - {path},
            self.project.trail.names(),
            tuple(traces),
        )

    def _crashed(self, who: str, path: str, crash: Crash) -> Finding:
        span = crash.span or Span(1, 1, 1, 1)
        place = "here" if crash.span else "on this file"
        return self._own(RULE_CRASH, path, Problem(f"{who} crashed {place}: {crash.error}", span))

    def _own(self, code: str, path: str, problem: Problem) -> Finding:
        name, severity = self.names[code]
        return Finding(code, name, severity, path, problem.span, problem.message, cell=problem.cell)


def _held(opened: Opened, *, packed: bool) -> Opened:
    if packed and opened.source is not None:
        opened.source.pack()
    return opened


def _collect(rule: Rule, model: FileModel) -> tuple[Finding, ...]:
    found = tuple(rule.check(model))
    for one in found:
        if not isinstance(one, Finding):  # a pack's rule may be written without a type checker
            raise TypeError(f"it yields {one!r}, which is no Finding")
    return found
