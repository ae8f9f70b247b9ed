"""What the parent asks the training child for, and the parent's side of it. Imports no torch."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from initlint.errors import WorkerError
from initlint.runtime.experiment_report import Experiment
from initlint.runtime.parent import as_error, environment
from initlint.runtime.protocol import Failure, Target, decode, encode

Progress = Callable[[int, int, str], None]
#: Importing torch and building the model come on top of the training time.
_GRACE = 240.0
_TAIL = 4000


@dataclass(frozen=True, slots=True)
class Order:
    """One experiment. Without `data` the task is made up; without `schemes` all of them run."""

    target: Target
    data: str = ""
    schemes: tuple[str, ...] = ()
    steps: int = 120
    seeds: int = 3
    seed: int = 0
    optimizer: str = "sgd"
    rate: float = 0.02
    seconds: float = 45.0
    memory_limit: int = 4 << 30


def execute(order: Order, progress: Progress = lambda *_: None) -> Experiment:
    """Run the experiment in a child process. Raises `WorkerError` with the model's own traceback."""
    read, write = os.pipe()
    with tempfile.TemporaryFile() as printed:
        process = _start(write, printed)
        assert process.stdin is not None
        os.close(write)
        watch = threading.Timer(order.seconds + _GRACE, _kill, (process,))
        watch.start()
        try:
            with suppress(BrokenPipeError):
                process.stdin.write((json.dumps(encode(order)) + "\n").encode())
                process.stdin.flush()
            with os.fdopen(read, encoding="utf-8") as stream:
                result = _listen(stream, progress)
        finally:
            watch.cancel()
            _kill(process)
            process.wait()
            with suppress(BrokenPipeError):
                process.stdin.close()
        if result is None:
            raise WorkerError(_death(order, process.returncode, printed))
        return result


def _start(write: int, printed: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "initlint.runtime.experiment_worker", str(write)],
        stdin=subprocess.PIPE,
        stdout=printed,
        stderr=subprocess.STDOUT,
        pass_fds=(write,),
        start_new_session=True,
        env=environment(),
    )


def _listen(stream: IO[str], progress: Progress) -> Experiment | None:
    for message in _messages(stream):
        match message:
            case {"progress": {"done": int() as done, "total": int() as total, "text": str() as text}}:
                progress(done, total, text)
            case {"experiment": dict() as content}:
                return decode(Experiment, content)
            case {"failure": dict() as content}:
                failure = decode(Failure, content)
                if failure.bug:
                    raise as_error(failure)
                raise WorkerError("\n".join(part for part in (failure.message, failure.traceback.rstrip()) if part))
    return None


def _messages(stream: IO[str]) -> Iterator[dict[str, Any]]:
    for line in stream:
        with suppress(json.JSONDecodeError):
            yield json.loads(line)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _death(order: Order, status: int, printed: IO[bytes]) -> str:
    size = printed.seek(0, os.SEEK_END)
    printed.seek(max(0, size - _TAIL))
    tail = printed.read().decode(errors="replace").strip()
    message = f"{order.target.text}: the training process ended with status {status}"
    if status == -signal.SIGKILL:
        limit = order.seconds + _GRACE
        message = f"{order.target.text}: not finished within {limit:g} s, or out of memory; the process was killed"
    return f"{message}\nIt printed, at the end:\n{tail}" if tail else message
