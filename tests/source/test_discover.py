"""From paths to files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from initlint.errors import UsageError
from initlint.source.discover import Filters, discover


def tree(folder: Path, *names: str) -> None:
    """Empty files."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")


def test_python_files_and_notebooks_are_found_sorted(here: Path) -> None:
    """Nothing else is, and paths are as a user would type them."""
    tree(here, "b.py", "a/z.py", "a/n.ipynb", "c.pyi", "d.txt", "e.pyc")

    assert ["a/n.ipynb", "a/z.py", "b.py"] == discover(["."], Filters())


def test_default_excludes_hold_below_the_named_folder(here: Path) -> None:
    """`build` and its like are left out of a walk, and read when named."""
    tree(here, "build/a.py", ".venv/lib/b.py", "node_modules/c.py", "src/d.py", "src/__pycache__/e.txt")

    assert ["src/d.py"] == discover(["."], Filters())
    assert ["build/a.py"] == discover(["build"], Filters())


def test_named_files_are_linted_whatever_they_are(here: Path) -> None:
    """No suffix, excluded, ignored by git: whoever names a file means it."""
    tree(here, "script", "build/a.py", ".gitignore", "b.py")
    (here / ".gitignore").write_text("b.py\n", encoding="utf-8")

    assert ["b.py", "build/a.py", "script"] == discover(["script", "build/a.py", "b.py"], Filters())


def test_forced_excludes_hold_for_named_files(here: Path) -> None:
    """What a pre-commit hook needs: it names every file."""
    tree(here, "build/deep/a.py", "b.py")

    assert ["b.py"] == discover(["build/deep/a.py", "b.py"], Filters(force=True, root=str(here)))


@pytest.mark.parametrize("pattern", ["gen", "gen/", "gen/*.py", "*/x.py", "./gen", "ge?"])
def test_excludes_are_names_or_globs_from_the_root(here: Path, pattern: str) -> None:
    """All spellings that people try."""
    tree(here, "gen/x.py", "src/y.py")

    assert ["src/y.py"] == discover(["."], Filters((pattern,), root=str(here)))


def test_gitignore_files_nest_and_overrule(here: Path) -> None:
    """The nearest file decides, a later line over an earlier, `!` brings back."""
    tree(here, "a.py", "keep/a.py", "keep/b.py", "sub/c.py", "sub/deep/c.py", "out/d.py")
    (here / ".git").mkdir()
    (here / ".gitignore").write_text("a.py\nout/\n", encoding="utf-8")
    (here / "keep" / ".gitignore").write_text("!a.py\nb.py\n", encoding="utf-8")
    (here / "sub" / ".gitignore").write_text("/c.py\n", encoding="utf-8")

    assert ["keep/a.py", "sub/deep/c.py"] == discover(["."], Filters())
    assert 6 == len(discover(["."], Filters(gitignore=False)))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("*\n!*/\n!*.py", ["a.py", "data/a.py", "data/deep/b.py"]),  # all but what is named
        ("data/**\n!data/a.py", ["a.py", "data/a.py"]),  # what lies in a folder is not the folder
        ("data/*\n!data/deep/", ["a.py", "data/deep/b.py"]),
        ("data/\n!data/a.py", ["a.py"]),  # in a folder that is ignored nothing comes back
        ("/*\n!/data/\n/data/*\n!/data/a.py", ["data/a.py"]),
    ],
)
def test_gitignore_files_may_list_what_is_kept(here: Path, lines: str, expected: list[str]) -> None:
    """The ways of ignoring all but some, as `git ls-files -o --exclude-standard` reads them."""
    tree(here, "a.py", "data/a.py", "data/deep/b.py", "data/c.ipynb")
    (here / ".git").mkdir()
    (here / ".gitignore").write_text(f"{lines}\n*.ipynb\n", encoding="utf-8")

    assert expected == discover(["."], Filters())


def test_gitignore_files_above_count_up_to_the_repository(here: Path) -> None:
    """A walk that starts below still knows the repository's file, and none beyond it."""
    tree(here, "repo/src/a.py", "repo/src/b.py")
    (here / ".gitignore").write_text("b.py\n", encoding="utf-8")
    (here / "repo" / ".git").mkdir()
    (here / "repo" / ".gitignore").write_text("a.py\n", encoding="utf-8")

    assert ["repo/src/b.py"] == discover(["repo/src"], Filters())


def test_an_ignored_folder_is_read_when_named(here: Path) -> None:
    """The ignore above it does not empty it."""
    tree(here, "out/d.py")
    (here / ".git").mkdir()
    (here / ".gitignore").write_text("out/\n", encoding="utf-8")

    assert ["out/d.py"] == discover(["out"], Filters())


def test_git_info_exclude_counts(here: Path) -> None:
    """What git leaves out by `.git/info/exclude` is left out here."""
    tree(here, "a.py", "b.py", ".git/info/exclude")
    (here / ".git" / "info" / "exclude").write_text("a.py\n", encoding="utf-8")

    assert ["b.py"] == discover(["."], Filters())


def test_loops_of_links_end(here: Path) -> None:
    """Links to folders are not followed inside a walk; a file that links to itself is passed over."""
    tree(here, "src/a.py")
    (here / "src" / "loop").symlink_to(here / "src", target_is_directory=True)
    (here / "src" / "self.py").symlink_to(here / "src" / "self.py")
    (here / "entry").symlink_to(here / "src", target_is_directory=True)

    assert ["src/a.py"] == discover(["."], Filters())
    assert ["entry/a.py"] == discover(["entry"], Filters())


def test_each_file_comes_once(here: Path) -> None:
    """However often and under whatever name it is given."""
    tree(here, "src/a.py")
    (here / "src" / "b.py").symlink_to(here / "src" / "a.py")

    assert ["src/a.py"] == discover(["src", "src/a.py", "./src/../src/a.py", str(here / "src" / "b.py")], Filters())


def test_a_path_that_is_not_there_is_an_error(here: Path) -> None:
    """It is named."""
    with pytest.raises(UsageError, match=r"no such file or folder: gone\.py"):
        discover(["gone.py"], Filters())


def test_paths_outside_of_the_folder_stay_absolute(here: Path) -> None:
    """A path that would climb is clearer from the root."""
    tree(here, "out/a.py", "in/b.py")
    os.chdir(here / "in")

    assert [str(here / "out" / "a.py")] == discover(["../out"], Filters())


def test_a_folder_that_may_not_be_read_is_passed_over(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk goes on."""
    tree(here, "a/x.py", "b/y.py")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("a"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr("os.scandir", refuse)

    assert ["b/y.py"] == discover(["."], Filters())
