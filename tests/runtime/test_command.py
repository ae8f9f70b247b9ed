"""The command as users run it: targets, formats, selection, exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.runtime.targets import BAD, SPECS, initlint, runtime, runtime_json

pytestmark = pytest.mark.torch
NET = SPECS / "runtime_net.py"


def test_findings_exit_with_1() -> None:
    """A model with a mistake gives status 1, and the finding stands on the user's line."""
    done = runtime("--output-format", "concise", f"{NET}:Net")

    assert 1 == done.returncode
    assert done.stdout.startswith("fixtures/specs/runtime_net.py:14:9: INI304")


def test_clean_exits_with_0() -> None:
    """A fine model gives status 0."""
    assert 0 == runtime(f"{BAD}:builds_fine").returncode


def test_exit_zero() -> None:
    """--exit-zero gives 0 in spite of findings."""
    assert 0 == runtime("--exit-zero", f"{NET}:Net").returncode


def test_ignore_and_select() -> None:
    """Rules are chosen as for lint."""
    assert 0 == runtime("--ignore", "INI304", f"{NET}:Net").returncode
    assert 0 == runtime("--select", "INI1", f"{NET}:Net").returncode


def test_table() -> None:
    """The terminal shows the weights, what was measured, and what is asked for."""
    text = runtime(f"{NET}:Net").stdout

    assert "fc2.weight" in text
    assert "64x64" in text
    assert "kaiming" in text
    assert "seed 0" in text


@pytest.mark.parametrize("name", ["text", "concise", "sarif", "github", "gitlab", "junit"])
def test_formats(name: str) -> None:
    """Every reporter takes the runtime's findings."""
    assert "INI304" in runtime("--output-format", name, f"{NET}:Net").stdout


def test_html(tmp_path: Path) -> None:
    """The HTML report is one file that speaks of the model and its finding."""
    page = tmp_path / "report.html"
    runtime("--output-format", "html", "-o", str(page), f"{NET}:Net")
    text = page.read_text(encoding="utf-8")

    assert text.lstrip().lower().startswith("<!doctype html")
    assert "INI304" in text
    assert "fc2.weight" in text


def test_json() -> None:
    """The documented keys: history with lines, analytic and measured std, scheme, what is asked for, the ratio."""
    report = runtime_json(f"{NET}:Net")
    row = next(row for row in report["parameters"] if row["name"] == "fc2.weight")

    assert (1, ["INI304"], ["runtime"]) == (
        report["version"],
        [finding["code"] for finding in report["findings"]],
        [finding["evidence"] for finding in report["findings"]],
    )
    assert [None, None, 14] == [event["line"] if event["scheme"] == "normal" else None for event in row["history"]]
    assert (0.02, 1.0, [64, 64], 4096, "normal", "kaiming_normal") == (
        row["mean"],
        row["std"],
        row["shape"],
        row["elements"],
        row["scheme"],
        row["suggested"],
    )
    assert (pytest.approx(1.0, abs=0.1), pytest.approx(5.657, abs=1e-3)) == (row["measured"]["std"], row["ratio"])


def test_same_seed_same_report() -> None:
    """Seeds are fixed: two runs measure the same numbers."""
    first, second = (runtime_json("--no-forward", f"{NET}:Net")["parameters"] for _ in range(2))

    assert first == second


def test_function_and_arguments() -> None:
    """A function that returns a model, and arguments for a class."""
    assert 2 == len(runtime_json(f"{BAD}:builds_fine")["parameters"])
    assert [16, 32] == runtime_json("--kwargs", '{"hidden": 16}', f"{NET}:Net")["parameters"][0]["shape"]


def test_module_target(tmp_path: Path) -> None:
    """A module of the current folder is found by its dotted name, relative imports and all."""
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "layer.py").write_text("from torch import nn\nLayer = nn.Linear\n")
    (package / "net.py").write_text("from .layer import Layer\n\n\ndef build():\n    return Layer(2, 3)\n")

    assert [3, 2] == runtime_json("pkg.net:build", cwd=tmp_path)["parameters"][0]["shape"]
    assert [3, 2] == runtime_json("pkg/net.py:build", cwd=tmp_path)["parameters"][0]["shape"]


def test_folder() -> None:
    """A folder's buildable classes are examined; the others are told with the reason, and fail nothing."""
    done = runtime("--exit-zero", str(SPECS / "folder"))

    assert 0 == done.returncode
    assert "Ready" in done.stdout
    assert "needs an argument: width" in done.stderr
    assert "Config is no torch module" in done.stderr
    assert "raises ValueError: never" in done.stderr


def test_config_without_download(tmp_path: Path) -> None:
    """hf: builds from a local configuration, and transformers' own init is on the tape, not torch's default."""
    pytest.importorskip("transformers")
    config = {
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_layer": 3, "n_embd": 32, "n_head": 2,
        "vocab_size": 97, "n_positions": 16,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    report = runtime_json("--no-forward", f"hf:{tmp_path}/config.json")
    rows = {row["name"]: row for row in report["parameters"]}
    projection = rows["transformer.h.0.attn.c_proj.weight"]

    assert "meta" == report["models"][0]["method"]
    assert [0.02, 0.02, pytest.approx(0.02 / 6**0.5)] == [
        event["std"] for event in projection["history"] if event["scheme"] == "normal"
    ]
    assert ["lm_head.weight"] == rows["transformer.wte.weight"]["tied"]


def test_configured_targets(tmp_path: Path) -> None:
    """Without a target, those of the configuration run, counted from its folder."""
    (tmp_path / "pyproject.toml").write_text(
        '[[tool.initlint.runtime.targets]]\ntarget = "net.py:Net"\nkwargs = {wide = 5}\n'
    )
    (tmp_path / "net.py").write_text("from torch import nn\n\n\ndef Net(wide):\n    return nn.Linear(wide, 2)\n")
    below = tmp_path / "below"
    below.mkdir()

    for folder in (tmp_path, below):
        report = json.loads(initlint("runtime", "--output-format", "json", cwd=folder).stdout)
        assert [2, 5] == report["parameters"][0]["shape"]


def test_configured_nonsense(tmp_path: Path) -> None:
    """An unknown key of a target is told with the allowed ones."""
    (tmp_path / "pyproject.toml").write_text('[[tool.initlint.runtime.targets]]\ntarget = "a.py:B"\nwide = 5\n')
    done = initlint("runtime", cwd=tmp_path)

    assert (2, True) == (done.returncode, "unknown key 'wide'; allowed are target, args" in done.stderr)


def test_configured_module_of_the_project(tmp_path: Path) -> None:
    """A module is found from the configuration's folder, wherever in the project the command runs."""
    (tmp_path / "pyproject.toml").write_text(
        '[[tool.initlint.runtime.targets]]\ntarget = "pack.net:Net"\ninput = "pack/data.py:batch"\n'
    )
    below = tmp_path / "pack"
    below.mkdir()
    (below / "net.py").write_text("from torch import nn\n\n\ndef Net():\n    return nn.Linear(5, 2)\n")
    (below / "data.py").write_text("import torch\n\n\ndef batch():\n    return torch.randn(3, 5)\n")

    report = json.loads(initlint("runtime", "--output-format", "json", cwd=below).stdout)
    assert "given input" == report["models"][0]["propagation"]["inputs"]


def test_suppression(tmp_path: Path) -> None:
    """An ignore comment silences the runtime's finding too."""
    (tmp_path / "net.py").write_text(
        NET.read_text().replace("self.fc2.weight, 0.02)", "self.fc2.weight, 0.02)  # initlint: ignore[INI304]")
    )

    assert 0 == runtime("net.py:Net", cwd=tmp_path).returncode


def test_quiet() -> None:
    """--quiet prints the findings, and no table."""
    assert "64x64" not in runtime("--quiet", f"{NET}:Net").stdout


def test_nothing_is_said_with_certainty_of_the_unbuilt() -> None:
    """Too large for the memory limit: the tape speaks, the numbers are left out, and a note says so."""
    report = runtime_json("--memory-limit", "600M", "--kwargs", '{"hidden": 7000}', f"{NET}:Net")

    assert "and the memory limit is 600 MB" in report["models"][0]["notes"][0]
    assert [None] * 6 == [row["measured"] for row in report["parameters"]]
