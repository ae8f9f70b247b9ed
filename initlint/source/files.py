"""The files of one run: what their bytes tell at once, and their text when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from initlint.errors import SourceError
from initlint.finding import Span
from initlint.source.prefilter import can_matter
from initlint.source.read import Opened, Problem, open_source, read_bytes
from initlint.source.suppress import may_silence, speaks_to_us
from initlint.source.text import SourceText


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a file before it is parsed. `unreadable` is the operating system's reason."""

    path: str
    digest: str
    size: int = 0
    can_matter: bool = False
    speaks_to_us: bool = False  # by a comment
    may_silence: bool = False
    unreadable: str | None = None


@dataclass(frozen=True)
class Files:
    """The linted files. `overlay` holds those that are not, or not yet, as they are on the disk."""

    entries: Mapping[str, Entry]
    overlay: Mapping[str, Opened] = field(default_factory=dict)
    given: Mapping[str, bytes] = field(default_factory=dict)  # the bytes that did not come from the disk

    def open(self, path: str) -> Opened:
        """The text, or what is wrong with it."""
        if path in self.overlay:
            return self.overlay[path]
        try:
            return open_source(path, read_bytes(path))
        except SourceError as error:
            return Opened(None, (Problem(str(error), Span(1, 1, 1, 1)),))

    def relevant(self) -> Iterator[Entry]:
        """The files that can matter."""
        return (entry for entry in self.entries.values() if entry.can_matter)


def scan(paths: Iterable[str]) -> Files:
    """Read every file once, and keep only what its bytes tell."""
    return Files({path: _read(path) for path in paths})


def given(path: str, data: bytes) -> Files:
    """One file whose bytes are given: standard input, an editor's buffer."""
    return Files({path: _entry(path, data)}, {path: open_source(path, data)}, {path: data})


def changed(files: Files, sources: Iterable[SourceText]) -> Files:
    """The same files, some with a new text."""
    entries, overlay = dict(files.entries), dict(files.overlay)
    for source in sources:
        entries[source.path] = _entry(source.path, source.text.encode(errors="surrogatepass"))
        overlay[source.path] = Opened(source, files.open(source.path).problems)
    return Files(entries, overlay, files.given)


def _read(path: str) -> Entry:
    try:
        return _entry(path, read_bytes(path))
    except SourceError as error:
        return Entry(path, "", unreadable=str(error))


def _entry(path: str, data: bytes) -> Entry:
    digest = blake2b(data, digest_size=16).hexdigest()
    return Entry(path, digest, len(data), can_matter(data), speaks_to_us(data), may_silence(data))
