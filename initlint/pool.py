"""Many files through several processes, in the order they were given.

A process takes files until it has grown large, and ends. Trees and readings refer to each other in circles, and to take
them apart again costs a third of all the work; a process that ends gives its memory back at once.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from initlint.analyse import Analyser, FileResult
from initlint.errors import WorkerError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

    from initlint.describe.project import Reading

_WORTH_IT = 1_500_000  # bytes of source that can matter: below, starting processes costs more than it saves
_CHUNK = 1_500_000  # bytes of source for one forked process, if it does not grow large sooner
_LARGE = 205  # MB of a process that takes no other file
_GROWTH = 30  # MB that each may take, however large it started
_LEAST = 60_000  # towards the end the chunks get smaller, so that all processes end at about the same time
_CHUNKS_EACH = 4  # where processes are dear to start
_SHARED = 3_200_000  # characters of source whose trees all processes share
_FULL = 165  # MB of the process that shares: then it reads no more for the others


def check_all(analyser: Analyser, paths: Sequence[str], jobs: int | None) -> Iterator[FileResult]:
    """The result of each path, in their order; `jobs` processes at a time where the work is worth it."""
    jobs = min(jobs or _cores(), len(paths))
    total = sum(_size(analyser, path) for path in paths)
    if total < _WORTH_IT:
        return _one_by_one(analyser, paths)
    forks = _may_fork()
    if jobs < 2 and not forks:
        return _one_by_one(analyser, paths)
    chunks = _shrinking(analyser, paths, jobs) if forks else _even(analyser, paths, total // (jobs * _CHUNKS_EACH) + 1)
    return _in_processes(analyser, paths, jobs, chunks, forks=forks)


def _may_fork() -> bool:
    """Whether a process may be made that shares what this one has read; else it starts from nothing.

    Where other threads run, as under pytest-xdist, a fork could copy a lock that nobody will open.
    """
    import threading  # not wanted where the cache answers

    return sys.platform == "linux" and threading.active_count() == 1


def _one_by_one(analyser: Analyser, paths: Sequence[str]) -> Iterator[FileResult]:
    """Without the garbage collector, which would walk every syntax tree again and again: two thirds of the time.

    The analyser collects when it drops its trees.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield from map(analyser.check, paths)
    finally:
        if was_on:
            gc.enable()


@dataclass(slots=True)
class _Running:
    """A process at work: it is at the file of number `at`, and ends before number `end`, or has `ended` before."""

    process: BaseProcess
    at: int
    end: int
    ended: bool = False


@dataclass(slots=True)
class _Shared:
    """What many processes had to read of a file: it is read here, once for all that are forked later."""

    analyser: Analyser
    left: int = _SHARED
    ended: int = 0
    seen: Counter[Reading] = field(default_factory=Counter)

    def note(self, readings: frozenset[Reading], modules: frozenset[str]) -> None:
        """A process that has ended had to read and to import this itself."""
        self.ended += 1
        self.seen.update(readings)
        for name in sorted(modules):
            importlib.import_module(name)

    def read(self) -> None:
        """Read what the next will want as well, while there is room: what several have read, and one in three."""
        wanted = [(-count, one) for one, count in self.seen.items() if count > 1 and 3 * count >= self.ended]
        for _, one in sorted(wanted):
            size = _size(self.analyser, one[1]) if one[0] == "index" else 0
            if size <= self.left and _resident() < _FULL:
                self.left -= size
                del self.seen[one]
                self.analyser.project.read_ahead(one)


def _in_processes(
    analyser: Analyser, paths: Sequence[str], jobs: int, chunks: Iterable[tuple[int, int]], *, forks: bool
) -> Iterator[FileResult]:
    import multiprocessing  # costs more than a small run
    from multiprocessing.connection import wait

    context = multiprocessing.get_context("fork" if forks else "spawn")
    if forks:
        analyser.project.prepare()
        gc.freeze()  # else the first collection in each child would copy every page
    waiting = deque(chunks)
    running: dict[Connection, _Running] = {}
    done: dict[int, FileResult] = {}
    shared = _Shared(analyser)
    told = 0
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                shared.read()
                start, end = waiting.popleft()
                connection, process = _start(context, analyser, paths[start:end], lasting=not forks)
                running[connection] = _Running(process, start, end)
            for connection in [one for one in wait(list(running)) if one in running]:
                waiting.extendleft(_receive(connection, running, done, paths, shared))
            while told in done:
                yield done.pop(told)
                told += 1
    finally:  # an interrupt, or a reader that has seen enough
        for worker in running.values():
            worker.process.terminate()
            worker.process.join()


def _start(
    context: BaseContext, analyser: Analyser, paths: Sequence[str], *, lasting: bool
) -> tuple[Connection, BaseProcess]:
    ours, theirs = context.Pipe(duplex=False)
    process: BaseProcess = context.Process(target=_work, args=(theirs, analyser, paths, lasting), daemon=True)  # type: ignore[attr-defined]
    process.start()
    theirs.close()  # else the end of the process would not be the end of the pipe
    return ours, process


def _receive(
    connection: Connection,
    running: dict[Connection, _Running],
    done: dict[int, FileResult],
    paths: Sequence[str],
    shared: _Shared,
) -> Iterator[tuple[int, int]]:
    """Take what a process sends. Gives the files that it has left to others."""
    worker = running[connection]
    try:
        said = connection.recv()
    except EOFError:
        connection.close()
        del running[connection]
        worker.process.join()
        if not worker.ended:
            raise WorkerError(
                f"a worker process died at {paths[worker.at]}, perhaps for want of memory; `--jobs 1` needs the least"
            ) from None
        if worker.at < worker.end:
            yield worker.at, worker.end
        return
    if isinstance(said, FileResult):
        done[worker.at] = _lean(said)
        worker.at += 1
    else:  # its last word
        shared.note(*said)
        worker.ended = True


def _lean(result: FileResult) -> FileResult:
    """The same, with its names and paths held once for all results: each came through the pipe as a copy."""
    return replace(
        result,
        dependencies=_held_once(result.dependencies),
        sources=_held_once(result.sources),
        asked=None if result.asked is None else _held_once(result.asked),
    )


def _held_once(names: frozenset[str]) -> frozenset[str]:
    return frozenset(map(sys.intern, names))


def _work(connection: Connection, analyser: Analyser, paths: Sequence[str], lasting: bool) -> None:
    """What a process does: it checks its files and sends what it finds."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent tells of an interrupt, once
    gc.disable()  # as above
    analyser.lasting = lasting
    before = frozenset() if lasting else analyser.project.readings
    known = frozenset(sys.modules)
    most = sys.maxsize if lasting else max(_LARGE, _resident() + _GROWTH)
    for path in paths:
        connection.send(analyser.check(path))
        if not lasting and _resident() > most:
            break
    connection.send((frozenset(), frozenset()) if lasting else (analyser.project.readings - before, _imported(known)))
    connection.close()


def _resident() -> int:
    """MB of memory that the process holds, as Linux counts them."""
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - after every file
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1_000_000


def _imported(known: Collection[str]) -> frozenset[str]:
    """The modules of our own that were imported since, as those of the fixer are for the first finding."""
    return frozenset(name for name in sys.modules if name.startswith("initlint.") and name not in known)


def _even(analyser: Analyser, paths: Sequence[str], most: int) -> Iterator[tuple[int, int]]:
    """Neighbours together, of about `most` bytes: (first, one after the last) by their numbers."""
    return _chunks([_size(analyser, path) for path in paths], lambda left: most)


def _shrinking(analyser: Analyser, paths: Sequence[str], jobs: int) -> Iterator[tuple[int, int]]:
    """Neighbours together, the fewer the less is left."""
    sizes = [_size(analyser, path) for path in paths]
    if jobs == 1:
        return _chunks(sizes, lambda left: _CHUNK)
    return _chunks(sizes, lambda left: min(_CHUNK, max(_LEAST, left // (2 * jobs))))


def _chunks(sizes: Sequence[int], most: Callable[[int], int]) -> Iterator[tuple[int, int]]:
    start, size, left = 0, 0, sum(sizes)
    for number, one in enumerate(sizes):
        size += one
        if size >= most(left):
            yield start, number + 1
            start, left, size = number + 1, left - size, 0
    if start < len(sizes):
        yield start, len(sizes)


def _size(analyser: Analyser, path: str) -> int:
    entry = analyser.files.entries[path]
    return entry.size if entry.can_matter else 0


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
