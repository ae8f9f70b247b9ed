"""INI106 repeated-module: `[Block(...)] * n` holds one module n times."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import AttributeWrite, FileModel, Repeat, Site
from initlint.describe.symbols import constant, shown
from initlint.describe.values import Choice, ModuleObject, Tensor
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.values import Value

_ON_PURPOSE = re.compile(r"shar|\btie|tied|reuse|same|recurr|recurs|unroll|univers|iterat", re.IGNORECASE)
_DEPTH = 8  # parts of parts: deeper ones have weights long before
_HOLDERS = frozenset({"ModuleList", "Sequential", "ModuleDict"})


class RepeatedModule(Rule):
    """A list multiplied by a number becomes the layers of a model: one module several times, not several modules.

    ## What it does
    Reports `[Block(...)] * n` that ends in a `ModuleList` or `Sequential`, when the block has weights. Silent for
    modules without parameters, for a factor of one, and where a flag, a name or a comment says that the weights are
    shared on purpose.

    ## Why is this bad?
    `[x] * n` copies the reference. The model looks n layers deep, prints n layers, and has the weights of one: every
    step through the list applies the same layer, and each gradient is the sum over all its uses.

    ## Example
    ```python
    self.blocks = nn.ModuleList([Block(width)] * depth)
    ```

    ## Use instead
    ```python
    self.blocks = nn.ModuleList([Block(width) for _ in range(depth)])
    ```

    ## Fix safety
    Unsafe: the model gets more parameters, old checkpoints lack them, and sharing may have been meant.

    ## References
    - [Python FAQ: how do I create a multidimensional list?](https://docs.python.org/3/faq/programming.html#how-do-i-create-a-multidimensional-list)
    - [torch.nn.Module.parameters: each once](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html)
    """

    code = "INI106"
    name = "repeated-module"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every multiplied list of one module with weights that a container of modules holds."""
        repeats = sorted(file.facts(Repeat), key=lambda one: constant(one.count) is None)  # a known number says more
        held = _held(file) if repeats else frozenset()
        told: set[int] = set()
        for repeat in repeats:
            if not (id(repeat.module) in held or _makes_container(repeat.site)) or not _has_weights(repeat.module):
                continue
            count = constant(repeat.count)
            if (count is not None and count < 2) or any(map(_meant, _sites(repeat))):
                continue
            if id(repeat.site.node) in told:  # another module of the same list
                continue
            told.add(id(repeat.site.node))
            times = f"{count:g}" if count is not None else f"{shown(repeat.count) or 'n'}"
            yield self.finding(
                repeat.site,
                f"this list holds one {repeat.module.kind} {times} times: all its layers share the same weights",
                help="build each one anew: [... for _ in range(n)]",
                layer=repeat.module.kind,
                fix=_fix(repeat),
            )


def _held(file: FileModel) -> frozenset[int]:
    """The members of all containers that an attribute or a returned model holds."""
    found: set[int] = set()
    queue: list[Value] = [write.value for write in file.facts(AttributeWrite)]
    queue += [model.root for model in file.models]
    seen: set[int] = set()
    while queue:
        value = queue.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Choice):
            queue += [option for _, option in value.options]
        elif isinstance(value, ModuleObject):
            if _HOLDERS & {value.kind, *value.bases}:
                found |= {id(member) for member in value.slots.values()}
            queue += value.slots.values()
    return frozenset(found)


def _makes_container(site: Site) -> bool:
    """Whether the list is written into the call that makes a container: `model.head = nn.Sequential(*([b] * n))`."""
    node = site.source.parents.get(site.node)
    if isinstance(node, ast.Starred):
        node = site.source.parents.get(node)
    return isinstance(node, ast.Call) and syntax.last_name(node.func) in _HOLDERS


def _has_weights(value: Value, depth: int = 0) -> bool:
    if isinstance(value, Choice):
        return any(_has_weights(option, depth) for _, option in value.options)
    if isinstance(value, ModuleObject) and depth < _DEPTH:
        return any(_has_weights(inner, depth + 1) for inner in value.slots.values())
    return isinstance(value, Tensor) and value.is_parameter


def _sites(repeat: Repeat) -> Iterator[Site]:
    """Where the list is made, and where the module is that it repeats."""
    yield repeat.site
    if isinstance(repeat.module, ModuleObject) and repeat.module.site is not None:
        yield repeat.module.site


def _meant(site: Site) -> bool:
    """Whether the statement, a comment at it, or a condition around it speaks of sharing."""
    source, node = site.source, site.statement.node
    first, last = site.statement.span.line, site.statement.span.end_line
    lines = source.lines[source.span(node).line - 1 : source.span(node).line + last - first]
    above = source.span(node).line - 2
    while above >= 0 and source.lines[above].strip().startswith("#"):
        lines.append(source.lines[above])
        above -= 1
    lines += [ast.unparse(one.test) for one in source.inside(site.node) if isinstance(one, (ast.If, ast.IfExp))]
    return any(_ON_PURPOSE.search(line) for line in lines)


def _alone(repeat: Repeat) -> bool:
    """Whether the list has no other element."""
    listed = repeat.site.source.parents.get(repeat.element)
    return isinstance(listed, (ast.List, ast.Tuple)) and len(listed.elts) == 1


def _fix(repeat: Repeat) -> Fix | None:
    """A comprehension; none for a name, which a comprehension would only repeat."""
    from initlint.fixer.fragment import CannotRewrite  # needs libcst: not on a clean run
    from initlint.fixer.rewrite import to_comprehension

    if not isinstance(repeat.element, ast.Call) or not isinstance(repeat.site.node, ast.BinOp) or not _alone(repeat):
        return None
    try:
        edits = to_comprehension(repeat.site.source, repeat.site.node)
    except CannotRewrite:
        return None
    return Fix(Applicability.UNSAFE, "Build each module in a comprehension", edits)
