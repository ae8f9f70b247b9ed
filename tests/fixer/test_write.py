"""A changed file put on the disk."""

from __future__ import annotations

import dataclasses
import os
import stat
from pathlib import Path

import pytest

from initlint.errors import SourceError
from initlint.fixer.write import write, write_bytes
from initlint.source.read import decode


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to change."""
    path = tmp_path / "net.py"
    path.write_bytes(b"a\r\nb\n")
    return path


def test_the_new_text_takes_the_place_of_the_old(file: Path) -> None:
    """With the line ends that the file has."""
    before = decode(str(file), file.read_bytes())
    write(before, dataclasses.replace(before, text="a\nc\n"), str(file))

    assert file.read_bytes() == b"a\r\nc\n"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_the_mode_stays(file: Path, mode: int) -> None:
    """A script stays a script, a secret a secret."""
    file.chmod(mode)
    write_bytes(str(file), b"a\r\nb\n", b"c")

    assert mode == stat.S_IMODE(file.stat().st_mode)


def test_a_link_stays_a_link(file: Path) -> None:
    """What it points at is written."""
    link = file.parent / "sub" / "link.py"
    link.parent.mkdir()
    link.symlink_to(Path("..") / "net.py")
    write_bytes(str(link), b"a\r\nb\n", b"c")

    assert (link.is_symlink(), file.read_bytes()) == (True, b"c")


def test_a_file_that_changed_meanwhile_is_left_alone(file: Path) -> None:
    """Somebody else's work is not overwritten."""
    before = decode(str(file), file.read_bytes())
    file.write_bytes(b"mine")

    with pytest.raises(SourceError, match="changed meanwhile"):
        write(before, dataclasses.replace(before, text="b"), str(file))
    with pytest.raises(SourceError, match="changed meanwhile"):
        write_bytes(str(file), b"a\r\nb\n", b"c")
    assert file.read_bytes() == b"mine"


def test_a_file_that_is_gone_is_one_clear_error(file: Path) -> None:
    """With the system's reason."""
    before = decode(str(file), file.read_bytes())
    file.unlink()

    with pytest.raises(SourceError, match=r"cannot write .*net\.py: no such file"):
        write(before, before, str(file))
    with pytest.raises(SourceError, match=r"cannot write .*net\.py: no such file"):
        write_bytes(str(file), b"a", b"b")


def test_a_loop_of_links_is_one_clear_error(file: Path) -> None:
    """It has no target."""
    loop = file.parent / "loop.py"
    loop.symlink_to(loop)

    with pytest.raises(SourceError, match="cannot write"):
        write_bytes(str(loop), b"a", b"b")


def test_a_read_only_file_stays(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though its folder would allow to replace it."""
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests may run as the super-user

    with pytest.raises(SourceError, match="read-only"):
        write_bytes(str(file), b"a\r\nb\n", b"c")
    assert file.read_bytes() == b"a\r\nb\n"


def test_a_write_that_fails_leaves_everything_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old bytes, and no temporary file."""

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(SourceError, match="no space left"):
        write_bytes(str(file), b"a\r\nb\n", b"c")
    assert (file.read_bytes(), list(file.parent.iterdir())) == (b"a\r\nb\n", [file])


def test_nothing_new_is_not_written(file: Path) -> None:
    """The file keeps its time."""
    before = file.stat()
    write_bytes(str(file), b"a\r\nb\n", b"a\r\nb\n")

    assert (before.st_mtime_ns, before.st_ino) == (file.stat().st_mtime_ns, file.stat().st_ino)
