"""What the rest of the project does to a class's parameters: its heirs, the classes and functions that build it."""

from __future__ import annotations

import ast
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from initlint.describe import bodies, build, classes
from initlint.describe.bystanders import stands_by
from initlint.describe.index import FileIndex
from initlint.describe.nodes import AttributeWrite, FileModel, InitEvent, Parameter, Site
from initlint.describe.project import Project
from initlint.describe.run import Run
from initlint.describe.values import ClassRef, Function, Storage, Tensor
from initlint.source import syntax
from initlint.source.syntax import Parents
from initlint.source.words import word, words

USER_LIMIT = 12  # a class that more places build is read at the nearest of them: what fills it fills it there
Place = tuple[str, int, int]
# What code that is not read, a script's own or a trainer's, may do to the weights of a model it builds.
_MAY_FILL = re.compile(
    r"\binit\.\w|xavier|kaiming|init_?weights|weights?_?init|init_?param|reset_parameters|\.apply\("
    r"|for [\w, ]+ in [\w.]*parameters\(\)|\b(p|param|parameter|weight|bias|w)\.data\b"
    r"|(normal|uniform|copy|fill|zero)_\("
)
_TRAINS = re.compile(r"optim|\.backward\(|\.fit\(|Trainer\(")
_REGISTERS = re.compile(r"regist|build_from|factory", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The tensors that one reading made, by where they are made, and how often each was written to."""

    writes: dict[Place, int]  # loading a checkpoint is none
    redrawn: frozenset[Place]  # written to after a deep copy
    loaded: frozenset[Place] = frozenset()
    trains: bool = False  # it trains what it builds


@dataclass(frozen=True, slots=True)
class Usage:
    """What all readings of a class's users come to. `sure` is False where some code could not be read.

    `whole` is False where more of them build it, or derive from it, than are read.
    """

    ledgers: tuple[Ledger, ...]
    sure: bool
    whole: bool = True

    def rewrites(self, site: Site, writes: int = 1) -> bool:
        """Whether some user writes to the tensor made at `site` more often than its own class does.

        A script that loads a checkpoint says nothing of another that trains from the start.
        """
        here = place(site)
        if any(ledger.writes.get(here, 0) > writes for ledger in self.ledgers):
            return True
        from_start = any(
            ledger.trains and here in ledger.writes and here not in ledger.loaded for ledger in self.ledgers
        )
        return not from_start and any(here in ledger.loaded for ledger in self.ledgers)

    def redraws(self, site: Site) -> bool:
        """Whether some user draws the copies of the layer made at `site` anew."""
        return any(place(site) in ledger.redrawn for ledger in self.ledgers)


def place(site: Site) -> Place:
    """A place in the project's text that outlives its syntax tree."""
    node = site.node
    return site.path, getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def usage(project: Project, site: Site) -> Usage:
    """What the users of the class (or top-level function) around `site` do with what is made there."""
    file = project.file(site.path)
    name = _around(site)
    if file is None or name is None or _is_registered(file, name):
        return Usage((), False)
    key = f"usage:{site.path}:{name}"
    if key not in project.memo:
        project.memo[key] = _usage(project, file, name)
    return project.memo[key]  # type: ignore[return-value]


def _around(site: Site) -> str | None:
    """The name of the top-level class or function that the place is in."""
    node: ast.AST | None = site.node
    name: str | None = None
    while node is not None:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            name = node.name
        node = site.source.parents.get(node)
    return name


def _is_registered(file: FileIndex, name: str) -> bool:
    """Whether a decorator puts the class where others build it by a word in a configuration."""
    info = file.classes.get(name)
    decorators = info.node.decorator_list if info is not None else []
    return any(_REGISTERS.search(ast.unparse(decorator)) for decorator in decorators)


def _usage(project: Project, file: FileIndex, name: str) -> Usage:
    queue, seen = deque([(file, name)]), {(file.path, name)}
    ledgers: list[Ledger] = []
    sure = True
    while queue:
        home, target = queue.popleft()
        for user, scope in _users(project, home, target):
            if (user.path, scope or "") in seen:
                continue
            seen.add((user.path, scope or ""))
            if len(seen) > USER_LIMIT:
                return Usage(tuple(ledgers), sure, whole=target != name)
            ledger = _read(project, user, scope)
            if ledger is None and scope is not None and stands_by(user, scope, _names(user, target), home):
                ledger = Ledger({}, frozenset())
            sure = sure and ledger is not None and not (scope is None and _is_handed_on(user, target))
            ledgers += [ledger] if ledger is not None else []
            if scope is not None:
                queue.append((user, scope))
    return Usage(tuple(ledgers), sure)


def _users(project: Project, home: FileIndex, name: str) -> Iterator[tuple[FileIndex, str | None]]:
    """The top-level classes and functions that name it, and None for code at a file's top level."""
    own, imports = re.compile(rf"^(async def|def|class) {re.escape(name)}\b", re.MULTILINE), _ways_in(project, home)
    for path in project.mentioning(name):
        text = project.sources[path].text
        if path != home.path and (own.search(text) or not imports.search(text)):
            continue  # hundreds of scripts speak of `main`: none of them is parsed for another's
        file = project.file(path)
        if file is None or not _means(project, file, home, name):
            continue
        names = _names(file, name)
        lines = file.source.lines_with(words(names))
        for scope, node in (*((n, i.node) for n, i in file.classes.items()), *file.functions.items()):
            if not (file is home and scope == name) and _names_it(node, names, lines):
                yield file, scope
        if any(_names_it(node, names, lines) for node in bodies.top_level(file)):
            yield file, None


def _names(file: FileIndex, name: str) -> set[str]:
    """The class's name in the file, also as `from net import Net as Model` gives it one."""
    return {name, *(local for local, dotted in file.imports.items() if dotted.endswith(f".{name}"))}


def _ways_in(project: Project, home: FileIndex) -> re.Pattern[str]:
    """The words of which any import that reaches the file has one: its own name, or a package's that may hand it on."""
    names = [*home.parts[-2:]]
    for folder in PurePath(home.path).parents:  # the last of them is its own parent
        init = str(folder / "__init__.py")
        if init not in project.sources and init not in project.unread:
            break
        names += [folder.name] if folder.name else []
    return re.compile("|".join([*map(word, names), r"from \.+ import\b"]))


def _means(project: Project, file: FileIndex, home: FileIndex, name: str) -> bool:
    """Whether the name can stand for what `home` defines: not where the file has one of its own."""
    if file is home:
        return True
    found = project.member(file, name)
    if isinstance(found, (ClassRef, Function)):
        return found.file is home
    return True


def _names_it(node: ast.AST, names: set[str], lines: Sequence[int]) -> bool:
    """Whether the code speaks of it, also as `from net import Net as Model` lets it. The names stand on these lines."""
    return any(
        (isinstance(inner, ast.Name) and inner.id in names)
        or (isinstance(inner, ast.Attribute) and inner.attr in names)
        for inner in syntax.walk_lines([node], lines)
    )


def _is_handed_on(file: FileIndex, name: str) -> bool:
    """Whether the file's top level hands it to a builder as a part, `net(part=lazy(Name)())`: its owner is not read."""
    lines = file.source.lines_with(words([name]))
    outer = (one for one in syntax.walk_lines(bodies.top_level(file), lines) if isinstance(one, ast.Call))
    parts = (part for call in outer for part in (*call.args, *(one.value for one in call.keywords)))
    builders = (part.func for part in parts if isinstance(part, ast.Call) and isinstance(part.func, ast.Call))
    given = (arg for builder in builders for arg in builder.args)
    return any(isinstance(arg, (ast.Name, ast.Attribute)) and _names_it(arg, {name}, lines) for arg in given)


def _read(project: Project, file: FileIndex, scope: str | None) -> Ledger | None:
    """What one user leaves; None where it could not be read and may do anything."""
    key = f"ledger:{file.path}:{scope}"
    if key not in project.memo:
        project.memo[key] = None  # a user of itself
        project.memo[key] = _ledger_of(project, file, scope)
    return project.memo[key]  # type: ignore[return-value]


def _ledger_of(project: Project, file: FileIndex, scope: str | None) -> Ledger | None:
    if scope is None:
        return _of_script(project, file)
    if scope in file.functions:
        node = file.functions[scope]
        if any(_is_table(project, file, inner) for inner in syntax.walk(node) if isinstance(inner, ast.stmt)):
            return None
        text = file.source.code_lines(node)
        return replace(_ledger([build.read_function(project, Function(node, file))]), trains=bool(_TRAINS.search(text)))
    info = file.classes.get(scope)
    if info is None:
        return None
    cls = ClassRef(info, file)
    if classes.is_module(project, cls):
        model, run = build.read_class(project, cls)
        return _ledger([run, *_late(project, cls)]) if model.complete else None
    text = file.source.code_lines(info.node)
    if _MAY_FILL.search(text):
        return None
    if "load_state_dict" not in text:
        return Ledger({}, frozenset())
    return replace(_ledger([build.read_object(project, cls)]), trains=bool(_TRAINS.search(text)))


def _of_script(project: Project, file: FileIndex) -> Ledger | None:
    """What a file's top level leaves."""
    top = bodies.top_level(file)
    text = "\n".join(ast.unparse(node) for node in top)
    if any(_is_table(project, file, node) for node in top):
        return None
    trains = bool(_TRAINS.search(text))
    if not (trains or _MAY_FILL.search(text)):
        return Ledger({}, frozenset())
    run = bodies.read_body(project, file)
    return None if run.stopped else replace(_ledger([run]), trains=trains)


def _is_table(project: Project, file: FileIndex, node: ast.stmt) -> bool:
    """Whether it binds a name to a table of things that build, from which others may build by key."""
    value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
    return isinstance(value, (ast.Dict, ast.List, ast.Tuple)) and _may_build(project, file, value)


def _may_build(project: Project, file: FileIndex, node: ast.expr | None) -> bool:
    """Whether a class or function of the project is in it; numbers, words and what others have made build nothing."""
    match node:
        case ast.Dict(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts):
            return any(_may_build(project, file, part) for part in parts)
        case ast.Call(args=args, keywords=keywords):  # `partial(Net)`, `dict(net=Net)`
            return any(_may_build(project, file, part) for part in (*args, *(one.value for one in keywords)))
        case ast.Name(id=name):
            return isinstance(project.member(file, name), (ClassRef, Function))
        case ast.Attribute():
            head, _, rest = ast.unparse(node).partition(".")
            found = project.resolve(f"{file.imports[head]}.{rest}", file) if head in file.imports else None
            return isinstance(found, (ClassRef, Function))
        case ast.Lambda():
            return True
    return False


def _late(project: Project, cls: ClassRef) -> Iterator[Run]:
    """The methods that the constructor does not call, read on an object that it made; inherited ones as well."""
    seen = {"__init__", "forward"}
    for entry in classes.order(project, cls):
        for name in entry.info.methods.keys() - seen if isinstance(entry, ClassRef) else ():
            if re.search(r"init|reset", name) and (method := classes.find(project, cls, name)) is not None:
                yield build.read_function(project, Function(method.node, method.file, owner=cls))
            seen.add(name)


def _ledger(runs: list[Run]) -> Ledger:
    storages = [storage for run in runs for storage in run.storages]
    trained = {id(one): run.trained for run in runs for one in run.storages}
    writes: dict[Place, int] = {}
    loaded: set[Place] = set()
    replaced = _replaced(runs)
    for one in storages:
        if one.site is not None:
            events = _before(one, trained[id(one)])
            loads = [event for event in events if _is_load(event)]
            loaded |= {place(one.site)} if any(event.certain for event in loads) else set()
            count = len(events) - len(loads) + (id(one) in replaced)
            writes[place(one.site)] = max(writes.get(place(one.site), 0), count)
    redrawn = {place(one.site) for one in storages if one.site is not None and is_redrawn(one)}
    return Ledger(writes, frozenset(redrawn), frozenset(loaded))


def _replaced(runs: list[Run]) -> set[int]:
    """The parameters that a user puts others in the place of, before it trains: `net.fc.weight = nn.Parameter(w)`."""
    return {
        id(write.previous.storage)
        for run in runs
        for write in run.records
        if isinstance(write, AttributeWrite) and isinstance(write.previous, Tensor) and write.scope != "__init__"
        if run.trained is None or write.order < run.trained
    }


def _before(storage: Storage, trained: int | None) -> list[InitEvent]:
    """What happens before training: the best checkpoint, loaded for a test, is what was trained from the start."""
    events = storage.events
    if trained is None or not events or events[0].order > trained:  # nothing is trained, or another model was
        return events
    return [event for event in events if event.order < trained]


def _is_load(event: InitEvent) -> bool:
    """Whether it is what `load_state_dict` leaves."""
    match event:
        case InitEvent(scheme="copy", site=Site(node=ast.Call(func=ast.Attribute(attr=name)))):
            return name.startswith("load")
    return False


def is_redrawn(storage: Storage) -> bool:
    """Whether a copy was written to after it was copied. A checkpoint that some runs resume from is no such write."""
    source = storage.source
    if source is None:
        return False
    inherited = {id(event) for event in source.events}
    own = (event for event in storage.events if id(event) not in inherited)
    return any(event.certain or not _is_load(event) for event in own)


def rewritten(file: FileModel, parameter: Parameter) -> bool:
    """Whether a user elsewhere in the project is known to write to the parameter after its own class has."""
    site = parameter.storage.site
    if file.references is None or site is None:
        return False
    return usage(file.references.project, site).rewrites(site, len(parameter.history))


def is_filled_elsewhere(file: FileModel, parameter: Parameter) -> bool:
    """Whether a user writes to it, or code somewhere to the raw parameter of this name, as it would to this class's.

    The writes that the parameter is known to get are no others.
    """
    if rewritten(file, parameter):
        return True
    cls = parameter.module.cls
    if file.references is None or cls is None or parameter.spec is not None:
        return False
    known = frozenset(place(event.site) for event in parameter.history if event.site is not None)
    return written_by_name(file.references.project, cls.name, parameter.slot, known)


_COMMON_SLOTS = frozenset({"weight", "bias", "w", "b", "W", "v", "u", "alpha", "beta", "gamma", "scale"})


def written_by_name(project: Project, cls: str, slot: str, known: frozenset[Place] = frozenset()) -> bool:
    """Whether code somewhere, but at no `known` place, writes to `something.slot` where it may be one of the class.

    A test of the type around the write that does not name the class says that it is another. A file that does not
    name the class may still load a slot with a name of its own; what it draws is for models of its own.
    """
    member = re.compile(rf"\.{re.escape(slot)}\b")
    near = frozenset(project.mentioning(cls))
    for path in near if slot in _COMMON_SLOTS else project.mentioning(slot):
        source = project.sources[path]
        if member.search(source.text) and project.file(path) is not None:
            parents = source.parents
            for node in syntax.walk_lines([source.tree], source.lines_with(words([slot]))):
                writes = _writes(node, slot) if path in near else _loads(node, slot)
                if writes and _may_be(parents, node, cls) and place(Site(source, node)) not in known:
                    return True
    return False


def _writes(node: ast.AST, slot: str) -> bool:
    match node:
        case ast.Assign(targets=[target]):
            return _is_of_another(target, slot)
        case ast.Call(func=ast.Attribute(attr=name, value=tensor), args=args) if name.endswith("_"):
            return _is_of_another(tensor, slot) or any(_is_of_another(arg, slot) for arg in args[:1])
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name.endswith("_"):
            return _is_of_another(first, slot)
    return False


def _loads(node: ast.AST, slot: str) -> bool:
    """Whether values that come from elsewhere are put into the slot."""
    match node:
        case ast.Assign():
            return _writes(node, slot)
        case ast.Call(func=ast.Attribute(attr="copy_", value=tensor)):
            return _is_of_another(tensor, slot)
    return False


def _is_of_another(node: ast.AST, slot: str) -> bool:
    """`module.slot`, also its `.data` or a part of it; not `self.slot`, which the reading of the class sees."""
    while isinstance(node, ast.Subscript) or (isinstance(node, ast.Attribute) and node.attr in ("data", "detach")):
        node = node.value
    return (
        isinstance(node, ast.Attribute)
        and node.attr == slot
        and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    )


def _may_be(parents: Parents, node: ast.AST, cls: str) -> bool:
    child, parent = node, parents.get(node)
    while parent is not None:
        if isinstance(parent, ast.If) and child in parent.body and "isinstance" in ast.unparse(parent.test):
            return bool(re.search(rf"\b{re.escape(cls)}\b", ast.unparse(parent.test)))
        child, parent = parent, parents.get(parent)
    return True
