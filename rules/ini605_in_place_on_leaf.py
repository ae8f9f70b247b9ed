"""INI605 in-place-on-leaf: a parameter is written to while autograd watches."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from initlint.describe.nodes import InitCall
from initlint.finding import Applicability, Edit, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel
    from initlint.source.text import SourceText

# Tensor method -> the function of torch.nn.init that does the same under no_grad, and its arguments.
_FUNCTIONS = {
    "normal_": ("normal_", ("mean", "std")), "uniform_": ("uniform_", ("a", "b")), "fill_": ("constant_", ("val",)),
    "zero_": ("zeros_", ()),
}  # fmt: skip
_NO_GRAD = re.compile(r"no_grad|inference_mode|set_grad_enabled")
_ALLOWED = frozenset({"set_", "data"})  # autograd lets these pass


class InPlaceOnLeaf(Rule):
    """A parameter is changed in place outside of `torch.no_grad()` and not through `.data`.

    ## What it does
    Reports in-place methods (`normal_`, `uniform_`, `fill_`, `zero_`, `copy_`, `mul_`, ...), augmented assignments and
    assignments to items of a parameter, or of a view of it, where gradients are recorded. The functions of
    `torch.nn.init` switch recording off by themselves.

    ## Why is this bad?
    `RuntimeError: a leaf Variable that requires grad is being used in an in-place operation.`

    ## Example
    ```python
    self.fc.weight.normal_(0, 0.02)
    self.fc.bias[:2] = 1.0
    ```

    ## Use instead
    ```python
    nn.init.normal_(self.fc.weight, 0, 0.02)
    with torch.no_grad():
        self.fc.bias[:2] = 1.0
    ```

    ## Fix safety
    Safe: the values written are those that were meant, and the code raised before. `.data` would work too, but hides
    the write from autograd's version counter.

    ## References
    - [torch.nn.init](https://docs.pytorch.org/docs/stable/nn.init.html): all its functions run under `no_grad`
    - [Autograd mechanics: in-place operations](https://docs.pytorch.org/docs/stable/notes/autograd.html)
    """

    code = "INI605"
    name = "in-place-on-leaf"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every in-place write to what autograd watches; of a chain of calls, the one that is run first."""
        for call in file.facts(InitCall):
            target = call.target
            watched = target.tracked and target.copied is None and call.grad and not call.in_try
            if not call.is_method or not watched or call.name in _ALLOWED or _follows_another(call):
                continue
            if _called_without_grad(file, call):
                continue
            what = "a view of a parameter" if target.region is not None or target.transposed else "a parameter"
            yield self.finding(
                call.site,
                f"{what} that requires grad is written in place: this raises RuntimeError",
                help="write under torch.no_grad(), as the functions of torch.nn.init do",
                layer=file.name_of(target.storage),
                fix=_fix(call),
            )


def _called_without_grad(file: FileModel, call: InitCall) -> bool:
    """Whether another file calls the function around the write under no_grad."""
    name = getattr(call.site.function, "name", "__init__")
    if file.references is None or call.via or name.startswith("__"):
        return False
    project = file.references.project
    called = re.compile(rf"\b{name}\(")
    return any(
        called.search(block)
        for path in project.mentioning(name)
        for block in _quiet_blocks(project.sources[path].lines)
    )


def _quiet_blocks(lines: Sequence[str]) -> Iterator[str]:
    """What stands under each `with torch.no_grad():` or `@torch.no_grad()`, or in the lines after the plain call."""
    for start, line in enumerate(lines):
        if not _NO_GRAD.search(line):
            continue
        yield "\n".join([*lines[start + 1 : start + 4], *_deeper(lines[start + 2 :], _depth(line))])


def _deeper(lines: Sequence[str], outer: int) -> Iterator[str]:
    """The first of these lines that are empty, or indented by more than `outer`."""
    return takewhile(lambda line: not line.strip() or _depth(line) > outer, lines)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _follows_another(call: InitCall) -> bool:
    """Whether the tensor is what another in-place method returns, which is told of already."""
    match call.site.node:
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Attribute(attr=inner)))):
            return inner.endswith("_") and not inner.startswith("_")
    return False


def _fix(call: InitCall) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.wrap import wrap_in_with

    source, node, statement = call.site.source, call.site.node, call.site.statement.node
    known = _FUNCTIONS.get(call.name)
    chained = isinstance(source.parents.get(node), ast.Attribute)
    if known is not None and isinstance(node, ast.Call) and not chained and set(call.nodes) <= {*_TAKES[call.name]}:
        return attempt(Applicability.SAFE, f"Call nn.init.{known[0]}", lambda: _as_function(call, node))
    if not isinstance(statement, (ast.Expr, ast.Assign, ast.AugAssign)):
        return None
    context = "torch.no_grad"

    def wrapped() -> tuple[Edit, ...]:
        from initlint.fixer.imports import torch_name

        there = torch_name(source, context, node)
        return (*there.edits, *wrap_in_with(source, [statement], f"{there.name}()"))

    return attempt(Applicability.SAFE, "Write under torch.no_grad()", wrapped)


_TAKES = {"normal_": ("mean", "std"), "uniform_": ("from", "to"), "fill_": ("value",), "zero_": ()}


def _as_function(call: InitCall, node: ast.Call) -> tuple[Edit, ...]:
    from initlint.fixer.calls import receiver, replace_call

    source: SourceText = call.site.source
    function, names = _FUNCTIONS[call.name]
    renamed = dict(zip(_TAKES[call.name], names, strict=True))
    arguments = [receiver(source, node), *(source.segment(source.span(argument)) for argument in node.args)]
    for keyword in node.keywords:
        value = source.segment(source.span(keyword.value))
        arguments.append(f"{renamed[str(keyword.arg)]}={value}")
    return replace_call(source, node, function, ", ".join(arguments))
