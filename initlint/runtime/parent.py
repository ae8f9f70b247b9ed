"""The parent's side: start the child, watch its time and memory, collect what it says. Imports no torch."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import IO, Any

from initlint.errors import ChildBugError, WorkerError
from initlint.runtime import sizes
from initlint.runtime.frames import shorten_dump
from initlint.runtime.protocol import Failure, Model, Request, Target, decode, encode

Progress = Callable[[str], None]
_UNFINISHED = "not measured to the end:"
# Importing torch and the user's libraries comes before the first target starts.
_START_LIMIT = 120.0
_POLL = 0.05
_LAST_STEPS = 5.0
_TAIL = 16_384


@dataclass
class Outcome:
    """What became of a request."""

    models: list[Model] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def run(request: Request, progress: Progress = lambda text: None) -> Outcome:
    """Examine every target. One that kills its child costs only itself: the rest goes on in a new one."""
    outcome = Outcome()
    waiting = request.targets
    while waiting:
        child = Child(replace(request, targets=waiting), progress)
        done = child.watch(outcome)
        waiting = waiting[done:]
    return outcome


class Child:
    """One child process and its two streams."""

    def __init__(self, request: Request, progress: Progress) -> None:
        """Start it."""
        self.request, self.progress = request, progress
        self.messages: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self.output: deque[bytes] = deque()
        self.kept = 0
        self.latest: Model | None = None  # the current target's report, as far as it came
        read, write = os.pipe()
        command = [sys.executable, "-m", "initlint.runtime.worker", str(write)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(write,),
            start_new_session=True,
            env=environment(),
        )
        os.close(write)
        self.readers = [
            threading.Thread(target=self._listen, args=(os.fdopen(read, encoding="utf-8"),), daemon=True),
            threading.Thread(target=self._drain, args=(self.process.stdout,), daemon=True),
        ]
        for reader in self.readers:
            reader.start()
        self._order()

    def _order(self) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write((json.dumps(encode(self.request)) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it died at once; the end of its report tells

    def _listen(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                try:
                    self.messages.put(json.loads(line))
                except json.JSONDecodeError:
                    break
        self.messages.put(None)

    def _drain(self, stream: IO[bytes]) -> None:
        while chunk := os.read(stream.fileno(), 65_536):
            self.output.append(chunk)
            self.kept += len(chunk)
            while self.kept - len(self.output[0]) > _TAIL:
                self.kept -= len(self.output.popleft())

    def watch(self, outcome: Outcome) -> int:
        """Follow it to its end; how many targets are settled."""
        try:
            return self._follow(outcome)
        finally:
            self.stop()

    def _follow(self, outcome: Outcome) -> int:
        targets = self.request.targets
        current, done = -1, 0
        deadline = time.monotonic() + _START_LIMIT
        while True:
            try:
                message = self.messages.get(timeout=_POLL)
            except Empty:
                trouble = self._trouble(deadline)
                if trouble is None:
                    continue
                self._give_up(targets[max(current, 0)], trouble, outcome)
                return max(current, 0) + 1
            if message is None:
                if done < len(targets):
                    self._give_up(targets[max(current, 0)], self._death(), outcome)
                    return max(current, 0) + 1
                return len(targets)
            if "start" in message:
                current = message["start"]["number"]
                deadline = time.monotonic() + self.request.time_limit
            done += self._take(message, targets[max(current, 0)], outcome)
            if done == len(targets):
                return done  # what the model started may hold the pipe open for ever

    def _take(self, message: dict[str, Any], target: Target, outcome: Outcome) -> int:
        match message:
            case {"progress": str() as text}:
                self.progress(text)
            case {"model": dict() as content}:
                self.latest = decode(Model, content)
            case {"failure": dict() as content}:
                failure = decode(Failure, content)
                skipped = not failure.bug and (failure.skipped or target.optional)
                outcome.failures.append(replace(failure, output=self.tail(), skipped=skipped))
            case {"bug": dict() as content}:
                raise as_error(decode(Failure, content))
            case {"done": _}:
                if self.latest is not None:
                    outcome.models.append(self.latest)
                self.latest = None
                return 1
        return 0

    def _trouble(self, deadline: float) -> str | None:
        limit = self.request.memory_limit
        used = resident_memory(self.process.pid)
        if used > limit:
            return f"took more than the memory limit of {sizes.shown(limit)}; --memory-limit raises it"
        if time.monotonic() > deadline:
            return f"did not finish within {self.request.time_limit:g} s; --time-limit raises it"
        return None

    def _death(self) -> str:
        with suppress(subprocess.TimeoutExpired):  # its report has ended, so it is on its way out: let it say how
            self.process.wait(timeout=_LAST_STEPS)
        self.stop()
        status = self.process.returncode
        if status < 0:
            name = signal.Signals(-status).name
            return f"crashed its process ({name})" if name != "SIGKILL" else "was killed from outside (SIGKILL)"
        return f"ended its process with status {status}"

    def _give_up(self, target: Target, trouble: str, outcome: Outcome) -> None:
        """A target that ended badly: what was known by then is kept, with a note in place of an error."""
        failure = self._failure(target, trouble)
        if self.latest is None:
            outcome.failures.append(failure)
            return
        where = failure.traceback.splitlines()[-1].strip() if failure.traceback else ""
        note = f"{_UNFINISHED} it {trouble}" + (f" (it was here: {where})" if where else "")
        outcome.models.append(replace(self.latest, notes=(*self.latest.notes, note)))
        self.latest = None

    def _failure(self, target: Target, trouble: str) -> Failure:
        self.stop()
        printed, dump = shorten_dump(self.tail())
        return Failure(target.text, f"{target.text} {trouble}", dump, printed, target.optional)

    def tail(self) -> str:
        """The end of what it printed."""
        return b"".join(self.output)[-_TAIL:].decode(errors="replace")

    def stop(self) -> None:
        """End it and everything it started."""
        with suppress(ProcessLookupError, PermissionError):  # its own children may outlive it: the group goes
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for reader in self.readers:
            reader.join(timeout=2)
        if self.process.stdin and not self.process.stdin.closed:
            with suppress(BrokenPipeError):
                self.process.stdin.close()
        if self.process.stdout and not any(reader.is_alive() for reader in self.readers):
            self.process.stdout.close()


def resident_memory(process: int) -> int:
    """Bytes that a process holds in memory; 0 where the system does not tell."""
    try:
        with open(f"/proc/{process}/statm", encoding="ascii") as stream:  # noqa: PTH123 - read twenty times a second
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def environment() -> dict[str, str]:
    """The child's: weights are drawn in one order whatever ours says; nothing is downloaded and nothing compiled."""
    fixed = {
        "TORCHDYNAMO_DISABLE": "1",
        "PYTHONHASHSEED": "0",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    return {**os.environ, **fixed}


def as_error(failure: Failure) -> ChildBugError:
    """A bug of ours, to be raised where all bugs end."""
    return ChildBugError(failure.message, failure.traceback)


def failed(outcome: Outcome, request: Request) -> Exception | None:
    """The error that a run ends with: a named target could not be built or run, or nothing of a folder.

    A bug of ours comes before all of these.
    """
    bugs = [failure for failure in outcome.failures if failure.bug]
    if bugs:
        return as_error(bugs[0])
    told = [failure for failure in outcome.failures if not failure.skipped]
    if not told and not outcome.models:
        told = outcome.failures
    # Without torch, every target says the same.
    texts = dict.fromkeys([*(describe_failure(failure) for failure in told), *_unfit(outcome, request)])
    return WorkerError("\n\n".join(texts)) if texts else None


def _unfit(outcome: Outcome, request: Request) -> Iterator[str]:
    """Named models whose signal could not be followed: no forward on any input, a forward that hangs or crashes.

    A folder's models are tried on the chance, and a model without a forward of its own is a part: a note is enough.
    """
    named = {target.text for target in request.targets if not target.optional}
    for model in outcome.models:
        problem = str((model.propagation or {}).get("problem") or "")
        unfinished = [note for note in model.notes if note.startswith(_UNFINISHED)]
        failed_to_run = problem.startswith(("forward fails on", "forward runs on none", "forward was not run"))
        if model.target in named and failed_to_run and "does not define forward" not in problem:
            unfinished.append(problem)
        yield from (f"{model.target}: {text}" for text in unfinished)


def describe_failure(failure: Failure) -> str:
    """The message, the user's frames, the end of what was printed."""
    parts = [failure.message, failure.traceback.rstrip()]
    if failure.output.strip():
        parts.append("It printed, at the end:\n" + "\n".join(failure.output.rstrip().splitlines()[-12:]))
    return "\n".join(part for part in parts if part)
