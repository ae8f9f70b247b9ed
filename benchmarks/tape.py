"""Time, memory and coverage of the init tape.

    python benchmarks/tape.py                 # every model, one child process each, a Markdown table
    python benchmarks/tape.py --one gpt2      # one model, in this process, as JSON

Columns: `plain meta` is construction on the meta device without the tape, where libraries that look at the default
device skip their init; `plain real` is construction with memory. `closed form` is the share of parameters whose
distribution the tape gives without a number; `max z` compares the std of every real tensor with that distribution's.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent))

from tape_models import MODELS, REAL_LIMIT

from initlint.runtime.build import build_taped
from initlint.runtime.load import Recipe
from initlint.runtime.protocol import Target
from initlint.runtime.survey import holders, survey


def resident() -> float:
    """Megabytes in memory now."""
    with Path("/proc/self/statm").open() as stream:
        return int(stream.read().split()[1]) * resource.getpagesize() / 2**20


def measure(name: str) -> dict[str, Any]:
    """All numbers of one model, in this process."""
    build = MODELS[name]
    base = resident()
    with torch.device("meta"):
        build()  # imports the library
    imported = resident()
    began = time.perf_counter()
    with torch.device("meta"):
        build()
    plain_meta = time.perf_counter() - began
    began = time.perf_counter()
    built = build_taped(Target(name, "file", ""), Recipe(name, build), seed=0, cap=1 << 30)
    taped = time.perf_counter() - began
    after = resident()
    rows = [row for row in survey(built, None, sampled=False) if row.kind == "parameter"]
    total = sum(row.numel for row in rows)
    known = sum(row.numel for row in rows if row.std is not None)
    result: dict[str, Any] = {
        "model": name,
        "parameters": total,
        "tensors": len(rows),
        "method": built.method,
        "import_mb": imported - base,
        "tape_mb": after - imported,
        "plain_meta_s": plain_meta,
        "tape_s": taped,
        "tape_and_report_s": time.perf_counter() - began,
        "closed_form": known / total,
        "open": [row.name for row in rows if row.std is None][:4],
    }
    size = sum(item.tensor.numel() * item.tensor.element_size() for item in holders(built.model))
    if size < REAL_LIMIT:
        result |= compare_with_real(name, rows)
    return result


def compare_with_real(name: str, rows: list[Any]) -> dict[str, Any]:
    """Build it with memory, and hold every tensor against its closed form."""
    torch.manual_seed(0)
    before = resident()
    began = time.perf_counter()
    model = MODELS[name]()
    seconds = time.perf_counter() - began
    values = dict(model.named_parameters(remove_duplicate=False))
    worst = 0.0
    for row in rows:
        if row.std and row.form and row.form.family in {"normal", "uniform", "trunc_normal"} and not row.overlays:
            value = values[row.name].detach().double()
            if value.numel() > 100:
                shape = 3.0 if row.form.family != "uniform" else 1.8
                spread = ((shape - 1) / value.numel()) ** 0.5
                worst = max(worst, abs(float(value.var()) / row.std**2 - 1) / spread)
        elif row.std == 0:
            value = values[row.name].detach()
            worst = max(worst, 0.0 if bool((value == row.mean).all()) else float("inf"))
    return {"plain_real_s": seconds, "real_mb": resident() - before, "max_z": worst}


def main() -> None:
    """One model, or the table of all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--one")
    parser.add_argument("--only", nargs="*", default=list(MODELS))
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
        return
    print("| model | parameters | tensors | plain meta s | tape s | with report s | tape MB | import MB | closed form "
          "| plain real s | real MB | max z |")  # fmt: skip
    print("|---" * 12 + "|")
    for name in options.only:
        done = subprocess.run([sys.executable, __file__, "--one", name], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"| {name} | {done.stderr.strip().splitlines()[-1][:120]} |")
            continue
        row = json.loads(done.stdout.strip().splitlines()[-1])
        real = [f"{row[key]:.2f}" if key in row else "-" for key in ("plain_real_s", "real_mb", "max_z")]
        open_ones = f" ({', '.join(row['open'])})" if row["open"] else ""
        print(
            f"| {name} | {row['parameters']:,} | {row['tensors']:,} | {row['plain_meta_s']:.2f} | {row['tape_s']:.2f} "
            f"| {row['tape_and_report_s']:.2f} | {row['tape_mb']:.0f} | {row['import_mb']:.0f} "
            f"| {row['closed_form']:.4%}{open_ones} | {' | '.join(real)} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
