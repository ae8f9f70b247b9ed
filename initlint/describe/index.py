"""What a file defines and imports: the cheap first look that finds everything else."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import PurePath

from initlint.source.text import SourceText

_CONFIGURATIONS = ("Config", "Configuration", "Args", "Arguments")


@dataclass(slots=True, eq=False)
class ClassInfo:
    """A class statement: its methods and the plain assignments in its body."""

    name: str
    node: ast.ClassDef
    methods: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]
    constants: dict[str, ast.expr]
    annotations: dict[str, ast.expr]
    inner: dict[str, ClassInfo]


@dataclass(slots=True, eq=False)
class FileIndex:
    """A file's top-level names. `imports` maps a local name to the dotted name it stands for."""

    source: SourceText
    imports: dict[str, str] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    classes: dict[str, ClassInfo] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    is_script: bool = False

    @property
    def path(self) -> str:
        """The path as shown."""
        return self.source.path

    @property
    def parts(self) -> tuple[str, ...]:
        """The path as package names: `a/b/__init__.py` is (a, b)."""
        pure = PurePath(self.path)
        parts = (*(part for part in pure.parts[:-1] if part != pure.anchor), pure.stem)
        return parts[:-1] if pure.stem == "__init__" else parts


def index(source: SourceText) -> FileIndex:
    """Read the top level of a file. Raises SyntaxError where it does not parse."""
    file = FileIndex(source)
    _collect(file, source.tree.body)
    return file


def outline(source: SourceText) -> FileIndex:
    """As `index`, of a file in which nothing speaks of models: only the bodies of its configurations are kept.

    A tree takes some 35 times its text, and most of it is function bodies.
    """
    file = index(source)
    for function in file.functions.values():
        function.body = []
    for info in file.classes.values():
        for method in () if is_configuration(info.name) else info.methods.values():
            method.body = []
    return file


def is_configuration(name: str) -> bool:
    """Whether a class of this name holds a model's settings."""
    return name.endswith(_CONFIGURATIONS)


def _collect(file: FileIndex, body: list[ast.stmt]) -> None:
    for node in body:
        match node:
            case ast.Import() | ast.ImportFrom():
                record_import(file, node, file.imports)
                for alias in node.names:  # `except ImportError: name = None` stands before what is tried
                    file.constants.pop(alias.asname or alias.name.partition(".")[0], None)
            case ast.ClassDef():
                file.classes[node.name] = class_info(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                file.functions[node.name] = node
            case ast.Assign(targets=targets, value=value):
                file.constants.update(pair for target in targets for pair in _bound(target, value))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                file.constants[name] = value
            case ast.If(test=test):
                file.is_script = file.is_script or _is_main(test)
                _collect(file, node.orelse)
                _collect(file, node.body)
            case ast.Try():
                for handler in node.handlers:
                    _collect(file, handler.body)
                _collect(file, [*node.orelse, *node.finalbody])
                _collect(file, node.body)  # what is tried is what the author wants
            case ast.With():
                _collect(file, node.body)


def _bound(target: ast.expr, value: ast.expr) -> list[tuple[str, ast.expr]]:
    """The names that an assignment binds, each with its value: `width, depth = 64, 6` binds two."""
    match target, value:
        case ast.Name(id=name), _:
            return [(name, value)]
        case ast.Tuple(elts=names), ast.Tuple(elts=values) if len(names) == len(values):
            return [pair for one, other in zip(names, values, strict=True) for pair in _bound(one, other)]
    return []


def class_info(node: ast.ClassDef) -> ClassInfo:
    """What a class body holds. A later definition replaces an earlier one, a setter does not replace its getter."""
    info = ClassInfo(node.name, node, {}, {}, {}, {})
    for statement in _flat(node.body):
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if not any(isinstance(d, ast.Attribute) and d.attr == "setter" for d in statement.decorator_list):
                    info.methods[name] = statement
            case ast.Assign(targets=targets, value=value):
                info.constants.update(pair for target in targets for pair in _bound(target, value))
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                info.annotations[name] = annotation
                if value is not None:
                    info.constants[name] = value
            case ast.ClassDef(name=name):
                info.inner[name] = class_info(statement)
    return info


def _flat(body: list[ast.stmt]) -> list[ast.stmt]:
    return [
        inner for node in body for inner in (_flat([*node.orelse, *node.body]) if isinstance(node, ast.If) else [node])
    ]


def record_import(file: FileIndex, node: ast.Import | ast.ImportFrom, into: dict[str, str]) -> None:
    """Bind the names that an import statement binds, as dotted names."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname:
                into[alias.asname] = alias.name
            else:
                into[alias.name.split(".")[0]] = alias.name.split(".")[0]
        return
    base = _absolute(file, node)
    for alias in node.names:
        if alias.name == "*":
            file.stars.append(base)
        else:
            into[alias.asname or alias.name] = f"{base}.{alias.name}" if base else alias.name


def _absolute(file: FileIndex, node: ast.ImportFrom) -> str:
    """The dotted module an import names; a relative one starts with a dot and is already joined to the file's path."""
    if not node.level:
        return node.module or ""
    pure = PurePath(file.path)
    parts = pure.parts[:-1]
    parts = parts[: len(parts) - (node.level - 1)] if node.level > 1 else parts
    # a dot inside a folder's name (`python3.11`) must not divide it
    folders = [part.replace(".", "\u2024") for part in parts if part not in ("/", ".")]
    return "." + ".".join([*folders, *((node.module or "").split(".") if node.module else ())])


def _is_main(test: ast.expr) -> bool:
    match test:
        case ast.Compare(left=ast.Name(id="__name__")):
            return True
    return False
