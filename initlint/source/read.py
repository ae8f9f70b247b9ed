"""From bytes to text and tree. Whatever is wrong with a file becomes one clear sentence here."""

from __future__ import annotations

import codecs
import io
import re
import sys
import tokenize
import warnings
from dataclasses import dataclass
from pathlib import Path

from initlint.errors import SourceError
from initlint.finding import Span
from initlint.source.text import SourceText

_COOKIE = re.compile(rb"(?:[^\n]*\n)?[ \t\f]*#[^\n]*?coding[:=]")  # PEP 263: in one of the first two lines


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file, or one cell of a notebook, cannot be read as Python."""

    message: str
    span: Span
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as far as it could be read. `source` is None where there is no text; a Python file's is not yet parsed."""

    source: SourceText | None
    problems: tuple[Problem, ...] = ()


def read_bytes(path: str) -> bytes:
    """The file's bytes. Raises SourceError with the operating system's reason."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read the file: {(error.strerror or str(error)).lower()}") from None


def open_source(path: str, data: bytes) -> Opened:
    """Decode; of a notebook, also parse. Never raises: what is wrong is in `problems`."""
    try:
        if path.endswith(".ipynb"):
            from initlint.source.notebook import open_notebook  # json is only for notebooks

            return open_notebook(path, data)
        return Opened(decode(path, data))
    except SourceError as error:
        return Opened(None, (Problem(str(error), Span(error.line, 1, error.line, 1)),))


def decode(path: str, data: bytes) -> SourceText:
    """The text of a Python file, by its byte order mark or encoding cookie, as Python itself reads it."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SourceError("the file is UTF-16, which Python cannot read: save it as UTF-8")
    try:
        encoding = _encoding(data)
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise SourceError(
            f"not valid {error.encoding}: byte 0x{data[error.start]:02x}. "
            "Save it as UTF-8, or name its encoding on the first line: `# -*- coding: latin-1 -*-`",
            data.count(b"\n", 0, error.start) + 1,
        ) from None
    except (LookupError, ValueError) as error:  # a codec that is no text encoding, as `rot13`
        raise SourceError(f"cannot decode the file: {error}") from None
    if (where := text.find("\0")) >= 0:
        raise SourceError("contains NUL bytes: this is a binary file, not Python", text.count("\n", 0, where) + 1)
    return SourceText(
        path,
        text.replace("\r\n", "\n").replace("\r", "\n"),
        encoding="utf-8" if encoding == "utf-8-sig" else encoding,
        bom=encoding == "utf-8-sig",
        newline=_newline(data),
    )


def syntax_problem(source: SourceText) -> Problem | None:
    """As `parse_problem`, for a text whose tree nobody wants: to make its objects costs most of the parsing."""
    import symtable  # not wanted where the cache answers

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            symtable.symtable(source.text, source.path, "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # also of what only the compiler objects to
        found = parse_problem(source)
        source.forget()
        return found
    return None


def parse_problem(source: SourceText, *, cell: int | None = None) -> Problem | None:
    """What keeps the text from being parsed. The tree of a good text stays with it."""
    try:
        _ = source.tree
    except SyntaxError as error:
        return Problem(_explain(error), _place(error, source), cell)
    except (RecursionError, MemoryError):
        return Problem("nested too deeply for Python's parser", Span(1, 1, 1, 1), cell)
    except ValueError as error:  # lone surrogates, which an escape codec can make
        return Problem(f"cannot be parsed: {error}", Span(1, 1, 1, 1), cell)
    return None


def _newline(data: bytes) -> str:
    first = re.search(rb"\r\n|\r|\n", data)
    return first.group().decode() if first else "\n"


def _encoding(data: bytes) -> str:
    """By byte order mark or cookie. Raises SourceError for a cookie that cannot be, UnicodeDecodeError without one."""
    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except SyntaxError as error:
        if not _COOKIE.match(data):
            data.decode()  # says which byte it is; detect_encoding does not
        raise SourceError(f"cannot decode the file: {error.msg}") from None


_PYTHON_2 = (
    "Missing parentheses in call to",
    "multiple exception types must be parenthesized",
    "leading zeros in decimal integer literals",
)


def _explain(error: SyntaxError) -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    text = f"does not parse as Python {version}: {error.msg}"
    return f"{text} (this looks like Python 2)" if error.msg.startswith(_PYTHON_2) else text


def _place(error: SyntaxError, source: SourceText) -> Span:
    line = min(max(error.lineno or 1, 1), len(source.lines))
    column = min(max(error.offset or 1, 1), len(source.lines[line - 1]) + 1)
    return Span(line, column, line, column)
