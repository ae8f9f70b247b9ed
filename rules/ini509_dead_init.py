"""INI509 dead-init: two full writes to one tensor, one right after the other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import InitCall
from initlint.describe.signatures import METHODS
from initlint.describe.symbols import constant
from initlint.describe.values import Tensor
from initlint.finding import Applicability, Edit, Finding, Fix, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel

# Tensor methods that leave nothing of what was there.
_FULL = frozenset(
    {
        "normal_",
        "uniform_",
        "fill_",
        "zero_",
        "copy_",
        "exponential_",
        "bernoulli_",
        "random_",
        "log_normal_",
        "cauchy_",
    }
)
_CONSTANTS = frozenset({"zeros_", "ones_", "constant_", "constant", "zero_", "fill_"})
_HARMLESS = re.compile(r"^(math|np|numpy|torch|float|int)\b|[a-z]_$|calculate_gain$|\bsqrt$")


class DeadInit(Rule):
    """A tensor is initialised twice in a row, so that the first init is lost.

    ## What it does
    Reports an init call whose tensor is written whole again by a later statement of the same block, with nothing in
    between that uses it; and one of a slice that a wider slice, or the whole tensor, takes in.

    ## Why is this bad?
    The first call does nothing. Most often the second was meant for the bias: the weight then gets the bias's zeros,
    and the bias keeps torch's default.

    ## Example
    ```python
    nn.init.xavier_uniform_(self.fc.weight)
    nn.init.zeros_(self.fc.weight)
    ```

    ## Use instead
    ```python
    nn.init.xavier_uniform_(self.fc.weight)
    nn.init.zeros_(self.fc.bias)
    ```

    ## Fix safety
    Unsafe: it is offered where one of the two is a constant and nothing else in the function writes the bias, and it
    changes the weights that training starts from.

    ## References
    - [torch.nn.init](https://docs.pytorch.org/docs/stable/nn.init.html): every function overwrites its argument
    """

    code = "INI509"
    name = "dead-init"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Each pair of neighbouring writes to the same memory under the same name."""
        last: dict[object, InitCall] = {}
        for call in file.facts(InitCall):
            storage, text = call.target.storage, _base(call)
            if call.target.kind not in ("tensor", "unknown") or text is None:
                continue
            place = id(storage) if storage is not None else (call.site.path, id(call.site.function), text)
            before = last.get(place)
            last[place] = call
            if before is None or not _dead(before, call):
                continue
            yield self.finding(
                before.site,
                f"this init is lost: line {call.site.line} writes all of `{_text(call)}` again",
                help="delete one of the two, or give the other tensor's name",
                layer=file.name_of(storage),
                fix=_fix(before, call),
            )


def _dead(first: InitCall, second: InitCall) -> bool:
    """Whether nothing of the first write is left, and nothing could have used it."""
    if not (_full(first) and _full(second)) or first.via != second.via:
        return False
    if _is_under_its_bias(first, second):
        return True
    if first.guards != second.guards:
        return False
    if first.site.source is not second.site.source or not _takes_in(second, first):
        return False
    between = _between(first, second)
    if between is None:
        return False
    others = [node for name, node in second.nodes.items() if name != "tensor"]
    return not any(_mentions(node, _base(first)) for node in (*between, *others)) and not any(map(_runs, between))


def _takes_in(wide: InitCall, narrow: InitCall) -> bool:
    """Whether the one writes all that the other wrote: the same text, or a slice that begins and ends no later."""
    if _base(wide) is None or _base(wide) != _base(narrow):
        return False
    around, within = _slice(wide), _slice(narrow)
    if around is None:
        return True
    if within is None:
        return False
    return all(
        bound is None or (other is not None and ast.unparse(bound) == ast.unparse(other))
        for bound, other in ((around.lower, within.lower), (around.upper, within.upper))
    )


def _is_under_its_bias(first: InitCall, second: InitCall) -> bool:
    """`init(m.weight)`, then `if m.bias is not None: init(m.weight)`: the bias was meant."""
    source, text = second.site.source, _text(second)
    guarded, written = second.site.statement.node, first.site.statement.node
    test = source.parents.get(guarded)
    if text is None or text != _text(first) or not isinstance(test, ast.If) or test.orelse or test.body != [guarded]:
        return False
    bias = f"{text.rpartition('.')[0]}.bias"
    asked = any(isinstance(one, ast.Attribute) and ast.unparse(one) == bias for one in syntax.walk(test.test))
    block = next((b for _, b in ast.iter_fields(source.parents[test]) if isinstance(b, list) and test in b), [])
    return asked and text.endswith(".weight") and written in block and block.index(written) + 1 == block.index(test)


def _full(call: InitCall) -> bool:
    if call.target.copied is not None or call.target.transposed:
        return False
    if call.target.region is not None and _slice(call) is None:
        return False
    if call.is_method:
        return call.name in _FULL and call.name in METHODS
    return call.function.startswith("torch.nn.init.") and call.name not in ("calculate_gain",)


def _tensor(call: InitCall) -> ast.expr | None:
    """What is written to, without `.data`."""
    node = call.nodes.get("tensor")
    if call.is_method and isinstance(call.site.node, ast.Call) and isinstance(call.site.node.func, ast.Attribute):
        node = call.site.node.func.value
    while isinstance(node, ast.Attribute) and node.attr == "data":
        node = node.value
    return node if isinstance(node, (ast.Attribute, ast.Name, ast.Subscript)) else None


def _text(call: InitCall) -> str | None:
    node = _tensor(call)
    return ast.unparse(node) if node is not None else None


def _slice(call: InitCall) -> ast.Slice | None:
    """The `i:j` of `t[i:j]`, where that is all that is written."""
    match _tensor(call):
        case ast.Subscript(slice=ast.Slice(step=None) as part):
            return part
    return None


def _base(call: InitCall) -> str | None:
    """The text of what is written to, without the slice."""
    node = _tensor(call)
    if isinstance(node, ast.Subscript) and _slice(call) is not None:
        node = node.value
    while isinstance(node, ast.Attribute) and node.attr == "data":
        node = node.value
    return ast.unparse(node) if node is not None else None


def _between(first: InitCall, second: InitCall) -> list[ast.stmt] | None:
    """The statements between the two in their common block; None where they are not plain statements of one."""
    source = first.site.source
    here, there = first.site.statement.node, second.site.statement.node
    if here is there or not (_alone(here, first) and _alone(there, second)):
        return None
    parent = source.parents.get(here)
    for _, block in ast.iter_fields(parent) if parent is not None else ():
        if isinstance(block, list) and here in block and there in block:
            start, end = block.index(here), block.index(there)
            return block[start + 1 : end] if start < end else None
    return None


def _alone(statement: ast.AST, call: InitCall) -> bool:
    """Whether the call is the whole statement: its value is not used."""
    return isinstance(statement, ast.Expr) and statement.value is call.site.node


def _runs(statement: ast.stmt) -> bool:
    """Whether it calls something that may use the tensor unseen: anything but arithmetic and other in-place writes."""
    calls = [node for node in syntax.walk(statement) if isinstance(node, ast.Call)]
    return any(not _HARMLESS.search(ast.unparse(call.func)) for call in calls)


def _mentions(node: ast.AST, text: str | None) -> bool:
    """Whether the tensor, or its layer as a whole, is used: `self.fc.weight.std()`, `spread(self.fc)`."""
    named = (ast.Attribute, ast.Name, ast.Subscript)
    if any(isinstance(inner, named) and ast.unparse(inner) == text for inner in syntax.walk(node)):
        return True
    layer = (text or "").rpartition(".")[0]
    return any(ast.unparse(inner) == layer for inner in _outermost(node))


def _outermost(node: ast.AST) -> Iterator[ast.AST]:
    """The dotted names in `node`, each as a whole: `self.fc.bias` without `self.fc`."""
    if isinstance(node, (ast.Attribute, ast.Name)):
        yield node
        return
    for child in syntax.children(node):
        yield from _outermost(child)


def _fix(first: InitCall, second: InitCall) -> Fix | None:
    """Give the constant of the two to the bias, where that exists and is not written nearby."""
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.rewrite import replace_expression

    constants = [call for call in (first, second) if call.name in _CONSTANTS and _is_bias_like(call)]
    if len(constants) != 1 or first.target.slot != "weight" or first.target.module is None:
        return None
    node, source = _tensor(constants[0]), first.site.source
    bias = first.target.module.slots.get("bias")
    if not isinstance(node, ast.Attribute) or not (isinstance(bias, Tensor) or first.target.module.generic):
        return None
    wanted = f"{ast.unparse(node.value)}.bias"
    if any(ast.unparse(one) == wanted for one in _beside(first) if isinstance(one, ast.Attribute)):
        return None

    def renamed() -> tuple[Edit, ...]:
        return replace_expression(source, node, wanted)

    return attempt(Applicability.UNSAFE, "Set the bias", renamed)


def _beside(call: InitCall) -> Iterator[ast.AST]:
    """All that may run together with the call: its function without the other branches around it."""
    parents = call.site.source.parents
    node: ast.AST = call.site.statement.node
    yield from syntax.walk(node)
    while not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module)):
        above = parents[node]
        here = next(
            (block for block in (getattr(above, "body", []), getattr(above, "orelse", [])) if node in block), []
        )
        together = here if isinstance(above, ast.If) else syntax.children(above)
        yield from (inner for one in together if one is not node for inner in syntax.walk(one))
        node = above


def _is_bias_like(call: InitCall) -> bool:
    """Whether it writes zeros or a small constant, as biases get."""
    value = call.values.get("val", call.values.get("value", 0 if "zero" in call.name else 1))
    known = constant(value)
    return known is not None and abs(known) < 1
