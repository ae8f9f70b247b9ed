"""How long a run takes, as ratios on one machine in one run.

    python benchmarks/speed.py FOLDER [FOLDER ...] --flake8 BIN [--small FOLDER --kin BIN] > benchmarks/speed.md

FOLDERs hold the installed sources of libraries. `--flake8` is the bin folder of an environment with flake8 and
flake8-bugbear, `--kin` that of another with TorchFix (a plug-in that flake8 would run too) and fixit; `--small` is what
these two are timed on, beside initlint. ruff and initlint come from this environment. CPU time
is that of a command and all its children, as the operating system counts it.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from compileall import compile_dir
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

PARSE = """
import ast, pathlib, sys
for folder in sys.argv[1:]:
    for path in pathlib.Path(folder).rglob("*.py"):
        ast.parse(path.read_bytes())
"""
QUIET = ("--isolated", "--exit-zero", "--output-format", "concise")


@dataclass(frozen=True)
class Time:
    """Seconds of one command, and its largest process in MB."""

    wall: float
    cpu: float
    memory: float


def timed(*command: str) -> Time:
    """Run a command to its end, its output thrown away."""
    start = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    return Time(perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def best(times: int, *command: str) -> Time:
    """The quickest of several runs, by CPU time."""
    return min((timed(*command) for _ in range(times)), key=lambda one: one.cpu)


def row(name: str, time: Time, base: Time, other: str) -> str:
    return (
        f"| {name} | {time.wall:.2f} | {time.cpu:.2f} | {time.memory:.0f} | {time.cpu / base.cpu:.1f} x {other} "
        f"(wall {time.wall / base.wall:.1f} x) |"
    )


def compiled() -> None:
    """Make the bytecode of initlint's own modules, as an installer does: the other tools have theirs."""
    for name in ("initlint", "initlint_rules"):
        spec = find_spec(name)
        for folder in (spec and spec.submodule_search_locations) or ():
            compile_dir(folder, quiet=2)


def table(title: str, rows: list[str]) -> None:
    print(f"\n## {title}\n\n| command | wall s | cpu s | MB | ratio |\n|---|---|---|---|---|")
    print("\n".join(rows), flush=True)


def whole(folder: str, tools: Path | None) -> None:
    """One library, cold and warm."""
    initlint = str(Path(sys.executable).with_name("initlint"))
    ruff = str(Path(sys.executable).with_name("ruff"))
    parse = best(3, sys.executable, "-c", PARSE, folder)
    rows = [row("ast.parse of every file", parse, parse, "itself")]
    rows.append(
        row(
            "initlint, cold, one process",
            timed(initlint, folder, *QUIET, "--no-cache", "--jobs", "1"),
            parse,
            "ast.parse",
        )
    )
    rows.append(row("initlint, cold, all cores", timed(initlint, folder, *QUIET, "--no-cache"), parse, "ast.parse"))
    with tempfile.TemporaryDirectory() as cache:
        keep = ("--cache-dir", cache)
        timed(initlint, folder, *QUIET, *keep)
        warm = best(3, initlint, folder, *QUIET, *keep)
    check = best(3, ruff, "check", "--no-cache", "--isolated", "--exit-zero", folder)
    rows += [row("initlint, warm", warm, check, "ruff"), row("ruff check --no-cache", check, check, "itself")]
    if tools is not None:
        flake8 = timed(str(tools / "flake8"), "--isolated", "--exit-zero", "--select", "B", folder)
        rows.append(row("flake8 with bugbear, all cores", flake8, parse, "ast.parse"))
    table(f"{Path(folder).name}", rows)


def small(folder: str, tools: Path) -> None:
    """The tools of our own kind, which take minutes on more."""
    initlint = str(Path(sys.executable).with_name("initlint"))
    cold = timed(initlint, folder, *QUIET, "--no-cache", "--jobs", "1")
    rows = [row("initlint, cold, one process", cold, cold, "itself")]
    rows.append(row("TorchFix", timed(str(tools / "torchfix"), "--select", "ALL", folder), cold, "initlint"))
    with tempfile.TemporaryDirectory() as copy:  # it looks for a configuration upwards
        shutil.copytree(folder, Path(copy, "code"))
        rows.append(row("fixit lint", timed(str(tools / "fixit"), "lint", str(Path(copy, "code"))), cold, "initlint"))
    table(f"{Path(folder).name}, tools of our own kind", rows)


def start_up() -> None:
    """What a run costs before there is anything to do."""
    initlint = str(Path(sys.executable).with_name("initlint"))
    bare = best(9, sys.executable, "-c", "pass")
    table(
        "Start-up",
        [
            row("python -c pass", bare, bare, "itself"),
            row("initlint --version", best(9, initlint, "--version"), bare, "bare Python"),
        ],
    )


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--flake8", type=Path)
    parser.add_argument("--kin", type=Path)
    parser.add_argument("--small")
    options = parser.parse_args()
    files = [path for folder in options.folders for path in Path(folder).rglob("*.py")]
    size = sum(path.stat().st_size for path in files) / 1e6
    print("# Speed\n\nMade by `python benchmarks/speed.py FOLDERS --flake8 BIN --small FOLDER --kin BIN`.\n")
    print(f"{', '.join(Path(one).name for one in options.folders)}: {len(files)} files, {size:.0f} MB.", end=" ")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores.")
    compiled()
    start_up()
    for folder in options.folders:
        whole(folder, options.flake8)
    if options.small and options.kin:
        small(options.small, options.kin)


if __name__ == "__main__":
    main()
