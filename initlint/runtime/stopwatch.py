"""An end to what takes too long, in the middle of a forward too. (child)"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: A timer set to nothing would never ring.
_AT_ONCE = 1e-3


class TimeIsUpError(BaseException):
    """Not an `Exception`: a model that catches everything shall not catch this."""


@contextmanager
def until(deadline: float) -> Iterator[None]:
    """Raise `TimeIsUpError` inside when `time.perf_counter` shows `deadline`; it waits for the operation that runs.

    Where the system has no such timer, or outside the main thread, it does nothing: callers look at the clock as well.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: object) -> None:
        raise TimeIsUpError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(deadline - time.perf_counter(), _AT_ONCE))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
