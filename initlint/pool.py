"""Many files through several processes, in the order they were given."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Sequence

from initlint.analyse import Analyser, FileResult
from initlint.errors import WorkerError

_WORTH_IT = 1_500_000  # bytes of source that can matter: below, starting processes costs more than it saves
_CHUNKS_EACH = 16  # enough to even out files of unlike cost

# What a worker process checks with; set once, when it starts. Processes have no other place to keep it.
_analyser: Analyser | None = None


def check_all(analyser: Analyser, paths: Sequence[str], jobs: int | None) -> Iterator[FileResult]:
    """The result of each path, in their order; `jobs` processes where the work is worth it."""
    jobs = min(jobs or _cores(), len(paths))
    if jobs < 2 or sum(analyser.files.entries[path].size for path in paths) < _WORTH_IT:
        return _one_by_one(analyser, paths)
    return _in_processes(analyser, paths, jobs)


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


def _in_processes(analyser: Analyser, paths: Sequence[str], jobs: int) -> Iterator[FileResult]:
    import multiprocessing  # costs more than a small run
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # A forked child shares the index that the parent made. Nothing has started a thread yet, so forking is safe.
    method = "fork" if sys.platform == "linux" else "spawn"
    if method == "fork":
        _ = analyser.project
        gc.freeze()  # else the first collection in each child would copy every page
    chunk = max(1, len(paths) // (jobs * _CHUNKS_EACH))
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(jobs, context, initializer=_start, initargs=(analyser,)) as executor:
        try:
            yield from executor.map(_check, paths, chunksize=chunk)
        except BrokenProcessPool:
            raise WorkerError(
                "a worker process died, perhaps for want of memory; `--jobs 1` shows at which file"
            ) from None
        except BaseException:  # an interrupt: what is queued need not be done; else leaving waits, as Python's own exit
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def _start(analyser: Analyser) -> None:
    global _analyser
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent tells of an interrupt, once
    gc.disable()  # as above
    _analyser = analyser


def _check(path: str) -> FileResult:
    assert _analyser is not None
    return _analyser.check(path)


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
