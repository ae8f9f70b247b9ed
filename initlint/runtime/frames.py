"""Who did it: the innermost frame of the user's own code, with the exact place in its line. (child)"""

from __future__ import annotations

import linecache
import sys
import sysconfig
import traceback
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType

from initlint.runtime.protocol import Failure, Place

_PACKAGE = str(Path(__file__).resolve().parent.parent)
_LIBRARY_FOLDERS = tuple({sysconfig.get_paths()[key] for key in ("purelib", "platlib")})
_PYTHON_FOLDERS = tuple({sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib")})
# Frames in these files only hand the call on: the code that decided lies further out.
_WRAPPERS = (
    "/torch/",
    "transformers/initialization.py",
    "transformers/modeling_utils.py",
    "timm/layers/weight_init.py",
    "<frozen ",
    "<string>",
)
_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Spot:
    """One frame as it stood: cheap to take, resolved to a place only when asked."""

    code: CodeType
    instruction: int
    line: int


@dataclass(frozen=True, slots=True)
class Trail:
    """`near` is the innermost frame that is not a wrapper, `user` the innermost outside every library."""

    near: Spot | None = None
    user: Spot | None = None
    constructor: bool = False  # a layer of torch did it while it was constructed

    @property
    def best(self) -> Spot | None:
        """The frame a person would change."""
        return self.user or self.near


def take_trail(depth: int = 1) -> Trail:
    """The trail of the caller's caller."""
    frame: FrameType | None = sys._getframe(depth + 1)
    near: Spot | None = None
    constructor = False
    for _ in range(_DEPTH):
        if frame is None:
            break
        kind = file_kind(frame.f_code.co_filename)
        if kind == "layer" and frame.f_code.co_name == "__init__" and near is None:
            constructor = True
        elif kind in {"library", "user"}:
            spot = Spot(frame.f_code, frame.f_lasti, frame.f_lineno)
            near = near or spot
            if kind == "user":
                return Trail(near, spot, constructor)
        frame = frame.f_back
    return Trail(near, None, constructor)


@lru_cache(maxsize=4096)
def file_kind(filename: str) -> str:
    """`layer` (torch.nn.modules), `wrapper`, `library` (installed) or `user`.

    Wrappers only hand the call on: torch, Python's own library, ourselves, functions that wrap an init.
    """
    text = filename.replace("\\", "/")
    if "/torch/nn/modules/" in text:
        return "layer"
    if text.startswith(_PACKAGE) or any(part in text for part in _WRAPPERS):
        return "wrapper"
    if "site-packages" in text or "dist-packages" in text or text.startswith(_LIBRARY_FOLDERS):
        return "library"
    return "wrapper" if text.startswith(_PYTHON_FOLDERS) else "user"


def resolve(spot: Spot | None) -> Place | None:
    """The place in the text, columns in characters counted from 1."""
    if spot is None:
        return None
    name = getattr(spot.code, "co_qualname", spot.code.co_name)
    positions = getattr(spot.code, "co_positions", None)
    if positions is not None:
        found = next(islice(positions(), spot.instruction // 2, None), None)
        if found and None not in found:
            line, end_line, column, end_column = found
            path = spot.code.co_filename
            return Place(
                path, line, _character(path, line, column), end_line, _character(path, end_line, end_column), name
            )
    text = linecache.getline(spot.code.co_filename, spot.line)
    start = len(text) - len(text.lstrip())
    return Place(spot.code.co_filename, spot.line, start + 1, spot.line, len(text.rstrip()) + 1, name)


def _character(path: str, line: int, byte_column: int) -> int:
    text = linecache.getline(path, line)
    if text.isascii():
        return byte_column + 1
    return len(text.encode()[:byte_column].decode(errors="replace")) + 1


def user_traceback(error: BaseException) -> str:
    """The traceback as the user knows the code: frames of the user's files only, all frames where there are none."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if file_kind(frame.filename) == "user"]
    shown = own or [frame for frame in frames if file_kind(frame.filename) == "library"] or frames
    if isinstance(error, SyntaxError) and not own:
        shown = []  # the error itself names file and line; the frames are those of the import
    lines = ["Traceback (your frames):\n"] if own else ["Traceback:\n"] if shown else []
    lines += traceback.format_list(shown)
    lines += traceback.format_exception_only(type(error), error)
    return "".join(lines)


def is_ours(error: BaseException) -> bool:
    """Whether an error that nothing caught is a bug of ours: our own line raised it, or no code of the model's ran.

    Python's own library and torch take no side: what they raise is the doing of who called them.
    """
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    return files[-1].startswith(_PACKAGE) or not any(file_kind(file) != "wrapper" for file in files)


def bug(target: str, error: BaseException) -> Failure:
    """The failure that tells of a bug of ours, with the whole traceback for --debug."""
    kind = "".join(traceback.format_exception_only(type(error), error)).strip()
    return Failure(target, f"{kind} (in the process that examines {target})", whole_traceback(error), bug=True)


def whole_traceback(error: BaseException) -> str:
    """Every frame."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()


def shorten_dump(output: str) -> tuple[str, str]:
    """Split what a hanging child printed from faulthandler's dump, and keep the user's frames of the main thread."""
    start = output.rfind("Timeout (0:")
    if start < 0:
        return output, ""
    frames: list[str] = []
    for line in output[start:].splitlines():
        if line.startswith("Current thread") or "(most recent call first)" in line:
            frames = []
        elif line.lstrip().startswith("File "):
            path = line.split('"')[1] if '"' in line else ""
            if file_kind(path) == "user":
                frames.append(line)
    return output[:start], "\n".join(["It was here:", *frames]) if frames else ""
