"""What runs outside classes: a script's or notebook's own statements, and the modules that variables hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from initlint.describe import statements
from initlint.describe.index import FileIndex
from initlint.describe.modules import walk
from initlint.describe.nodes import Parameter
from initlint.describe.project import Project
from initlint.describe.run import Frame, Run, Stop
from initlint.describe.values import ModuleObject

BODY_STEP_LIMIT = 20_000
_DEFINES = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_TEST = re.compile(r"^(tests?|testing|test_.*|.*_tests?)$")


def top_level(file: FileIndex) -> list[ast.stmt]:
    """The statements that do something; what the others define is found by its name."""
    return [node for node in file.source.tree.body if not isinstance(node, _DEFINES)]


def is_test(words: Iterable[str]) -> bool:
    """Whether a file's name or one of its folders, which these are, says that it tests others."""
    return any(map(_TEST.match, words))


def read_body(project: Project, file: FileIndex) -> Run:
    """Run the file as a script."""
    top = Frame(file, {"__name__": "__main__"}, "")
    run = Run(project, limit=BODY_STEP_LIMIT, top=top, frames=[top])
    try:
        statements.read_block(run, top_level(file), top)
    except (Stop, RecursionError):
        run.stopped = True
    return run


def held(run: Run, file: FileIndex) -> Iterator[tuple[str, ModuleObject]]:
    """The outermost modules that variables of the file's functions and top level hold, by their names.

    A test builds what it wants to see: its modules are no models.
    """
    if run.frames is None or run.stopped or is_test((*file.parts, PurePath(file.path).stem)):
        return
    found: dict[int, tuple[str, ModuleObject]] = {}
    for frame in run.frames:
        for name, value in frame.env.items() if frame.file is file else ():
            value = run.default_option(value)
            if isinstance(value, ModuleObject) and not value.generic and value.loaded is None:
                found.setdefault(id(value), (name, value))
    parts = {id(part) for _, root in found.values() for _, part in walk(run, root) if part is not root}
    yield from ((name, module) for key, (name, module) in found.items() if key not in parts)


def changed(run: Run, root: ModuleObject, parameter: Parameter) -> bool:
    """Whether the script's code had the last word on the parameter, not the constructor of the class."""
    if root.cls is None:
        return True
    event = parameter.effective
    return event is not None and event.order > run.made.get(id(root), run.order)
