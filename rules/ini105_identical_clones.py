"""INI105 identical-clones: layers made by deepcopy of one layer start with equal weights."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import Copied, Site
from initlint.describe.origin import origin
from initlint.describe.owners import is_redrawn, place, usage
from initlint.describe.pretrained import is_loaded_in_turn
from initlint.describe.values import Choice, ModuleObject, Storage, Tensor
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel
    from initlint.describe.values import Value

_ON_PURPOSE = re.compile(
    r"target|(?<![a-z])ema|teacher|momentum|(?<![a-z])old|averag|shadow|frozen|initial|backup|best|snapshot|(?<![a-z])ref|"
    r"orig|prev|pretrain|_k\b|key_|swa|delay",
    re.IGNORECASE,
)
_NO_WEIGHTS = re.compile(r"activ|\bact\b|relu|gelu|nonlin|norm", re.IGNORECASE)
_STACKS = frozenset({"ModuleList", "Sequential", "ModuleDict"})
_FIXED = frozenset({"copy", "unknown", "empty", "zeros", "ones", "constant", "eye"})
_REPEATS = (ast.ListComp, ast.GeneratorExp, ast.For)
_DEPTH = 12  # parts of parts
_TRAINS = frozenset({"backward", "fit", "step", "training_step", "train_step"})


class IdenticalClones(Rule):
    """Layers that should differ are deep copies of one layer.

    ## What it does
    Reports `copy.deepcopy(layer)` in the making of a list of layers (experts, stacked blocks, heads), and
    `nn.TransformerEncoder(layer, n)`, which does the same inside, where no later init draws the copies anew.

    Silent for target, teacher, EMA and other copies that are meant to be equal, for layers with loaded or constant
    weights, and where an owner, a loop over `parameters()` or a script initialises the whole model afterwards.

    ## Why is this bad?
    All copies start with the same numbers. Experts that see the same inputs and heads that see the same features get
    the same gradients; stacked layers start correlated, which costs depth some of its use.

    ## Example
    ```python
    expert = Expert(width)
    self.experts = nn.ModuleList([copy.deepcopy(expert) for _ in range(n)])
    ```

    ## Use instead
    ```python
    self.experts = nn.ModuleList([Expert(width) for _ in range(n)])
    ```

    ## Fix safety
    Unsafe: other numbers are drawn. It is offered where the copied layer is built in the same function and not changed
    before it is copied; the layer goes where nothing else uses it, and the import of `deepcopy` likewise.

    ## References
    - [pytorch issue 86274](https://github.com/pytorch/pytorch/issues/86274), 72253: TransformerEncoder's equal layers
    """

    code = "INI105"
    name = "identical-clones"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Each copying expression whose copies stay equal, however it is reached."""
        reached: dict[tuple[str, int, int], list[Copied]] = {}
        for copied in file.facts(Copied):
            reached.setdefault(place(copied.site), []).append(copied)
        for copies in reached.values():
            known = [one for one in copies if not one.original.generic]
            first = (known or copies)[0]
            if (
                not _stacks(first.site)
                or _anew(first)
                or _meant(first.site)
                or any(_redrawn(one.copy) for one in known)
            ):
                continue
            if not all(_random(one.original) for one in known) or not (known or _may_be_layer(first.site)):
                continue
            if _may_be_one(first.site) or _is_snapshot(first.site):
                continue
            if file.references is None or not self._stays(file, first):
                continue
            kind = first.original.kind if known else "layer"
            yield self.finding(
                first.site,
                f"the layers made here are copies of one {kind}: they start with equal weights",
                help="build each anew, or draw their weights again afterwards",
                layer=kind,
                fix=_fix(first),
            )

    def _stays(self, file: FileModel, copied: Copied) -> bool:
        """Whether no user elsewhere draws the copies anew."""
        references = file.references
        if references is None:
            return False
        users = usage(references.project, copied.site)
        sites = _sites(copied.original) or [copied.site]
        return users.sure and users.whole and not any(users.redraws(site) for site in sites)


def _may_be_layer(site: Site) -> bool:
    """Whether a constructor copies something unknown that is no activation or norm, and loads nothing into it."""
    layers = _in_constructor(site) and _NO_WEIGHTS.search(site.text) is None and _in_module_list(site)
    return layers and not is_loaded_in_turn(site)


def _in_module_list(site: Site) -> bool:
    """Whether the constructor makes a ModuleList: where none is, the copies may be data."""
    return any(isinstance(one, ast.Call) and syntax.last_name(one.func) in _STACKS for one in syntax.walk(_scope(site)))


def _may_be_one(site: Site) -> bool:
    """Whether the loop runs as often as something occurs, `range(order.count("ffn"))`: that is once as a rule."""
    node = site.source.around(site.node, *_REPEATS)
    if isinstance(node, ast.For):
        turns: ast.expr | None = node.iter
    else:
        turns = node.generators[0].iter if isinstance(node, (ast.ListComp, ast.GeneratorExp)) else None
    match turns:
        case ast.Call(func=ast.Name(id="range"), args=[number]):
            times = origin(site, number)
            return isinstance(times, ast.Call) and syntax.last_name(times.func) == "count"
    return False


def _is_snapshot(site: Site) -> bool:
    """Whether the loop around the copy trains: what it keeps is the same model at different times."""
    node: ast.AST | None = site.source.parents.get(site.node)
    while node is not None and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        if isinstance(node, (ast.For, ast.While)):
            calls = (one.func for one in syntax.walk(node) if isinstance(one, ast.Call))
            if any(isinstance(func, ast.Attribute) and func.attr in _TRAINS for func in calls):
                return True
        node = site.source.parents.get(node)
    return False


def _stacks(site: Site) -> bool:
    """Whether the copies become members of one stack: a comprehension or loop, or TransformerEncoder."""
    node: ast.AST | None = site.node
    if isinstance(node, ast.Call) and "Transformer" in ast.unparse(node.func):
        count = next((one.value for one in node.keywords if one.arg == "num_layers"), None)
        count = count or (node.args[1] if len(node.args) > 1 else None)
        count = origin(site, count)
        return not (isinstance(count, ast.Constant) and count.value == 1)
    repeated = False
    while node is not None and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        repeated = repeated or isinstance(node, _REPEATS)
        if isinstance(node, ast.Call) and repeated and syntax.last_name(node.func) in _STACKS:
            return True
        if isinstance(node, ast.For):
            return any(isinstance(one, ast.Call) and syntax.last_name(one.func) == "append" and _holds(one, site.node)
                       for one in syntax.walk(node))  # fmt: skip
        if isinstance(node, (ast.Assign, ast.Return)) and repeated:
            return _becomes_stack(site, node)
        node = site.source.parents.get(node)
    return False


def _anew(copied: Copied) -> bool:
    """Whether each turn of the loop around `deepcopy` builds what it copies."""
    match copied.site.node:
        case ast.Call(args=[source, *_]) as call if syntax.last_name(call.func) == "deepcopy":
            pass
        case _:
            return False
    if isinstance(source, ast.Call):
        return True
    node = copied.site.source.around(copied.site.node, *_REPEATS)
    built = copied.original.site
    return node is not None and built is not None and built.path == copied.site.path and _holds(node, built.node)


def _becomes_stack(site: Site, statement: ast.Assign | ast.Return) -> bool:
    """Whether the list bound here is handed to a ModuleList or Sequential later in the function."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]):
            pass
        case _:
            return False
    holder = site.source.function(statement)
    return holder is not None and any(
        isinstance(one, ast.Call)
        and syntax.last_name(one.func) in _STACKS
        and any(isinstance(inner, ast.Name) and inner.id == name for inner in syntax.walk(one))
        for one in syntax.walk(holder)
    )


def _holds(node: ast.AST, inner: ast.AST) -> bool:
    return any(one is inner for one in syntax.walk(node))


def _in_constructor(site: Site) -> bool:
    """Whether a class copies what it is given. A helper copies for whoever calls it, who may draw the copies anew."""
    scope = _scope(site)
    return isinstance(scope, ast.FunctionDef) and scope.name == "__init__"


def _meant(site: Site) -> bool:
    """Whether the statement's own words say that the copies are to be equal."""
    return bool(_ON_PURPOSE.search(site.statement.text if not isinstance(site.statement.node, ast.For) else site.text))


def _storages(value: Value, depth: int = 0) -> Iterator[Storage]:
    if isinstance(value, Choice):
        for _, option in value.options:
            yield from _storages(option, depth)
    elif isinstance(value, ModuleObject) and depth < _DEPTH:
        for inner in list(value.slots.values()):
            yield from _storages(inner, depth + 1)
    elif isinstance(value, Tensor) and value.is_parameter and value.storage is not None:
        yield value.storage


def _redrawn(module: ModuleObject) -> bool:
    return any(is_redrawn(storage) for storage in _storages(module))


def _random(module: ModuleObject) -> bool:
    """Whether some weight is drawn at random, and none was loaded."""
    if module.loaded is not None:
        return False
    schemes = {storage.events[-1].scheme for storage in _storages(module) if storage.events}
    return bool(schemes - _FIXED) and "copy" not in schemes


def _sites(module: ModuleObject) -> list[Site]:
    return [storage.site for storage in _storages(module) if storage.site is not None]


def _fix(copied: Copied) -> Fix | None:
    """`copy.deepcopy(layer)` by the call that built `layer`; none where that is not in the same function."""
    from initlint.fixer.fragment import CannotRewrite  # needs libcst: not on a clean run
    from initlint.fixer.prototype import build_each

    site, built = copied.site, copied.original.site
    if built is None or built.source is not site.source or not isinstance(built.node, ast.Call):
        return None
    if not isinstance(site.node, ast.Call) or syntax.last_name(site.node.func) != "deepcopy":
        return None
    try:
        edits = build_each(site.source, site.node, built.node, _scope(site))
    except CannotRewrite:
        return None
    return Fix(Applicability.UNSAFE, "Build each layer anew", edits)


def _scope(site: Site) -> ast.AST:
    return site.source.function(site.node) or site.source.tree
