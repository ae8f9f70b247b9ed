"""INI811 across processes: two ranks under gloo that draw the same shards, and two that do not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime.targets import ROOT

pytestmark = pytest.mark.torch
_LIMIT = 150  # seconds, for both ranks

_RANK = """\
import functools, sys
from datetime import timedelta

import torch
from torch import distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

from initlint import check_model
from initlint.errors import TargetError
from initlint.runtime import check

store, rank, case = sys.argv[1], int(sys.argv[2]), sys.argv[3]
distributed.init_process_group(
    "gloo", init_method=f"file://{store}", rank=rank, world_size=2, timeout=timedelta(seconds=100)
)
mesh = init_device_mesh("cpu", (2,))
model = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 8))
parallelize_module(model, mesh, {"0": ColwiseParallel(), "2": RowwiseParallel()})
torch.manual_seed(rank if case == "apart" else 0)
for layer in (model[0], model[2]):
    nn.init.kaiming_normal_(layer.weight)
    nn.init.zeros_(layer.bias)
check.all_there = functools.partial(check.all_there, 0.1 if case == "alone" else 100.0)
try:
    if case != "alone" or rank == 0:
        report = check_model(model)
        print(*sorted(report.codes), *report.model.notes, sep="|")
except TargetError as error:
    print(error)
distributed.barrier()
"""


def _ranks(folder: Path, case: str) -> list[str]:
    """What each rank prints; none is left behind."""
    script = folder / "rank.py"
    script.write_text(_RANK)
    ranks = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", str(script), str(folder / "store"), str(rank), case],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )
        for rank in range(2)
    ]  # fmt: skip
    try:
        told = [rank.communicate(timeout=_LIMIT) for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
    assert [0, 0] == [rank.returncode for rank in ranks], told
    return [out.strip() for out, _ in told]


_NOTE = "4 tensors are spread over processes: their signal was not followed"


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("same", [f"INI811|{_NOTE}"] * 2),
        ("apart", [_NOTE] * 2),
        ("alone", ["Sequential is spread over processes: check_model has to be called on every rank", ""]),
    ],
)
def test_two_ranks(case: str, said: list[str], tmp_path: Path) -> None:
    """Shards drawn with one seed are found on every rank; a rank that checks alone is told, and does not hang."""
    assert said == _ranks(tmp_path, case)
