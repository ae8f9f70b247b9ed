"""A changed file put on the disk: whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from initlint.errors import SourceError
from initlint.fixer.encode import encode
from initlint.source.text import SourceText


def write(before: SourceText, after: SourceText, path: str) -> None:
    """Put the text `after` into the file that `before` was read from. Raises SourceError and leaves the file alone."""
    try:
        old = Path(path).read_bytes()
    except OSError as error:
        raise _unwritable(path, error) from None
    write_bytes(path, old, encode(before, after, old))


def write_bytes(path: str, old: bytes, new: bytes) -> None:
    """Replace a file's bytes in one step, if they are still `old`. A link stays a link, a mode stays a mode."""
    if new == old:
        return
    try:
        target = Path(path).resolve(strict=True)
        if not os.access(target, os.W_OK):
            raise PermissionError(13, "the file is read-only")
        status = target.stat()
        if target.read_bytes() != old:
            raise SourceError(f"{path} has changed meanwhile: nothing was written, run initlint again")
        _replace(target, new, status)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, before Python 3.13
        raise _unwritable(path, error) from None


def _replace(target: Path, data: bytes, status: os.stat_result) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".initlint", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if hasattr(os, "chown"):
            with contextlib.suppress(OSError):  # only the super-user may give a file away
                os.chown(name, status.st_uid, status.st_gid)
        os.chmod(name, stat.S_IMODE(status.st_mode))  # noqa: PTH101 - a name, as mkstemp gives it
        os.replace(name, target)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108
        raise


def _unwritable(path: str, error: Exception) -> SourceError:
    reason = getattr(error, "strerror", None) or str(error)
    return SourceError(f"cannot write {path}: {reason.lower()}")
