"""Short training runs under each scheme."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torch import Tensor, nn

from initlint.errors import UsageError, WorkerError
from initlint.runtime.experiment import SCHEMES, Plan, run
from initlint.runtime.experiment_command import experiment
from initlint.runtime.experiment_task import given, synthetic
from initlint.runtime.inputs import find_example
from initlint.runtime.redraw import SEVEN, redraw, weights
from tests.runtime.networks import Tagger, encoder, generator, plain, resnet
from tests.runtime.targets import ROOT, SPECS, initlint

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Small models gain nothing from threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


STD = {
    "normal": 0.01,
    "xavier_normal": (2 / (400 + 300)) ** 0.5,
    "kaiming_normal": (2 / 400) ** 0.5,
    "lecun_normal": (1 / 400) ** 0.5,
    "variance_scaling": (2 / 350) ** 0.5,
    "orthogonal": (1 / 400) ** 0.5,
    "zeros": 0.0,
}


@pytest.mark.parametrize("scheme", SEVEN)
def test_redraw_has_the_schemes_std(scheme: str) -> None:
    """A Linear(400, 300) gets the std of the article's formula."""
    layer = nn.Linear(400, 300)
    redraw(nn.Sequential(layer), scheme)

    assert float(layer.weight.detach().std()) == pytest.approx(STD[scheme], rel=0.02)


def test_redraw_leaves_biases_norms_and_tables() -> None:
    """Only weights of linear maps are drawn; one shared with a table is the table's."""

    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.norm, self.fc = nn.Embedding(9, 4), nn.LayerNorm(4), nn.Linear(4, 4)
            self.head = nn.Linear(4, 9, bias=False)
            self.head.weight = self.embed.weight

    model = Shared()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    redraw(model, "zeros")
    changed = [name for name, value in model.state_dict().items() if not torch.equal(value, before[name])]

    assert changed == ["fc.weight"]


def test_recurrent_gates_are_drawn_one_by_one() -> None:
    """Orthogonal per gate: each quarter of an LSTM's matrix is orthogonal."""
    lstm = nn.LSTM(6, 8)
    redraw(nn.ModuleList([lstm]), "orthogonal")
    gates = lstm.weight_hh_l0.detach().chunk(4)

    assert [weight.parts for weight in weights(nn.ModuleList([lstm]))] == [4, 4]
    assert all(torch.allclose(gate @ gate.T, torch.eye(8), atol=1e-5) for gate in gates)


@pytest.mark.parametrize("build", [plain(None, depth=2), Tagger, resnet, generator, encoder])
def test_every_kind_of_model_gets_a_task(build: type[nn.Module]) -> None:
    """Vectors, tokens, images, generated images, sequences: a step of training runs on each."""
    model = build()
    task = synthetic(model, find_example(model, None))
    found = run("net", build, task, Plan(steps=2, seeds=1, schemes=("as it is", "recommended")))

    assert [len(one.curves[0].loss) for one in found.runs] == [2, 2]


def test_task_is_learnable_and_he_beats_a_poor_start() -> None:
    """He learns what weights from N(0, 0.02²) do not, and both saw the same data."""
    build = plain(lambda weight: nn.init.normal_(weight, 0, 0.02), depth=8)
    model = build()
    plan = Plan(steps=60, schemes=("as it is", "recommended"))
    found = run("net", build, synthetic(model, find_example(model, None)), plan)
    slow = found.slow_start

    assert slow is not None
    assert slow.ratio < 0.8
    assert found.best.scheme == "recommended"


def test_runs_are_repeatable() -> None:
    """One seed, one curve."""
    build = plain(None, depth=2)
    model = build()
    task = synthetic(model, find_example(model, None))
    plan = Plan(steps=5, seeds=1, schemes=("as it is",))

    assert run("net", build, task, plan).runs == run("net", build, task, plan).runs


def test_divergence_ends_a_run() -> None:
    """A run that is lost stops, and says so."""
    build = plain(lambda weight: nn.init.normal_(weight, 0, 1.0), depth=8)
    model = build()
    plan = Plan(steps=20, seeds=1, rate=1.0, schemes=("as it is",))
    curve = run("net", build, synthetic(model, find_example(model, None)), plan).runs[0].curves[0]

    assert curve.diverged
    assert len(curve.loss) < 20


def test_given_data() -> None:
    """The user's pairs: integer targets are classes, floats are values."""

    def cubes() -> list[tuple[Tensor, Tensor]]:
        return [(torch.randn(8, 3), torch.randn(8, 1)) for _ in range(3)]

    task = given(cubes(), "data:cubes")
    found = run("net", lambda: nn.Linear(3, 1), task, Plan(steps=3, seeds=1, schemes=("as it is",)))

    assert found.task == "data of data:cubes"
    assert len(found.runs[0].curves[0].loss) == 3
    with pytest.raises(UsageError, match="it must return \\(inputs, targets\\)"):
        given([1, 2], "data:numbers")


def test_command_writes_table_page_and_image(tmp_path: Path) -> None:
    """The whole way: a child trains, and the parent writes what it says."""
    html, png = tmp_path / "plot.html", tmp_path / "plot.png"
    target = f"{SPECS / 'vanishing_gradient.py'}:Deep"
    arguments = [target, "--steps", "25", "--seeds", "2", "--html", str(html), "--png", str(png), "-e"]
    result = CliRunner().invoke(experiment, arguments, catch_exceptions=False)

    assert result.exit_code == 0
    assert all(scheme in result.output for scheme in SCHEMES)
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert png.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png.read_bytes()[16:24]) == (1400, 620)


def test_command_prints_json(tmp_path: Path) -> None:
    """Machine-readable, and only that on stdout."""
    target = f"{SPECS / 'slow_convergence.py'}:Deep"
    arguments = [target, "--steps", "2", "--seeds", "1", "--scheme", "kaiming_normal", "--output-format", "json"]
    result = CliRunner().invoke(experiment, arguments, catch_exceptions=False)
    found = json.loads(result.output)

    assert found["version"] == 1
    assert [one["scheme"] for one in found["experiment"]["runs"]] == ["as it is", "kaiming_normal"]


_SLOW = ("--seconds", "10", "--scheme", "recommended")


def _experiment(*arguments: str, cwd: Path = ROOT) -> tuple[int, str]:
    done = initlint("experiment", *arguments, cwd=cwd)
    return done.returncode, done.stdout


def test_a_slow_start_is_a_finding() -> None:
    """INI810 sits on the init that the recommended schemes change, in the JSON and with status 1."""
    status, text = _experiment("fixtures/specs/slow_convergence.py:Deep", *_SLOW, "--output-format", "json")
    found = json.loads(text)["findings"]

    assert (1, [("INI810", "fixtures/specs/slow_convergence.py", 18, "Deep.layers.0", "runtime", "info")]) == (
        status,
        [tuple(one[key] for key in ("code", "path", "line", "layer", "evidence", "severity")) for one in found],
    )


def test_the_cured_twin_starts_fast() -> None:
    """The model that already has the recommended scheme is left in peace, with status 0."""
    status, text = _experiment("fixtures/specs/slow_convergence_cured.py:Deep", *_SLOW, "--output-format", "concise")

    assert (0, False) == (status, "INI810" in text)


def test_a_slow_start_may_be_ignored(tmp_path: Path) -> None:
    """An ignore comment on the line silences it."""
    text = (SPECS / "slow_convergence.py").read_text()
    assert text.count("xavier_normal_(layer.weight)") == 1
    (tmp_path / "net.py").write_text(
        text.replace("xavier_normal_(layer.weight)", "xavier_normal_(layer.weight)  # initlint: ignore[INI810]")
    )

    assert (0, False) == (lambda status, out: (status, "INI810" in out))(
        *_experiment("net.py:Deep", *_SLOW, "--output-format", "concise", cwd=tmp_path)
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise RuntimeError('no luck')", "net.py:build"),
        ("import os; os._exit(7)", "the training process ended with status 7"),
        ("return 3", "returned an int, not a torch.nn.Module"),
    ],
)
def test_failures_are_told(tmp_path: Path, body: str, message: str) -> None:
    """A model that cannot be built, or that ends the process, is one clear message."""
    (tmp_path / "net.py").write_text(f"def build():\n    {body}\n", encoding="utf-8")

    with pytest.raises(WorkerError) as caught:
        CliRunner().invoke(experiment, [f"{tmp_path / 'net.py'}:build"], catch_exceptions=False)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scheme", "magic"], "--scheme 'magic': no such scheme"),
        (["--input-shape", "8,x"], "--input-shape '8,x' is not of the form 8,3,32,32"),
    ],
)
def test_bad_options_are_told(options: list[str], message: str) -> None:
    """Wrong options are told before anything is started."""
    with pytest.raises(UsageError) as caught:
        CliRunner().invoke(experiment, [f"{SPECS / 'slow_convergence.py'}:Deep", *options], catch_exceptions=False)

    assert message in str(caught.value)
