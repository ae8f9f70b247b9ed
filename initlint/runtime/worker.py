"""The child: builds what it is told to, examines it, answers in lines of JSON on a pipe of its own. (child)

Run as `python -m initlint.runtime.worker REPORT_FD`; the request is one line on stdin. stdin then stays open: when it
ends, the parent is gone, and so goes the whole process group.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import threading
import time
import warnings
from typing import IO, TYPE_CHECKING, Any

from initlint.errors import InitlintError
from initlint.runtime.frames import bug, is_ours, user_traceback
from initlint.runtime.overlay import lay_over
from initlint.runtime.protocol import Failure, Request, Target, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable

# Before the parent's axe falls, the child tells where it hangs.
_LAST_WORDS = 0.7
NO_TORCH = "torch is not installed: pip install 'initlint[runtime]'"


class Channel:
    """The pipe to the parent: one JSON object a line."""

    def __init__(self, descriptor: int) -> None:
        """Open the pipe."""
        os.set_inheritable(descriptor, False)
        self.stream = os.fdopen(descriptor, "w", encoding="utf-8")

    def send(self, kind: str, content: Any) -> None:
        """Send one message at once."""
        self.stream.write(json.dumps({kind: encode(content)}) + "\n")
        self.stream.flush()


def main() -> None:
    """Serve one request."""
    channel = Channel(int(sys.argv[1]))
    line = own_stdin()
    order = line.readline()
    threading.Thread(target=die_with_parent, args=(line,), daemon=True).start()
    sys.argv = ["initlint"]
    try:
        _serve(order, channel)
    except Exception as error:  # outside any target there is no code but ours
        channel.send("bug", bug("the models", error))
    channel.stream.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # the model's own threads and exit handlers have no say any more


def _serve(order: str, channel: Channel) -> None:
    request = decode(Request, json.loads(order))
    limit_memory(request.memory_limit)
    warnings.simplefilter("ignore")
    lay_over(request.overlay)
    if request.root and request.root not in sys.path:
        sys.path.append(request.root)
    missing = _without_torch()
    for number, target in enumerate(request.targets):
        channel.send("start", {"number": number, "target": target.text})
        faulthandler.dump_traceback_later(max(request.time_limit - _LAST_WORDS, 0.05), exit=False)
        started = time.monotonic()
        outcome = missing(target) if missing else _guarded(target, request, channel)
        faulthandler.cancel_dump_traceback_later()
        sys.stdout.flush()
        if outcome is not None:
            channel.send("failure", outcome)
        channel.send("done", {"number": number, "seconds": time.monotonic() - started})


def _without_torch() -> Callable[[Target], Failure] | None:
    """Import torch, at the cost of no target's time; what to answer where it is not there."""
    try:
        import torch  # here, so that its absence is told
    except ImportError as error:
        text = NO_TORCH if error.name in (None, "torch") else f"torch cannot be imported: {error}"
        return lambda target: Failure(target.text, text)
    except OSError as error:  # a shared library of its own is not there
        text = f"torch cannot be imported: {error}"
        return lambda target: Failure(target.text, text)
    torch.set_num_threads(max(1, min(torch.get_num_threads(), 4)))
    return None


def _guarded(target: Target, request: Request, channel: Channel) -> Failure | None:
    from initlint.runtime.examine import examine  # torch
    from initlint.runtime.load import CannotBuildError

    try:
        for step in examine(target, request):
            channel.send("progress" if isinstance(step, str) else "model", step)
    except CannotBuildError as failure:
        return failure.failure
    except InitlintError as error:
        return Failure(target.text, str(error))
    except MemoryError:
        return Failure(target.text, f"{target.text} needs more than the memory limit; --memory-limit raises it")
    except Exception as error:
        if is_ours(error):
            return bug(target.text, error)
        return _raised(target, error)
    except BaseException as error:  # sys.exit in a forward, Ctrl-C or an exit of the model's own making
        return _raised(target, error)
    return None


def _raised(target: Target, error: BaseException) -> Failure:
    does = f"calls sys.exit({error.code!r})" if isinstance(error, SystemExit) else f"raises {type(error).__name__}"
    said = f": {error}" if str(error) and not isinstance(error, SystemExit) else ""
    return Failure(target.text, f"{target.text} {does}{said}", user_traceback(error))


def own_stdin() -> IO[str]:
    """The line to the parent under another number: a model that reads stdin meets its end at once, and waits not."""
    line = os.fdopen(os.dup(0), encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return line


def die_with_parent(line: IO[str]) -> None:
    """Wait for the end of the line, which means that the parent is gone; then go, with everything started here."""
    try:
        while line.readline():
            pass
    except (OSError, ValueError):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


def limit_memory(limit: int) -> None:
    """Let the system refuse memory far above the limit; the parent watches what is really held."""
    try:
        import resource  # POSIX only
    except ImportError:
        return
    # Private memory only: torch maps gigabytes of code and reserved space that it never touches.
    soft = limit + (2 << 30)
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard == resource.RLIM_INFINITY or hard > soft:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


if __name__ == "__main__":
    main()
