"""Files imported as if their text were another one: what a fix would make of them, and the disk untouched. (child)"""

from __future__ import annotations

import linecache
import os
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from typing import Any

_get_data, _path_stats = SourceFileLoader.get_data, SourceFileLoader.path_stats


def lay_over(texts: Mapping[str, str]) -> None:
    """From now on importing one of these files gives this text; each character stands for one byte of it."""
    if not texts:
        return
    contents = {os.path.realpath(path): text.encode("latin-1") for path, text in texts.items()}

    def get_data(self: SourceFileLoader, path: str) -> bytes:
        found = contents.get(os.path.realpath(path))
        return _get_data(self, path) if found is None else found

    def path_stats(self: SourceFileLoader, path: str) -> Any:
        if os.path.realpath(path) in contents:
            raise OSError(path)  # then no compiled file is read or written
        return _path_stats(self, path)

    SourceFileLoader.get_data = get_data  # type: ignore[assignment,method-assign]
    SourceFileLoader.path_stats = path_stats  # type: ignore[method-assign]
    for path, data in contents.items():
        # An entry without a time is never compared with the disk: inspect and TorchScript read this text too.
        linecache.cache[path] = (len(data), None, data.decode(errors="replace").splitlines(keepends=True), path)
