"""INI511 overwritten-special-init."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.reach import holds_with, inits
from initlint.describe.symbols import number, shown, told
from initlint.finding import Applicability, Edit, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import Applied, FileModel, InitEvent, Model, Parameter

_NEXT_TO_ZERO = 0.01
_SMALLER = 2.0  # a std this many times below the general one was chosen for this layer: depth scaling, a calm head


class OverwrittenSpecialInit(Rule):
    """A part's own deliberate init is overwritten by an init that its owner runs over everything afterwards.

    ## What it does
    Finds weights that first get a value of their own, by name: zeros for the last layer of a branch, adaLN-zero,
    identity, a prior in a bias, a norm scale of zero, a std scaled down with depth. Then an `apply`, a loop over
    `modules()` or an init method of the owner draws them again like all others. A part that is protected by a flag,
    or set again after the owner's init, is fine.

    ## Why is this bad?
    The special value is what makes the part work: a zero branch starts as identity, a focal prior keeps the first
    loss small. After the owner's init it is an ordinary random layer, and nothing in the part's code shows it.

    ## Example
    ```python
    self.head = Head(dim)        # ends with nn.init.zeros_(self.out.weight)
    self.apply(init_all_linear)  # draws head.out.weight again
    ```

    ## Use instead
    ```python
    self.head = Head(dim)
    self.apply(init_all_linear)
    nn.init.zeros_(self.head.out.weight)
    ```

    ## Fix safety
    Unsafe: the special value holds afterwards, so the model starts from another point. Offered where both stand in
    one block.

    ## References
    - Peebles and Xie, 2023, [Scalable Diffusion Models with Transformers](https://arxiv.org/abs/2212.09748): adaLN-zero
    - Lin et al., 2017, [Focal Loss for Dense Object Detection](https://arxiv.org/abs/1708.02002), section 4.1
    """

    code = "INI511"
    name = "overwritten-special-init"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Deliberate values that a broad init, which runs later, replaces."""
        for model in file.models:
            found = inits(file, model) if not model.owned else []
            for parameter in model.parameters if found else ():
                yield from self._overwritten(model, parameter, found)

    def _overwritten(self, model: Model, parameter: Parameter, found: list[Applied]) -> Iterator[Finding]:
        last = parameter.effective
        if last is None or last.default or not last.broad or parameter.after:
            return
        if any(event.order > last.order for event in parameter.history):  # set again, if only in some configurations
            return
        applied = next((one for one in found if one.order < last.order < one.end), None)
        own = _own(parameter, applied) if applied is not None else None
        if applied is None or own is None or own.site is None or not _special(parameter, own, last):
            return
        yield self.finding(
            applied.site,
            f"this draws {parameter.name} again: {_told(last)} replaces {_told(own)}, "
            f"set in {own.site.told_in(applied.site.path)}",
            help="Run the general init first, or leave this parameter out of it.",
            layer=f"{model.name}.{parameter.name}",
            fix=_after(own, applied),
        )


def _own(parameter: Parameter, applied: Applied) -> InitEvent | None:
    """The last value the parameter got by name before the owner's init ran."""
    before = (event for event in parameter.history if event.order < applied.order and event.region is None)
    earlier = [event for event in before if holds_with(event.guards, applied.guards)]
    own = earlier[-1] if earlier else None
    if own is None or own.default or own.broad or own.call is None or not own.certain:
        return None
    return own


def _special(parameter: Parameter, own: InitEvent, last: InitEvent) -> bool:
    """Whether the value was chosen for this very parameter, and is not what it gets in the end."""
    if (own.scheme, shown(own.std), shown(own.mean)) == (last.scheme, shown(last.std), shown(last.mean)):
        return False
    if last.scheme in ("unknown", "copy") or (last.scheme == "zeros" and _is_next_to_zero(own)):
        return False
    if parameter.role == "bias":
        return own.distribution == "constant" and own.scheme != "zeros" and last.scheme == "zeros"
    if parameter.role in ("norm_weight", "norm_bias"):
        return own.scheme in ("zeros", "constant")
    if own.scheme in ("zeros", "eye", "dirac"):
        return True
    if number(last.mean) != 0:  # a mistake of its own, whose std says nothing
        return False
    before, after = number(own.std), number(last.std)
    return before is not None and after is not None and 0 < before * _SMALLER <= after


def _is_next_to_zero(event: InitEvent) -> bool:
    """Whether it is a constant that nobody can tell from zero, but for LayerScale and its like, which multiply."""
    value = number(event.mean)
    return event.scheme == "constant" and value is not None and abs(value) <= _NEXT_TO_ZERO


def _told(event: InitEvent) -> str:
    value = event.mean if event.scheme == "constant" else event.std
    plain = event.scheme in ("zeros", "ones", "eye", "dirac") or value is None
    return event.scheme if plain else f"{event.scheme} {told(value)}"


def _after(own: InitEvent, applied: Applied) -> Fix | None:
    """The special init behind the general one, when both stand in one block."""
    assert own.site is not None
    source = applied.site.source
    if own.site.source is not source:
        return None
    statement, anchor = source.statement(own.site.node), source.statement(applied.site.node)
    block: list[ast.stmt] = getattr(source.parents[anchor], "body", [])
    if statement not in block or anchor not in block:
        return None
    edits = _moved(applied, statement, anchor)
    return Fix(Applicability.UNSAFE, "Set it after the general init", edits) if edits else None


def _moved(applied: Applied, statement: ast.stmt, anchor: ast.stmt) -> tuple[Edit, ...] | None:
    from initlint.fixer.fragment import CannotRewrite  # libcst: only where there is something to fix
    from initlint.fixer.statements import move_after

    try:
        return move_after(applied.site.source, statement, anchor)
    except CannotRewrite:
        return None
