"""What a run costs against the number of files.

    python benchmarks/size.py FOLDER [--most 30000] --plot benchmarks/size.svg > benchmarks/size.md

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

from speed import QUIET, Time, compiled, timed

SIZES = (100, 300, 1_000, 3_000, 10_000, 30_000)


def copies(folder: Path, into: Path, count: int) -> None:
    """Write `count` files: the library again and again, each time with other names."""
    sources = [(path, path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))]
    names = {node.name for _, text in sources for node in ast.parse(text).body if hasattr(node, "name")}
    names.add(folder.name)
    word = re.compile(r"\w+")
    made = 0
    for turn in range(count):

        def own(match: re.Match[str], turn: int = turn) -> str:
            return f"{match[0]}_{turn}" if match[0] in names else match[0]

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


def draw(rows: list[tuple[int, Time, Time]], target: Path) -> None:
    """Seconds against files, both on logarithmic scales: what is linear is a line of slope one, drawn dotted."""
    from matplotlib import pyplot

    pyplot.rcParams["svg.hashsalt"] = "size"  # the same numbers make the same file
    counts = [count for count, _, _ in rows]
    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    for label, seconds in {
        "cold, CPU": [cold.cpu for _, cold, _ in rows],
        "cold, wall": [cold.wall for _, cold, _ in rows],
        "warm, wall": [warm.wall for _, _, warm in rows],
    }.items():
        (line,) = axes.loglog(counts, seconds, marker="o", label=label)
        slope = [seconds[-1] * count / counts[-1] for count in counts]
        axes.loglog(counts, slope, linestyle=":", linewidth=1, color=line.get_color())
    axes.set(xlabel="files", ylabel="seconds", xticks=counts, xticklabels=[f"{count:,}" for count in counts])
    axes.minorticks_off()
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(target, metadata={"Date": None})


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--plot", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, default=SIZES[-1])
    options = parser.parse_args()
    print(
        "# Cost against size\n\nMade by `python benchmarks/size.py FOLDER --plot benchmarks/size.svg`; copies of",
        f"{options.folder.name}.\n",
    )
    print(
        "| files | cold cpu s | cold wall s | cold cpu ms a file | largest process MB | warm wall s | warm ms a file |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    compiled()
    rows = []
    for count in (size for size in SIZES if size <= options.most):
        cold, warm = measured(options.folder, count)
        rows.append((count, cold, warm))
        each = f"{1000 * cold.cpu / count:.1f}", f"{1000 * warm.wall / count:.2f}"
        memory = f"{cold.memory:.0f}"
        print(
            f"| {count:,} | {cold.cpu:.1f} | {cold.wall:.1f} | {each[0]} | {memory} | {warm.wall:.2f} | {each[1]} |",
            flush=True,
        )
    if options.plot:
        draw(rows, options.plot)
        print(f"\n![seconds against files]({options.plot.name})")


if __name__ == "__main__":
    main()
