"""Known mistakes and known look-alikes in public repositories: which are found, and which raise a false alarm.

    python benchmarks/real_cases.py CASES TABLE [--only WORD] > benchmarks/real_cases.md
    python benchmarks/real_cases.py CASES benchmarks/real_cases_more.tsv > benchmarks/real_cases_more.md

    python benchmarks/real_cases.py CASES benchmarks/real_cases_third.tsv > benchmarks/real_cases_third.md

CASES holds checked-out repositories named `owner__name@commit8`; TABLE is a tab-separated list with the columns repo,
commit, path, line, label; a line of a notebook is written cell:line. A label `ok:*` is legitimate code: no error and no
warning may lie within the statement and three lines around it. Each other label names a mistake: one of its codes must
be reported there, at any severity. A column "before", where there is one, holds the result on the day on which the
cases were put together, before anything was mended for them. The column "why" comes from real_cases_reasons.tsv beside
this file (repo, path, line, text), written by hand.
"""

from __future__ import annotations

import ast
import csv
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from initlint import lint_paths
from initlint.config import Settings
from initlint.finding import Finding, Severity

AROUND = 3  # lines before and after the statement that still count as "there"
REASONS = Path(__file__).with_name("real_cases_reasons.tsv")
CODES = {
    "always-true-condition": ("INI609",),
    "both-factors-zero": ("INI104",),
    "branch-skips-weight": ("INI516",),
    "dead-init": ("INI509",),
    "deprecated-alias": ("INI604",),
    "doubled-forget-bias": ("INI703",),
    "fan-init-on-vector": ("INI601",),
    "fused-matrix-fan": ("INI404",),
    "helper-given-tensor": ("INI611",),
    "identical-clones": ("INI105",),
    "ignored-slope": ("INI205",),
    "incomplete-reset": ("INI517",),
    "init-after-weight-norm": ("INI506",),
    "init-never-called": ("INI501",),
    "init-on-module": ("INI610",),
    "init-on-none": ("INI607",),
    "init-skipped-by-flag": ("INI501", "INI503"),
    "isinstance-misses-parameter": ("INI503",),
    "kaiming-wrong-activation": ("INI204", "INI209"),
    "layers-after-init": ("INI502",),
    "mean-std-swap": ("INI304",),
    "meta-init-incomplete": ("INI513",),
    "no-layer-reached": ("INI503",),
    "non-identity-adapter": ("INI109",),
    "norm-weight-mean0": ("INI701",),
    "norm-weight-uniform01": ("INI701",),
    "padding-idx-none-zeroes-all": ("INI704",),
    "padding-idx-overwritten": ("INI504",),
    "parameter-then-to": ("INI512",),
    "positive-uniform": ("INI303",),
    "pretrained-overwritten": ("INI505",),
    "random-bias": ("INI702",),
    "same-module-repeated": ("INI106",),
    "special-init-overwritten": ("INI511",),
    "std-formula-wrong": ("INI301",),
    "tensor-for-parameter": ("INI606",),
    "tensor-truthiness": ("INI608",),
    "transposed-fan": ("INI401",),
    "uninit-parameter": ("INI103",),
    "unknown-init-function": ("INI603",),
    "unscaled-randn-weight": ("INI302",),
    "wrong-fan-manual": ("INI405", "INI301", "INI305"),
    "wrong-fan-nonstandard-layout": ("INI401", "INI405"),
    "zero-hidden-weight": ("INI101", "INI104"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled line."""

    repo: str
    commit: str
    path: str
    place: str
    label: str
    before: str = ""

    @property
    def line(self) -> int:
        """The line, in a notebook inside its cell."""
        return int(self.place.rpartition(":")[2])

    @property
    def cell(self) -> int | None:
        """The cell of a notebook, counted from 1."""
        cell = self.place.rpartition(":")[0]
        return int(cell) if cell else None

    @property
    def folder(self) -> str:
        """The name of the checked-out repository."""
        return f"{self.repo.replace('/', '__')}@{self.commit[:8]}"

    @property
    def is_fine(self) -> bool:
        """Whether it is legitimate code."""
        return self.label.startswith("ok:")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a case: found, missed, silent or false; `codes` are those reported near the line."""

    case: Case
    result: str
    codes: tuple[str, ...]


def read(table: Path, only: str) -> list[Case]:
    """The cases of a table, those of one repository together."""
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    columns = ("repo", "commit", "path", "line", "label")
    cases = [Case(*(row[column] for column in columns), before=row.get("before") or "") for row in rows]
    return sorted((case for case in cases if only in f"{case.repo} {case.label}"), key=lambda case: case.folder)


def judge(cases: Iterable[Case], root: Path) -> Iterator[Verdict]:
    """Lint each repository once, as a whole, with every rule."""
    settings = Settings(min_severity=Severity.INFO, cache=False, exclude=(".git",), respect_gitignore=False)
    for folder, group in groupby(cases, key=lambda case: case.folder):
        findings = lint_paths([str(root / folder)], settings)
        for case in group:
            yield verdict(case, root / folder / case.path, findings)


def verdict(case: Case, file: Path, findings: Sequence[Finding]) -> Verdict:
    """Hold the findings against one case."""
    first, last = extent(file, case.line) if case.cell is None else (case.line, case.line)
    near = [
        one
        for one in findings
        if Path(one.path).resolve() == file.resolve()
        and one.cell == case.cell
        and one.span.line <= last + AROUND
        and one.span.end_line >= first - AROUND
    ]
    codes = tuple(sorted({f"{one.code} {one.severity.value}" for one in near}))
    if case.is_fine:
        return Verdict(case, "false" if any(one.severity is not Severity.INFO for one in near) else "silent", codes)
    return Verdict(case, "found" if any(one.code in CODES[case.label] for one in near) else "missed", codes)


def extent(file: Path, line: int) -> tuple[int, int]:
    """The first and last line of the simple statement, or of the head of the compound one, that holds the line."""
    best = (line, line)
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (last := _end(node)):
            best = max(best, (node.lineno, last), key=lambda span: span[1] - span[0])
    return best


def _end(node: ast.stmt) -> int:
    body = getattr(node, "body", None)
    return max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno


def reasons() -> dict[tuple[str, str, str], str]:
    """What a person found out about a case: (repo, path, line) -> text."""
    if not REASONS.exists():
        return {}
    with REASONS.open(encoding="utf-8", newline="") as lines:
        return {(row["repo"], row["path"], row["line"]): row["why"] for row in csv.DictReader(lines, delimiter="\t")}


def render(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """The table as Markdown."""
    why = reasons()
    count = Counter(one.result for one in verdicts)
    yield "# Real cases\n"
    yield "Made by `python benchmarks/real_cases.py CASES TABLE`: each repository is linted whole, with every rule.\n"
    yield f"Mistakes: {count['found']} found, {count['missed']} missed. "
    yield f"Legitimate code: {count['silent']} silent, {count['false']} false alarms.\n"
    first = Counter(one.case.before for one in verdicts if one.case.before)
    if first:
        yield f"Before anything was mended for them: {first['found']} mistakes found, {first['missed']} missed; "
        yield f"legitimate code: {first['silent']} silent, {first['false']} false alarms.\n"
    extra = (" before |", "---|") if first else ("", "")
    yield f"| repository | place | label |{extra[0]} result | codes there | why |"
    yield f"|---|---|---|{extra[1]}---|---|---|"
    for one in sorted(verdicts, key=lambda one: (one.case.is_fine, one.case.label, one.case.repo, one.case.line)):
        case = one.case
        place = f"{case.path}:{case.place}"
        note = why.get((case.repo, case.path, case.place), "")
        before = f" {case.before} |" if first else ""
        yield f"| {case.repo} | {place} | {case.label} |{before} {one.result} | {', '.join(one.codes)} | {note} |"


def main() -> None:
    """Read the table, lint, print."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--only", default="", help="a part of a repository's name or of a label")
    given = parser.parse_args()
    verdicts = []
    for one in judge(read(given.table, given.only), given.cases):
        verdicts.append(one)
        print(one.result, one.case.label, one.case.folder, one.case.path, one.case.line, *one.codes, file=sys.stderr)
    print("\n".join(render(verdicts)))


if __name__ == "__main__":
    main()
