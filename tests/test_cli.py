"""Where every failure ends, and what starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

import initlint
from initlint import cli
from initlint.errors import UsageError
from tests.commands.invoke import run
from tests.line_rules import put

COMMAND = [sys.executable, "-m", "initlint"]


def test_the_version_is_told() -> None:
    """The package's own."""
    assert f"initlint, version {initlint.__version__}\n" == run("--version").out


def test_help_lists_every_command() -> None:
    """In the words of the commands themselves, where they can be imported."""
    text = run("--help").out
    group = cli.initlint
    for name, (place, summary) in cli._COMMANDS.items():
        assert f"  {name} " in text
        if find_spec(place.partition(":")[0]) is not None:
            assert group.get_command(None, name) is not None  # type: ignore[arg-type]
            assert summary.endswith(".")


def test_bare_lint_options_mean_lint(here: Path) -> None:
    """`initlint --show-files` needs no command."""
    put(here, a="x = 1\n")

    assert "a.py\n" == run("--show-files").out


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (UsageError("do this\x1b"), 2, "error: do this\\x1b\n"),
        (KeyboardInterrupt(), 130, "\ninterrupted\n"),
        (ZeroDivisionError("oh"), 3, "error: internal error: ZeroDivisionError: oh\nPlease report it at https://"),
    ],
)
def test_every_failure_has_its_status(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, message: str
) -> None:
    """And no traceback, unless it is asked for."""

    def fail(*args: object, **options: object) -> None:
        raise error

    monkeypatch.setattr("initlint.packs.load", fail)
    done = run("rule")

    assert (status, True) == (done.status, done.err.startswith(message))
    assert "Traceback" not in done.err


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the versions that a report needs, wherever the option stands."""

    def fail() -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("initlint.packs.load", fail)
    for args in (["--debug", "rule"], ["rule", "--debug"]):
        done = run(*args)
        assert "in fail" in done.err
        assert f"initlint {initlint.__version__}, Python 3." in done.err


def test_a_reader_that_has_seen_enough_is_no_error(here: Path) -> None:
    """`initlint | head`."""
    put(here, **{f"broken{number}": "def f(:\n" for number in range(2000)})
    piped = subprocess.Popen(COMMAND, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert piped.stdout is not None
    assert piped.stderr is not None
    piped.stdout.readline()
    piped.stdout.close()

    assert b"" == piped.stderr.read()
    piped.stderr.close()
    assert piped.wait() in (0, 1)


PATIENT = '''"""A rule that says that it was asked, and then takes its time."""

import time
from pathlib import Path

from initlint.finding import Severity
from initlint.rule import Rule


class Patient(Rule):
    """Waits.

    ## What it does
    Waits for a minute.

    ## Why is this bad?
    It is what the test wants.
    """

    code = "ZZZ901"
    name = "patient"
    severity = Severity.ERROR

    def check(self, file):
        Path("asked").touch()
        time.sleep(60)
        yield from ()
'''


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_ends_the_run(here: Path, tmp_path_factory: pytest.TempPathFactory, jobs: str) -> None:
    """Status 130, one word, no traceback, no process left behind."""
    put(here, **{f"net{number}": f"from torch import nn\nlayer = nn.Linear({number}, 2)\n" for number in range(200)})
    started = subprocess.Popen(
        [*COMMAND, "--no-cache", "--select", "ZZZ", "--jobs", jobs],
        cwd=here, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(_pack(tmp_path_factory.mktemp("pack")))},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )  # fmt: skip
    while not (here / "asked").exists():
        assert started.poll() is None
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGINT)
    _, error = started.communicate(timeout=30)

    assert (130, "interrupted") == (started.returncode, error.strip())
    with pytest.raises(ProcessLookupError):
        os.killpg(started.pid, 0)


def _pack(folder: Path) -> Path:
    """An installed rule pack with the patient rule."""
    (folder / "zzz901_patient.py").write_text(PATIENT)
    (folder / "patient-1.dist-info").mkdir()
    (folder / "patient-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: patient\nVersion: 1\n")
    (folder / "patient-1.dist-info" / "entry_points.txt").write_text("[initlint.rules]\npatient = zzz901_patient\n")
    return folder


def test_python_m_initlint_is_initlint() -> None:
    """The same program."""
    done = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, check=True)

    assert initlint.__version__ in done.stdout
