"""The pytest plugin: `check_init` for live models, `--initlint` to lint as part of the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from initlint.errors import InitlintError

if TYPE_CHECKING:
    from initlint.finding import Finding

_PLUGIN = "initlint"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--initlint` lints every Python file that is collected."""
    group = parser.getgroup(_PLUGIN)
    group.addoption("--initlint", action="store_true", help="Lint the collected folders for weight initialisation.")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "initlint: a file linted by initlint (--initlint).")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """An item for each Python file, beside the tests that are in it."""
    if file_path.suffix != ".py" or not parent.config.getoption("--initlint"):
        return None
    collector: pytest.Collector = LintedFile.from_parent(parent, path=file_path)
    return collector


class LintedFile(pytest.File):
    """One file to lint."""

    def collect(self) -> Iterator[pytest.Item]:
        """The one item of the file."""
        yield LintItem.from_parent(self, name="initlint")


class FindingsError(Exception):
    """The linter's findings on one file."""


class LintItem(pytest.Item):
    """Fails when the file has findings."""

    def __init__(self, **kwargs: Any) -> None:
        """Mark it, so that `-m initlint` selects it."""
        super().__init__(**kwargs)
        self.add_marker("initlint")

    def runtest(self) -> None:
        """Lint."""
        from initlint.api import lint_paths  # only with --initlint

        findings = lint_paths([str(self.path)])
        if findings:
            raise FindingsError("\n".join(map(_line, findings)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The findings or what is wrong with the configuration, without a traceback."""
        if isinstance(excinfo.value, (FindingsError, InitlintError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """What the report calls it."""
        return self.path, None, f"initlint: {self.path.name}"


@pytest.fixture
def check_init(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`check_init(MyModel)` fails the test when the model's initialisation has findings.

    A class or a function is built under the tape, and findings name their lines; of a live model the numbers are
    judged. Further arguments go to `initlint.check_model`; `ignore=("INI305",)` leaves rules out. What the project's
    configuration selects and ignores holds here too.
    """

    def check(model: Any, inputs: Any = None, *, ignore: tuple[str, ...] = (), **options: Any) -> Any:
        from initlint.config import load  # only a test that asks for it reads the configuration
        from initlint.runtime.check import check_model  # torch

        try:
            options.setdefault("settings", load(str(request.path)))
            report = check_model(model, inputs, **options)
        except InitlintError as error:
            pytest.fail(str(error), pytrace=False)
        told = [finding for finding in report.findings if not ignore or not finding.code.startswith(ignore)]
        if told:
            pytest.fail("\n".join(map(_line, told)), pytrace=False)
        return report

    return check


def _line(finding: Finding) -> str:
    place = f"{finding.path}:{finding.span.line}:{finding.span.column}"
    return f"{place}: {finding.code} {finding.name}: {finding.message}"
