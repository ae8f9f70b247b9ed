"""`initlint lint`: every option, every exit status."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.commands.invoke import run, words
from tests.line_rules import put

pytestmark = pytest.mark.usefixtures("line_rules")
CONCISE = ("--output-format", "concise")


@pytest.fixture
def net(here: Path) -> Path:
    """A folder with a file that has a finding of each kind."""
    put(here, net="import torch\nx = bad\ny = worse\nz = hint\n", fine="import torch\n")
    return here


def codes(*args: str) -> list[str]:
    content = json.loads(run(*args, "--output-format", "json").out)
    return [one["code"] for one in content["findings"]]


def test_a_path_is_linted_with_or_without_the_commands_name(net: Path) -> None:
    """And no path is the current folder."""
    outs = [run(*args, *CONCISE).out for args in (["."], ["lint", "."], [], ["lint"])]

    assert 1 == len(set(outs))
    assert "net.py:2:5: INI901 [*] `bad`" in outs[0]
    assert "Found 2 findings: 1 error, 1 warning." in outs[0]


def test_exit_statuses(net: Path) -> None:
    """0 nothing found, 1 findings, 2 the user's mistake."""
    assert 1 == run("net.py").status
    assert 0 == run("fine.py").status
    assert 0 == run("net.py", "--exit-zero").status
    assert 2 == run("--no-such-option").status
    assert 2 == run("gone.py").status
    assert 0 == run("--help").status


def test_a_crash_is_status_3_and_debug_shows_it(net: Path) -> None:
    """The other findings are told all the same."""
    put(net, net="import torch\nboom = bad\n")
    done = run("net.py", *CONCISE, "--debug")

    assert 3 == done.status
    assert ["INI003", "INI901"] == sorted(line.split()[1] for line in done.out.splitlines()[:2])
    assert "ZeroDivisionError: no rule" in done.err
    assert "Traceback" not in run("net.py").err


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([], ["INI901", "INI902"]),
        (["--select", "INI902"], ["INI902"]),
        (["--select", "INI902,bad-word"], ["INI901", "INI902"]),
        (["--ignore", "INI90"], []),
        (["--ignore", "INI901", "--ignore", "INI903"], ["INI902"]),
        (["--ignore", "INI9", "--extend-select", "INI902"], ["INI902"]),
        (["--select", "INI9", "--extend-ignore", "INI902"], ["INI901"]),
        (["--min-severity", "info"], ["INI901", "INI902", "INI903"]),
        (["--min-severity", "error"], ["INI902"]),
        (["--per-file-ignores", "net.py:INI901"], ["INI902"]),
        (["--per-file-ignores", "n*:INI901,INI902"], []),
        (["--exclude", "net.py"], []),
        (["--extend-exclude", "n*"], []),
        (["--extend-exclude", "fine.py, net.py"], []),
        (["--config", "ignore = ['INI902']"], ["INI901"]),
        (["net.py", "--exclude", "net.py"], ["INI901", "INI902"]),
        (["net.py", "--exclude", "net.py", "--force-exclude"], []),
    ],
)
def test_options_choose_rules_and_files(net: Path, args: list[str], expected: list[str]) -> None:
    """As ruff's options of the same name do."""
    assert expected == codes(*args)


def test_the_command_line_overrules_the_configuration(net: Path) -> None:
    """A selection starts afresh; additions add."""
    (net / "initlint.toml").write_text("ignore = ['INI901']\nextend-exclude = ['x']\n", encoding="utf-8")

    assert ["INI902"] == codes()
    assert ["INI901"] == codes("--select", "INI901")
    assert [] == codes("--extend-ignore", "INI902")
    assert ["INI901", "INI902"] == codes("--isolated")


def test_a_selection_leaves_the_excludes_of_the_configuration(net: Path) -> None:
    """It is a choice of rules, not of files."""
    (net / "initlint.toml").write_text("extend-exclude = ['net.py']\n", encoding="utf-8")

    assert [] == codes("--select", "ALL", "--extend-exclude", "other.py")


def test_globs_count_from_where_they_are_typed(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a configuration count from its own folder."""
    (net / "src" / "old").mkdir(parents=True)
    put(net / "src" / "old", net="import torch\nbad\n")
    (net / "initlint.toml").write_text("[per-file-ignores]\n'src/old/*' = ['INI902']\n", encoding="utf-8")
    monkeypatch.chdir(net / "src")

    assert ["INI901"] == codes(".")
    assert [] == codes("--exclude", "old/*")
    assert [] == codes("--exclude", "./old/")
    assert [] == codes("--per-file-ignores", "old/*.py:INI901")
    assert ["INI901"] == codes("--per-file-ignores", "src/old/*.py:INI901")


def test_a_configured_fix_can_be_left_undone(net: Path) -> None:
    """By `--no-fix`, as in ruff."""
    (net / "initlint.toml").write_text("fix = true\n", encoding="utf-8")

    assert ["INI901", "INI902"] == codes("--no-fix")
    assert "x = bad" in (net / "net.py").read_text()
    assert ["INI902"] == codes()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--select", "INI9O1"], "error: command line: select: unknown rule 'INI9O1'; did you mean 'INI901'?"),
        (["--per-file-ignores", "INI901"], "error: --per-file-ignores: expected GLOB:CODES"),
        (["gone.py"], "error: no such file or folder: gone.py"),
        (["-", "net.py"], "error: `-` (standard input) cannot be linted together"),
        (["-", "--add-ignores"], "error: --add-ignores changes files"),
        (["--output-file", "no/such/file"], "error: --output-file: cannot write no/such/file"),
        (["--baseline", "gone.json"], "gone.json: no such baseline"),
        (["--output-format", "xml"], "Invalid value for '--output-format'"),
        (["--statistics", "--output-format", "sarif"], "error: --statistics is a table for people: it needs"),
        (["rul", "INI304"], "error: no such file, folder or command: rul; did you mean `initlint rule`?"),
        (["--jobs", "0"], "Invalid value for '-j' / '--jobs'"),
    ],
)
def test_mistakes_of_the_user_are_status_2(net: Path, args: list[str], message: str) -> None:
    """With one clear line."""
    done = run(*args)

    assert 2 == done.status
    assert message in done.err
    assert "Traceback" not in done.err


def test_fixes_are_made_where_asked_for(net: Path) -> None:
    """Safe ones, then the others; the status speaks of what is left."""
    done = run("--fix", *CONCISE)

    assert (1, "import torch\nx = good\ny = worse\nz = hint\n") == (done.status, (net / "net.py").read_text())
    assert "(1 fixed, 1 remaining)" in done.out
    assert 0 == run("--fix", "--unsafe-fixes").status
    assert "import torch\nx = good\ny = good\nz = hint\n" == (net / "net.py").read_text()


def test_a_fix_can_be_made_to_fail_a_build(net: Path) -> None:
    """`--exit-non-zero-on-fix`, for hooks that must not pass silently."""
    assert 1 == run("--fix", "--unsafe-fixes", "--exit-non-zero-on-fix").status
    assert 0 == run("--fix", "--unsafe-fixes", "--exit-non-zero-on-fix").status


def test_a_diff_is_a_patch_and_changes_nothing(net: Path) -> None:
    """Git takes it."""
    before = (net / "net.py").read_text()
    done = run("--diff", "--unsafe-fixes")
    (net / "fix.patch").write_bytes(done.raw)
    subprocess.run(["git", "init", "-q"], cwd=net, check=True)

    assert (1, before) == (done.status, (net / "net.py").read_text())
    assert "would fix 3 findings" in done.err
    subprocess.run(["git", "apply", "fix.patch"], cwd=net, check=True)
    assert "y = good" in (net / "net.py").read_text()
    assert 0 == run("fine.py", "--diff").status


def test_standard_input_is_linted_under_a_name(net: Path) -> None:
    """The name decides configuration, per-file ignores and kind."""
    text = b"import torch\nbad\n"

    assert "<stdin>:2:1: INI901" in run("-", *CONCISE, stdin=text).out
    assert "a/b.py:2:1: INI901" in run("-", "--stdin-filename", "a/b.py", *CONCISE, stdin=text).out
    assert 0 == run("-", "--stdin-filename", "a/b.py", "--per-file-ignores", "a/*:INI901", stdin=text).status
    book = b'{"cells": [{"cell_type": "code", "source": "import torch\\nbad"}]}'
    assert "n.ipynb:cell 1:2:1: INI901" in run("-", "--stdin-filename", "n.ipynb", *CONCISE, stdin=book).out


def test_standard_input_is_fixed_to_standard_output(net: Path) -> None:
    """Byte for byte where nothing is fixed; the report goes to the other stream."""
    text = b"\xef\xbb\xbfimport torch\r\nbad\r\n"
    done = run("-", "--fix", stdin=text)

    assert b"\xef\xbb\xbfimport torch\r\ngood\r\n" == done.raw
    assert "All checks passed! (1 finding fixed)" in done.err
    assert b"x = \xff\n" == run("-", "--fix", stdin=b"x = \xff\n").raw
    assert b"+good\r\n" in run("-", "--diff", stdin=text).raw
    excluded = ("-", "--fix", "--stdin-filename", "build/x.py", "--force-exclude")
    assert text == run(*excluded, stdin=text).raw


def test_a_baseline_accepts_what_is_there(net: Path) -> None:
    """What comes later is told."""
    done = run("--write-baseline", "base.json")

    assert (0, "wrote 2 findings to base.json\n") == (done.status, done.err)
    assert 0 == run("--baseline", "base.json").status
    put(net, fine="import torch\nbad\n")
    assert ["INI901"] == codes("--baseline", "base.json")
    (net / "initlint.toml").write_text("baseline = 'base.json'\n", encoding="utf-8")
    assert ["INI901"] == codes()
    assert 0 == run("--write-baseline", "base.json").status
    assert [] == codes()


def test_accepted_findings_are_not_fixed(net: Path) -> None:
    """A baseline leaves the code alone."""
    run("--write-baseline", "base.json")
    run("--baseline", "base.json", "--fix")

    assert "x = bad" in (net / "net.py").read_text()


def test_ignores_are_added(net: Path) -> None:
    """The next run is silent."""
    done = run("--add-ignores")

    assert (0, "added 2 ignore comments\n") == (done.status, done.err)
    assert "x = bad  # initlint: ignore[INI901]\n" in (net / "net.py").read_text()
    assert 0 == run().status


def test_a_misspelt_directive_is_told(net: Path) -> None:
    """On the other stream, with its place and the cure; the status and the report speak of findings alone."""
    put(net, fine="x = 1  # initlint: disable=INI901\n")
    done = run("fine.py", *CONCISE)

    assert (0, "All checks passed!\n") == (done.status, done.out)
    assert done.err.startswith(
        "warning: fine.py:1:8: invalid directive `# initlint: disable=INI901`: expected `ignore`"
    )
    assert done.err.endswith("; write `# initlint: ignore[INI901]`\n")
    assert "" == run("fine.py", "--quiet").err


def test_a_misspelt_directive_in_a_notebook_is_told_with_its_cell(here: Path) -> None:
    """As findings are."""
    book = b'{"cells": [{"cell_type": "markdown"}, {"cell_type": "code", "source": "x = 1  # initlint: off"}]}'
    done = run("-", "--stdin-filename", "n.ipynb", stdin=book)

    assert done.err.startswith("warning: n.ipynb:cell 2:1:8: invalid directive `# initlint: off`")


def test_files_are_listed(net: Path) -> None:
    """And not linted."""
    assert (0, "fine.py\nnet.py\n") == ((done := run("--show-files")).status, done.out)


def test_a_listed_file_is_no_command_of_a_build_log(here: Path) -> None:
    """Its name still names it."""
    Path("::error::x.py").touch()

    assert "./::error::x.py\n" == run("--show-files").out


def test_findings_are_counted(net: Path) -> None:
    """By rule."""
    assert ["1", "1"] == words(run("--statistics").out.splitlines())[:2]


def test_a_report_goes_to_a_file(net: Path) -> None:
    """In any format; the screen stays empty."""
    done = run("--output-format", "json", "-o", "report.json")

    assert (1, "") == (done.status, done.out)
    assert 2 == len(json.loads((net / "report.json").read_text())["findings"])


def test_the_summary_of_json_counts(net: Path) -> None:
    """Files, findings, fixes."""
    put(net, broken="def f(:\n")
    summary = json.loads(run("--fix", "--output-format", "json").out)["summary"]
    del summary["seconds"]

    assert {
        "files": 3,
        "files_with_findings": 2,
        "errors": 2,
        "warnings": 0,
        "infos": 0,
        "fixable": 1,
        "fixed": 1,
    } == summary


@pytest.mark.parametrize(
    ("args", "environment", "colored"),
    [
        ([], {}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_are_for_terminals_and_for_who_asks(
    net: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], environment: dict[str, str], colored: bool
) -> None:
    """The option, then the environment, then the kind of stream."""
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert colored == ("\x1b[" in run("net.py", *args).out)


def test_quiet_and_verbose(net: Path) -> None:
    """Findings only; or which files, and how long."""
    assert ("", "") == ((done := run("fine.py", "--quiet")).out, done.err)
    assert "2 files, 0 of them without a model, " in run("--verbose").err


def test_the_cache_is_used_where_it_may_be(net: Path) -> None:
    """Written by default; not with `--no-cache`."""
    run("--no-cache")
    assert not (net / ".initlint_cache").exists()
    run("--cache-dir", "elsewhere")
    assert (net / "elsewhere").is_dir()
    run()
    assert (net / ".initlint_cache").is_dir()


def test_names_that_are_no_text_are_told(net: Path) -> None:
    """Bytes that are no UTF-8, line ends and escapes in a file's name."""
    for name in (b"\xff.py", b"a\nb.py", b"\x1b[2J.py"):
        Path(name.decode(errors="surrogateescape")).write_text("import torch\nbad\n", encoding="utf-8")
    done = run(*CONCISE)

    assert [r"\udcff.py:2:1:", r"\x1b[2J.py:2:1:", r"a\nb.py:2:1:"] == sorted(
        word for word in words(done.out.splitlines()) if "2:1" in word
    )
    for name in ("text", "json", "sarif", "github", "gitlab", "junit"):
        assert 1 == run("--output-format", name).status
