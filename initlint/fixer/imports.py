"""Names that a new piece of code needs, imported in the file's own style."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import dropwhile, takewhile

import libcst as cst

from initlint.finding import Edit
from initlint.fixer.commas import Items, names_of
from initlint.fixer.fragment import CannotRewrite, insert, module, replace, typed
from initlint.fixer.layout import comments_above, row, start
from initlint.fixer.scopes import binders
from initlint.fixer.statements import delete_statement
from initlint.source.text import SourceText

_MODULE = "torch.nn.init"
_IMPORTS = (ast.Import, ast.ImportFrom)
_REST = {"torch.nn.init": "", "torch.nn": ".init", "torch": ".nn.init"}
# Tried in turn where the file has no way to say `nn.init`; the last one's name is nobody else's.
_ADDITIONS = (
    ("nn", "from torch import nn", "nn.init"),
    ("init", "from torch.nn import init", "init"),
    ("torch", "import torch", "torch.nn.init"),
    ("torch_init", "from torch.nn import init as torch_init", "torch_init"),
)


@dataclass(frozen=True, slots=True)
class Available:
    """How to spell something at a place in the file, and the edits (an import, or none) that make it so."""

    name: str
    edits: tuple[Edit, ...] = ()


def init_prefix(source: SourceText, at: ast.AST) -> Available:
    """How `torch.nn.init` is spelled at `at`: `nn.init`, `init`, `torch.nn.init`, `th.nn.init`, ..."""
    spellings = [(name, spelling) for name, spelling in _spellings(source) if _only_torch(source, name, at)]
    if spellings:
        return Available(min(spellings, key=lambda pair: pair[1].count("."))[1])
    for name, statement, spelling in _ADDITIONS:
        if not binders(source, name, at) and not binders(source, name):
            return Available(spelling, add_import(source, statement, at))
    raise CannotRewrite("every name for torch.nn.init is taken")


def torch_name(source: SourceText, dotted: str, at: ast.AST) -> Available:
    """How a thing of torch or torch.nn, `torch.no_grad` or `torch.nn.Parameter`, is spelled at `at`."""
    rest = dotted.removeprefix("torch")
    found = []
    for name, spelling in _spellings(source):
        if not _only_torch(source, name, at):
            continue
        if spelling == f"{name}.nn.init":
            found.append(f"{name}{rest}")
        elif spelling == f"{name}.init" and rest.startswith(".nn."):
            found.append(f"{name}{rest.removeprefix('.nn')}")
    if found:
        return Available(min(found, key=lambda spelling: spelling.count(".")))
    name, statement = ("nn", "from torch import nn") if rest.startswith(".nn.") else ("torch", "import torch")
    if binders(source, name, at) or binders(source, name):
        raise CannotRewrite(f"{name} is something else here")
    spelled = dotted.removeprefix("torch.") if name == "nn" else dotted
    return Available(spelled, add_import(source, statement, at))


def imported_beside(source: SourceText, name: str, new_name: str, at: ast.AST) -> Available:
    """How `new_name` is spelled at `at`, where `name` stands for a function that was imported from its module."""
    found = binders(source, name, at)
    if not found and _star(source):
        return Available(new_name)
    if len(found) != 1 or not isinstance(found[0], ast.ImportFrom):
        raise CannotRewrite(f"{name} is not bound by one import")
    statement = found[0]
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ImportFrom) or (node.module, node.level) != (statement.module, statement.level):
            continue
        for alias in node.names:
            here = alias.asname or alias.name
            if alias.name == new_name and binders(source, here, at) == [node]:
                return Available(here)
    if binders(source, new_name, at):
        raise CannotRewrite(f"{new_name} is something else here")
    old = next((alias for alias in statement.names if (alias.asname or alias.name) == name), None)
    renamed = old is not None and new_name == f"{old.name}_" and not _any_ignored(source, name)
    if old is None or not (renamed or len(_mentions(source, name)) == 1) or not _is_own(source, name):
        return Available(new_name, _add_alias(source, statement, new_name))
    if renamed and old.asname:
        return Available(old.asname, _add_alias(source, statement, f"{new_name} as {old.asname}", instead_of=name))
    return Available(new_name, _add_alias(source, statement, new_name, instead_of=name))


def add_import(source: SourceText, statement: str, at: ast.AST | None = None) -> tuple[Edit, ...]:
    """Add an import behind the file's first run of imports, else below its docstring or opening comments."""
    body = source.tree.body
    limit = getattr(at, "lineno", len(source.lines) + 1)
    rest = dropwhile(lambda node: not isinstance(node, _IMPORTS), body)
    run = [node for node in takewhile(lambda node: isinstance(node, _IMPORTS), rest) if node.lineno < limit]
    docstring = body[:1] if ast.get_docstring(source.tree, clean=False) is not None else []
    if run or docstring:
        anchor = (run or docstring)[-1]
        line = row(source, anchor).span.end_line
        apart = "\n\n" if not run or _future(anchor) else "\n"
        return insert(source, line, len(source.lines[line - 1]) + 1, f"{apart}{statement}")
    if not body:
        return insert(source, len(source.lines), 1, f"{statement}\n")
    return insert(source, start(source, body[0])[0], 1, f"{statement}\n\n")


def drop_import(source: SourceText, use: ast.Name) -> tuple[Edit, ...]:
    """Take out the import behind `use` where that is all it is for; nothing where others may have it from here."""
    found = binders(source, use.id, use)
    if len(found) != 1 or len(_mentions(source, use.id)) != 1 or not _is_own(source, use.id):
        return ()
    match found[0]:
        case ast.Import() | ast.ImportFrom() as statement if statement in source.tree.body:
            here = row(source, statement).span
        case _:
            return ()
    if "#" in source.lines[here.end_line - 1] or comments_above(source, here.line) < here.line:
        return ()  # a comment would be left without what it speaks of
    if len(statement.names) == 1:
        return delete_statement(source, statement)
    if not isinstance(statement, ast.ImportFrom):
        return ()
    place = [alias.asname or alias.name for alias in statement.names].index(use.id)
    return _with_names(source, statement, lambda items: items.drop(place))


def _future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _spellings(source: SourceText) -> Iterator[tuple[str, str]]:
    """The names by which the file's own imports reach torch.nn.init, each with the whole spelling."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    if alias.asname is None and alias.name.split(".")[0] == "torch":
                        yield "torch", _MODULE
                    elif alias.asname and alias.name in _REST:
                        yield alias.asname, alias.asname + _REST[alias.name]
            case ast.ImportFrom(module=str(origin), names=aliases, level=0):
                for alias in aliases:
                    whole = f"{origin}.{alias.name}"
                    if whole in _REST:
                        name = alias.asname or alias.name
                        yield name, name + _REST[whole]


def _only_torch(source: SourceText, name: str, at: ast.AST) -> bool:
    """Whether nothing but imports of torch that have run before `at` give `name` its meaning there."""
    found = binders(source, name, at)
    functions = [node for node in source.above(at) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    for node in found:
        if not isinstance(node, _IMPORTS) or not _from_torch(node, name):
            return False
        above = list(source.above(node))
        if any(isinstance(owner, ast.If) and "TYPE_CHECKING" in ast.dump(owner.test) for owner in above):
            return False
        in_module = not any(isinstance(owner, (ast.FunctionDef, ast.AsyncFunctionDef)) for owner in above)
        if node.lineno >= at.lineno and not (in_module and functions):  # type: ignore[attr-defined]
            return False
    return bool(found)


def _from_torch(node: ast.Import | ast.ImportFrom, name: str) -> bool:
    for alias in node.names:
        origin = f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
        if (alias.asname or alias.name).split(".")[0] == name:
            return origin in _REST or (isinstance(node, ast.Import) and alias.asname is None)
    return False


def _star(source: SourceText) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and node.module == _MODULE and node.names[0].name == "*"
        for node in source.tree.body
    )


def _mentions(source: SourceText, name: str) -> list[ast.AST]:
    """The places at which the file speaks of `name`."""
    return [
        node
        for node in ast.walk(source.tree)
        if (isinstance(node, ast.Name) and node.id == name) or (isinstance(node, ast.Constant) and node.value == name)
    ]


def _any_ignored(source: SourceText, name: str) -> bool:
    """Whether the name is to stay at some place; else all of them want what their deprecated function stands for."""
    lines = {node.lineno for node in _mentions(source, name)}  # type: ignore[attr-defined] # names and constants have one
    return any("noqa" in source.lines[line - 1] or "initlint:" in source.lines[line - 1] for line in lines)


def _is_own(source: SourceText, name: str) -> bool:
    """Whether nobody else has the name from here; a package's `__init__` imports names for others."""
    listed = any(isinstance(node, ast.Constant) for node in _mentions(source, name))
    return not listed and not source.path.endswith("__init__.py")


def _add_alias(
    source: SourceText, statement: ast.ImportFrom, name: str, *, instead_of: str | None = None
) -> tuple[Edit, ...]:
    if instead_of is None:
        return _with_names(source, statement, lambda items: items.append(name))
    place = [alias.asname or alias.name for alias in statement.names].index(instead_of)
    return _with_names(source, statement, lambda items: items.texts.__setitem__(place, name))


def _with_names(source: SourceText, statement: ast.ImportFrom, change: Callable[[Items], None]) -> tuple[Edit, ...]:
    """The edit that changes which names an import brings."""
    span = source.span(statement)
    line = typed(module(source.segment(span) + "\n").body[0], cst.SimpleStatementLine)
    node = typed(line.body[0], cst.ImportFrom)
    if isinstance(node.names, cst.ImportStar):
        raise CannotRewrite("a star import")
    items, tail = names_of(node, node.names), ")" if node.rpar else ""
    head = source.segment(span)[: -len(items.code + tail)]
    change(items)
    return replace(source, span, f"{head}{items.code}{tail}")
