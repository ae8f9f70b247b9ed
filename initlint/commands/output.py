"""Where a report goes, and whether in colour."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TextIO

from initlint.errors import UsageError


def wants_color(choice: str, stream: TextIO) -> bool:
    """What was asked for; else what the environment says (NO_COLOR, FORCE_COLOR); else whether it is a terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def deliver(text: str, file: str | None, stream: TextIO) -> None:
    """Write the report. Characters that the stream cannot show are spelled out."""
    if file is not None:
        try:
            Path(file).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise UsageError(f"--output-file: cannot write {file}: {(error.strerror or str(error)).lower()}") from None
        return
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    stream.write(text)
    stream.flush()
