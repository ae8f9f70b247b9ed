"""What cannot be built is told in one clear message, with exit status 2, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runtime.targets import BAD, ROOT, SPECS, runtime, runtime_json

pytestmark = pytest.mark.torch

CASES = {
    "no such file": (("nowhere/net.py:Net",), "there is no file nowhere/net.py"),
    "no such module": (("nowhere.net:Net",), "there is no module named 'nowhere'"),
    "no such class": ((f"{BAD}:Fin",), "has no 'Fin'; it has Fine"),
    "no name": (("nowhere",), "a target is pkg.mod:Name"),
    "no such folder": (("nowhere/",), "no such folder"),
    "no python name": ((f"{BAD}:4x",), "'4x' is no name of a class or function"),
    "arguments missing": ((f"{BAD}:NeedsArguments",), "needs arguments: hidden, depth; give them with --kwargs"),
    "one argument missing": ((f"{BAD}:NeedsArguments", "--args", "[4]"), "needs an argument: depth"),
    "arguments unknown": ((f"{BAD}:Fine", "--kwargs", '{"wide": 3}'), "got an unexpected keyword argument 'wide'"),
    "arguments no JSON": ((f"{BAD}:Fine", "--kwargs", "{wide: 3}"), "--kwargs '{wide: 3}' is not JSON"),
    "arguments no list": ((f"{BAD}:Fine", "--args", "3"), "--args takes a JSON array"),
    "raises": ((f"{BAD}:Raises",), "raises RuntimeError"),
    "exits": ((f"{BAD}:Exits",), "calls sys.exit(7) while it is built"),
    "interrupts": ((f"{BAD}:Interrupts",), "bad_targets.py:Interrupts raises KeyboardInterrupt"),
    "reads from the keyboard": ((f"{BAD}:Asks",), "raises EOFError"),
    "folder without configuration": ((f"hf:{SPECS}",), "holds no config.json"),
    "leaves at once": ((f"{BAD}:LeavesAtOnce",), "ended its process with status 5"),
    "crashes": ((f"{BAD}:Crashes",), "crashed its process (SIGSEGV)"),
    "hangs": ((f"{BAD}:Hangs", "--time-limit", "2"), "did not finish within 2 s; --time-limit raises it"),
    "takes too much": ((f"{BAD}:Allocates", "--memory-limit", "900M"), "the memory limit of 900 MB"),
    "wants too much": ((f"{BAD}:AllocatesAtOnce", "--memory-limit", "1G"), "needs more than the memory limit"),
    "needs cuda": ((f"{BAD}:NeedsCuda",), "Torch not compiled with CUDA enabled"),
    "no module class": ((f"{BAD}:NoModule",), "is a class, but not a torch.nn.Module"),
    "no callable": ((f"{BAD}:not_callable",), "is an int, not a module class or a function that returns a model"),
    "returns a dict": ((f"{BAD}:returns_dict",), "returned a dict, not a torch.nn.Module"),
    "returns a pair": ((f"{BAD}:returns_pair",), "returned a tuple, not a torch.nn.Module; one of its items is"),
    "returns nothing": ((f"{BAD}:returns_nothing",), "returned None, not a torch.nn.Module"),
    "bad shape": ((f"{BAD}:Fine", "--input-shape", "2,wide"), "is not a list of positive numbers"),
    "bad input": ((f"{BAD}:Fine", "--input", "nowhere:thing"), "nowhere cannot be imported"),
    "bad limit": ((f"{BAD}:Fine", "--memory-limit", "lots"), "is no size; write 4G or 500M"),
    "no target": ((), "no target: name one"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_message(case: str) -> None:
    """Each bad target ends in exit status 2 with a message that says what is wrong, and no traceback of ours."""
    arguments, expected = CASES[case]
    done = runtime(*arguments)

    assert (2, True) == (done.returncode, expected in done.stderr), done.stderr
    assert "initlint/runtime" not in done.stderr
    assert done.stderr.startswith("error: ")


def test_users_frames_only() -> None:
    """The traceback of a constructor that raises shows the user's frames and no other."""
    done = runtime(f"{BAD}:Raises")

    files = re.findall(r'File "([^"]+)"', done.stderr)
    assert [str(BAD)] * len(files) == files
    assert "return nn.Linear(width, -1)" in done.stderr


def test_file_that_does_not_parse(tmp_path: Path) -> None:
    """Where there is no Python yet, the error's own file and line are enough: no frame of the import."""
    (tmp_path / "net.py").write_text("import torch\n\nclass Net(torch.nn.Module\n")
    done = runtime("net.py:Net", cwd=tmp_path)

    assert 2 == done.returncode
    assert done.stderr.startswith("error: net.py:Net: importing it raises SyntaxError: '(' was never closed")
    assert [str(tmp_path / "net.py")] == re.findall(r'File "([^"]+)"', done.stderr)


def test_place_of_a_hang() -> None:
    """A model that hangs is told with the line it hung on."""
    done = runtime(f"{BAD}:Hangs", "--time-limit", "3")

    assert re.search(r'bad_targets\.py", line \d+ in wait', done.stderr), done.stderr


def test_last_words() -> None:
    """What a failing model printed last is shown with the failure."""
    done = runtime(f"{BAD}:PrintsAndRaises")

    assert 2 == done.returncode
    assert "the last words" in done.stderr


def test_much_output_is_no_harm() -> None:
    """A model that prints megabytes is checked, and its output is kept out of the report."""
    report = runtime_json(f"{BAD}:Prints", "--no-forward")

    assert ["fc.weight", "fc.bias"] == [row["name"] for row in report["parameters"]]


def test_forward_that_fails() -> None:
    """The weights are judged all the same; what forward said is a note, and status 2."""
    done = runtime("--output-format", "json", f"{BAD}:BrokenForward")
    report = json.loads(done.stdout)

    assert (2, True) == (done.returncode, "this forward never runs" in done.stderr)
    assert "this forward never runs" in report["models"][0]["notes"][0]
    assert {"raw": 1.0, "fc.weight": 0.0, "fc.bias": 0.0} == {
        row["name"]: row["uninitialized"] for row in report["parameters"]
    }


@pytest.mark.parametrize("how", [("--input-shape", "2,9"), ("--input", f"{BAD}:wide_input")])
def test_input_of_a_wrong_shape(how: tuple[str, str]) -> None:
    """An input that does not fit is told with the model's own words, and is status 2; the weights are judged."""
    done = runtime(f"{BAD}:Fine", "--output-format", "json", *how)
    report = json.loads(done.stdout)

    assert 2 == done.returncode
    assert done.stderr.startswith(f"error: {BAD}:Fine: forward fails on ")
    assert "mat1 and mat2 shapes cannot be multiplied" in done.stderr
    assert 2 == len(report["parameters"])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "ForwardHangs",
            r"did not finish within 4 s; --time-limit raises it \(it was here: .*targets\.py.* forward",
        ),
        ("ForwardExits", "gives SystemExit: 3; give --input-shape"),
    ],
)
def test_forward_that_does_not_come_back(name: str, told: str) -> None:
    """A forward that hangs or leaves is status 2 and one message; the weights are in the report."""
    done = runtime("--time-limit", "4", f"{BAD}:{name}")

    assert 2 == done.returncode
    assert re.search(f"^error: .*:{name}: .*{told}", done.stderr), done.stderr
    assert "fc.weight" in done.stdout
    assert 0 == runtime("--no-forward", f"{BAD}:{name}").returncode


def test_part_without_a_forward() -> None:
    """A module that defines no forward is a part of something: its weights are judged, and that is no error."""
    done = runtime(f"{BAD}:NoForward")

    assert (0, True) == (done.returncode, "does not define forward" in done.stdout)


def test_nothing_to_check() -> None:
    """A module without weights is told in words, not in an empty table."""
    done = runtime(f"{BAD}:NoWeights")

    assert (0, True) == (done.returncode, "0 tensors, taped on the meta device" in done.stdout)
    assert "nothing to check" in done.stdout


def test_raw_memory_is_one_mistake() -> None:
    """What raw memory does to the signal is chance: INI103 alone speaks, and its numbers are not shown."""
    report = runtime_json(f"{BAD}:RawMiddle")

    assert ["INI103"] == [finding["code"] for finding in report["findings"]]
    assert any("raw memory, `raw` first" in note for note in report["models"][0]["notes"])


def test_instance() -> None:
    """A module that is there already is judged by its numbers, and the report says so."""
    done = runtime(f"{BAD}:instance")

    assert 0 == done.returncode
    assert "272 parameters in 2 tensors, not taped" in done.stdout
    assert "no history tells who wrote them" in done.stdout


def test_a_process_left_behind() -> None:
    """A child that the model forked holds the pipes open: the report is there all the same, and the child goes."""
    started = time.monotonic()
    done = runtime("--time-limit", "60", f"{BAD}:LeavesAProcess")

    assert 0 == done.returncode, done.stderr
    assert time.monotonic() - started < 55


def test_a_device_that_is_not_there() -> None:
    """A model that wants CUDA where there is none is told what to do about it."""
    assert "let it take the device as an argument" in runtime(f"{BAD}:NeedsCuda").stderr


def test_one_bad_target_does_not_spoil_the_rest() -> None:
    """Targets after a crash are still examined; the status is 2, and the report is printed."""
    done = runtime(f"{BAD}:Crashes", f"{BAD}:Fine")

    assert 2 == done.returncode
    assert "fc.weight" in done.stdout
    assert "SIGSEGV" in done.stderr


def test_no_orphan_after_the_limit() -> None:
    """What the model started dies with it when the time is up."""
    done = runtime(f"{BAD}:HangsWithChild", "--time-limit", "2")

    grandchild = int(re.search(r"child (\d+)", done.stderr)[1])  # type: ignore[index]
    assert not _alive(grandchild)


def test_no_orphan_after_a_kill() -> None:
    """When initlint itself is killed, the child and what it started go too."""
    command = [sys.executable, "-m", "initlint", "runtime", "--isolated", f"{BAD}:HangsWithChild"]
    parent = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    family = _wait_for_family(parent.pid, 2)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 10
    while any(map(_alive, family)) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert [] == [one for one in family if _alive(one)]


def _wait_for_family(parent: int, count: int) -> list[int]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = list(_descendants(parent))
        if len(found) >= count:
            return found
        time.sleep(0.05)
    raise AssertionError("the child did not start its own")


def _descendants(parent: int) -> list[int]:
    children = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            children.append(int(status.parent.name))
    return children + [one for child in children for one in _descendants(child)]


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_without_torch(tmp_path: Path) -> None:
    """Where torch is missing, one line says how to get it."""
    (tmp_path / "torch.py").write_text("raise ImportError('no torch here')\n")
    (tmp_path / "net.py").write_text("class Net: ...\n")
    command = [sys.executable, "-m", "initlint", "runtime", "--isolated", "net.py:Net"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert (2, "error: torch is not installed: pip install 'initlint[runtime]'\n") == (done.returncode, done.stderr)
