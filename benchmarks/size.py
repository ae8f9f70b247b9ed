"""What a run costs against the number of files.

    python benchmarks/size.py FOLDER [--most 30000] > benchmarks/size.md

FOLDER holds the installed sources of a library. Copies of it under other names, in which each class and function at
the top of a file has a name of its own as well, make trees of 100, 300, 1,000, ... files. Each is linted cold and warm
with all cores. CPU time is that of the command and all its children; memory that of the largest process.
"""

from __future__ import annotations

import ast
import re
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from itertools import islice
from pathlib import Path

from speed import QUIET, Time, timed

SIZES = (100, 300, 1_000, 3_000, 10_000, 30_000)


def copies(folder: Path, into: Path, count: int) -> None:
    """Write `count` files: the library again and again, each time with other names."""
    sources = [(path, path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))]
    names = {node.name for _, text in sources for node in ast.parse(text).body if hasattr(node, "name")}
    word = re.compile(r"\b(" + "|".join(sorted(map(re.escape, {*names, folder.name}))) + r")\b")
    made = 0
    for turn in range(count):

        def own(match: re.Match[str], turn: int = turn) -> str:
            return f"{match[0]}_{turn}"

        for path, text in islice(sources, count - made):
            target = into / f"{folder.name}_{turn}" / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(word.sub(own, text), encoding="utf-8")
            made += 1
        if made >= count:
            return


def measured(folder: Path, count: int) -> tuple[Time, Time]:
    """Cold, then warm."""
    initlint = str(Path(sys.executable).with_name("initlint"))
    with tempfile.TemporaryDirectory() as scratch:
        tree, cache = Path(scratch, "tree"), Path(scratch, "cache")
        copies(folder, tree, count)
        command = (initlint, str(tree), *QUIET, "--cache-dir", str(cache))
        cold, warm = timed(*command), timed(*command)
        shutil.rmtree(tree)
    return cold, warm


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, default=SIZES[-1])
    options = parser.parse_args()
    print("# Cost against size\n\nMade by `python benchmarks/size.py FOLDER`; copies of", f"{options.folder.name}.\n")
    print(
        "| files | cold cpu s | cold wall s | cold cpu ms a file | largest process MB | warm wall s | warm ms a file |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    for count in (size for size in SIZES if size <= options.most):
        cold, warm = measured(options.folder, count)
        each = f"{1000 * cold.cpu / count:.1f}", f"{1000 * warm.wall / count:.2f}"
        memory = f"{cold.memory:.0f}"
        print(
            f"| {count:,} | {cold.cpu:.1f} | {cold.wall:.1f} | {each[0]} | {memory} | {warm.wall:.2f} | {each[1]} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
