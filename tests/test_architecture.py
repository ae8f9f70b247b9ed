"""Who may import what: read from the import statements, and seen in fresh interpreters."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted([*ROOT.glob("initlint/**/*.py"), *ROOT.glob("rules/**/*.py")])

FRAMEWORKS = {"torch", "numpy", "transformers", "torchvision", "timm"}
HEAVY = {*FRAMEWORKS, "libcst", "rich", "pathspec", "multiprocessing", "concurrent", "asyncio", "sqlite3", "pygls"}


@dataclass(frozen=True)
class Import:
    """One import of a module: `at_once` when importing the module does it, not a function's first call."""

    module: str
    name: str
    line: int
    at_once: bool

    @property
    def top(self) -> str:
        return self.name.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.name}"


def imports(path: Path, text: str | None = None) -> Iterator[Import]:
    """Every import that can happen; those under TYPE_CHECKING cannot."""
    module = path.relative_to(ROOT).as_posix()
    pending: list[tuple[ast.AST, bool]] = [
        (ast.parse(path.read_text(encoding="utf-8") if text is None else text), True)
    ]
    while pending:
        node, at_once = pending.pop()
        match node:
            case ast.Import():
                yield from (Import(module, alias.name, node.lineno, at_once) for alias in node.names)
            case ast.ImportFrom():
                base = "." * node.level + (node.module or "")
                yield from (Import(module, f"{base}.{alias.name}", node.lineno, at_once) for alias in node.names)
            case ast.If(test=ast.Name("TYPE_CHECKING")):
                pending += [(child, at_once) for child in node.orelse]
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                pending += [(child, False) for child in ast.iter_child_nodes(node)]
            case _:
                pending += [(child, at_once) for child in ast.iter_child_nodes(node)]


def under(*folders: str) -> list[Path]:
    found = [path for path in MODULES if path.relative_to(ROOT).as_posix().startswith(folders)]
    assert found, folders
    return found


def in_child(path: Path) -> bool:
    """Whether the module is one of the runtime's that live beside torch."""
    return path in under("initlint/runtime/") and any(one.top == "torch" for one in imports(path))


def faults(paths: list[Path], forbidden: set[str], *, at_once: bool) -> list[str]:
    return [
        str(one) for path in paths for one in imports(path) if one.top in forbidden and (one.at_once or not at_once)
    ]


def test_only_the_runtime_imports_a_framework() -> None:
    """Outside of `runtime/` nothing imports torch, not even late."""
    outside = [path for path in MODULES if path not in under("initlint/runtime/")]

    assert [] == faults(outside, FRAMEWORKS, at_once=False)


def test_the_child_imports_no_parser_and_no_command_line() -> None:
    """The child process is started often: it loads neither LibCST nor click."""
    inside = [path for path in MODULES if in_child(path)]

    assert inside
    assert [] == faults(inside, {"libcst", "click", "rich"}, at_once=False)


def test_data_and_formulas_import_nothing() -> None:
    """`finding` needs the standard library alone, `reference` itself and that."""
    standard = sys.stdlib_module_names

    for path in under("initlint/finding.py", "initlint/reference/"):
        foreign = [one for one in imports(path) if one.top not in standard]
        assert [] == [str(one) for one in foreign if not one.name.startswith("initlint.reference.")]


def test_libcst_is_imported_by_the_fixer_alone() -> None:
    """Describing needs no LibCST; its matchers, which cost as much again, are used nowhere."""
    outside = [path for path in MODULES if path not in under("initlint/fixer/")]

    assert [] == faults(outside, {"libcst"}, at_once=False)
    assert [] == [str(one) for path in MODULES for one in imports(path) if one.name.startswith("libcst.matchers")]


def test_the_way_to_the_cache_imports_nothing_heavy_at_once() -> None:
    """Command line, configuration, packs, sources and reports load what is heavy on first need."""
    files = [path for path in MODULES if path.parent == ROOT / "initlint"]
    light = [*files, *under("initlint/commands/", "initlint/source/", "initlint/report/")]

    assert [] == faults(light, HEAVY, at_once=True)
    assert [] == [
        str(one) for path in light for one in imports(path) if one.at_once and "importlib.metadata" in one.name
    ]


def test_rules_do_not_know_each_other_nor_the_engine() -> None:
    """A rule reads the description and the formulas; no rule imports another, nor what runs it."""
    layers = ("initlint.rule.", "initlint.finding.", "initlint.reference.", "initlint.describe.", "initlint.fixer.")
    allowed = (*layers, "initlint.source.syntax")  # a faster `ast.walk`

    for path in under("rules/"):
        known = [one for one in imports(path) if one.top not in sys.stdlib_module_names]
        assert [] == [str(one) for one in known if not one.name.startswith(allowed)]


def test_no_rule_is_imported_by_name() -> None:
    """The engine meets rules through their entry point only."""
    assert [] == faults(MODULES, {"initlint_rules", "rules"}, at_once=False)


def test_the_reading_of_imports_can_fail() -> None:
    """A forbidden import is seen at the top, inside a function and inside a class, and not under TYPE_CHECKING."""
    text = (
        "import torch.nn\n"
        "if TYPE_CHECKING:\n    import numpy\n"
        "def f():\n    from libcst import matchers\n"
        "class C:\n    import rich\n"
    )
    seen = {one.name: one.at_once for one in imports(ROOT / "initlint" / "cli.py", text)}

    assert {"torch.nn": True, "libcst.matchers": False, "rich": True} == seen


def loaded(code: str, folder: Path) -> set[str]:
    """The heavy modules that a fresh interpreter has loaded after the code."""
    ending = f"\nimport sys\nprint(*sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)\n"
    guarded = f"try:\n    {code}\nexcept SystemExit as e:\n    assert e.code in (0, 1), e.code\n{ending}"
    done = subprocess.run([sys.executable, "-c", guarded], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def run(*args: str) -> str:
    return f"from initlint.cli import main; main({list(args)!r})"


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["lint", "--help"], ["rule"], ["config"]])
def test_light_commands_load_nothing_heavy(args: list[str], tmp_path: Path) -> None:
    """Help, version, the catalogue and the settings come from the standard library and click."""
    assert set() == loaded(run(*args), tmp_path)


def test_files_without_torch_need_no_parser(tmp_path: Path) -> None:
    """A file that cannot hold a model is not described: sqlite, for the cache, is all that is loaded."""
    (tmp_path / "plain.py").write_text("x = 1\n", encoding="utf-8")

    assert loaded(run("."), tmp_path) <= {"sqlite3"}


def test_a_run_answered_by_the_cache_loads_no_parser(tmp_path: Path) -> None:
    """The second run over a model loads neither torch nor LibCST, nor what describes."""
    (tmp_path / "net.py").write_text("import torch\nfrom torch import nn\nnet = nn.Linear(2, 2)\n", encoding="utf-8")
    # The stamp is fixed: somebody may be editing a rule while the tests run.
    lint = f"from initlint import packs; packs.stamp = lambda folders: 'x'; {run('.')}"

    assert not loaded(lint, tmp_path) & FRAMEWORKS
    assert loaded(lint, tmp_path) <= {"sqlite3"}
    assert "False" in told(lint, "'initlint.describe.build' in sys.modules", tmp_path)
    assert "False" in told(lint, "'initlint_rules' in sys.modules", tmp_path)


def told(code: str, question: str, folder: Path) -> str:
    text = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint({question})\n"
    return subprocess.run([sys.executable, "-c", text], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_the_fresh_interpreter_can_tell(tmp_path: Path) -> None:
    """The meta-test: a heavy import is seen."""
    assert "libcst" in loaded("import libcst", tmp_path)
