"""What scripts and plugins call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from initlint.config import Settings, load
from initlint.engine import make
from initlint.finding import Finding
from initlint.source.discover import discover
from initlint.source.files import given, scan

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel
    from initlint.picture import Picture


def lint_paths(paths: Sequence[str], settings: Settings | None = None) -> list[Finding]:
    """The findings in files and folders, as `initlint PATHS` tells them.

    Without settings, the nearest configuration file above the first path is read.
    """
    if settings is None:
        settings = load(paths[0] if paths else ".")
    return list(make(settings).run(scan(discover(paths, settings.filters))).findings)


def lint_source(text: str, path: str = "<string>", settings: Settings | None = None) -> list[Finding]:
    """The findings in a text; a `path` that ends in .ipynb makes it a notebook."""
    engine = make(Settings() if settings is None else settings)
    return list(engine.run(given(path, text.encode(errors="surrogatepass"))).findings)


def describe(paths: Sequence[str], settings: Settings | None = None) -> Picture:
    """The models in files and folders, as `initlint describe PATHS` tells them: `models`, each with its `parameters`,
    and in `problems` what kept a file from being read.
    """
    from initlint.picture import picture  # parses

    if settings is None:
        settings = load(paths[0] if paths else ".")
    return picture(make(settings), scan(discover(paths, settings.filters)))


def describe_source(text: str, path: str = "<string>") -> FileModel:
    """What initlint believes about the models in a text. Raises SyntaxError where it does not parse."""
    from initlint.describe.build import describe  # parses
    from initlint.describe.project import Project
    from initlint.source.text import SourceText

    source = SourceText(path, text)
    _ = source.tree
    return describe(Project.index([source]), path)


def check_model(model: Any, inputs: Any = None, **options: Any) -> Any:
    """Validate a model against the reference formulas; needs torch.

    `model` is a live one, or a class or function that builds one: then findings name the line of each write. `inputs`
    is what forward takes: a tensor, a tuple, a dict, or a function that makes one. Options are `input_shape`, `seed`,
    `seeds`, `alpha`, `settings` and `propagate` (False: run no forward). The report is true where nothing was found;
    `findings`, `codes` and `parameters` hold what was.
    """
    from initlint.runtime.check import check_model as check  # torch

    return check(model, inputs, **options)
