"""INI506 init-on-reparametrized."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import InitCall
from initlint.describe.reach import applied_by
from initlint.finding import Applicability, Edit, Finding, Fix, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import Applied, FileModel, Site
    from initlint.source.text import SourceText

_RECOMPUTED = ("weight_norm", "parametrizations.", "parametrize.")


class InitOnReparametrized(Rule):
    """A weight is initialised after `weight_norm` or a parametrization took it over, so the init is lost.

    ## What it does
    Reports every write to a tensor that `weight_norm` (the old one or `parametrizations.weight_norm`),
    `parametrizations.orthogonal`, `parametrizations.spectral_norm` or `parametrize.register_parametrization` computes:
    by `nn.init`, by a method of `.data`, in a loop, through a factory such as `WNConv1d`, in whatever file the wrapping
    happens. Where an `apply` runs the init, the `apply` is reported.
    The old `nn.utils.spectral_norm` keeps the memory of the weight until the first forward: silent.

    ## Why is this bad?
    The layer's real parameters are `weight_g` and `weight_v` (or `parametrizations.weight.original*`). `weight` is
    computed from them before each forward: what was written to it is gone, and the layer trains from torch's
    default init. Nothing says so. HiFi-GAN and the vocoders made after it carry this mistake.

    ## Example
    ```python
    self.conv = weight_norm(nn.Conv1d(64, 64, 3))
    nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
    ```

    ## Use instead
    ```python
    self.conv = nn.Conv1d(64, 64, 3)
    nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
    weight_norm(self.conv)
    ```

    ## Fix safety
    Unsafe: the wrapping moves behind the init, so the init takes effect and training changes. Offered where both
    stand in one block.

    ## References
    - Salimans and Kingma, 2016, [Weight Normalization](https://arxiv.org/abs/1602.07868), section 3: w = g v / |v|
    - [torch.nn.utils.parametrizations.weight_norm](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.weight_norm.html)
    """

    code = "INI506"
    name = "init-on-reparametrized"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """The last write to each tensor that is computed from others; earlier ones were not meant to stay."""
        appliers = applied_by(file)
        lost = [call for call in file.facts(InitCall) if _is_lost(call)]
        last = {id(call.target.storage): call for call in lost}
        for call in lost:
            if call.target.storage is None or last[id(call.target.storage)] is call:
                yield self._lost(file, call, call.target.copied or "", _site(file, call, appliers.get(id(call))))

    def _lost(self, file: FileModel, call: InitCall, wrapper: str, site: Site) -> Finding:
        slot = call.target.slot or "weight"
        real = f"{slot}_g and {slot}_v" if wrapper == "weight_norm" else f"parametrizations.{slot}.original*"
        return self.finding(
            site,
            f"{wrapper.rpartition('.')[2]} computes this {slot} from {real} before each forward: "
            "the init is lost, the layer keeps its default one",
            help="Initialise the layer first, then wrap it.",
            layer=file.name_of(call.target.storage),
            fix=_init_first(call),
        )


def _is_lost(call: InitCall) -> bool:
    computed = (call.target.copied or "").startswith(_RECOMPUTED)
    return computed and all(guard.default is not False for guard in call.guards) and not _goes_by_parameters(call)


def _goes_by_parameters(call: InitCall) -> bool:
    """Whether a loop over `parameters()` leads here: it meets weight_g and weight_v, never what is computed.

    The loop may stand around the call of the helper that draws.
    """
    return any(map(_is_in_such_loop, (call.site, *(handing.site for handing in call.via))))


def _is_in_such_loop(site: Site) -> bool:
    loops = (one for one in site.source.inside(site.node) if isinstance(one, ast.For))
    return any(ast.unparse(one.iter).endswith("parameters()") for one in loops)


def _site(file: FileModel, call: InitCall, applied: Applied | None) -> Site:
    """The init itself; where it is another file's, or a general function, what runs it over these layers."""
    own = applied is None or (applied.how == "post_init" and call.site.path == file.path)
    return call.site if own or applied is None else applied.site


def _init_first(call: InitCall) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run

    named = (
        inner
        for inner in syntax.walk(call.site.node)
        if isinstance(inner, ast.Attribute) and inner.attr == call.target.slot
    )
    layer = next((inner.value for inner in named), None)
    if call.broad or layer is None:
        return None
    return attempt(Applicability.UNSAFE, "Wrap the layer after its init", lambda: _moved(call.site, layer))


def _wrapping(source: SourceText, statement: ast.stmt, layer: ast.expr) -> ast.Call | None:
    """The call of `self.conv = weight_norm(...)`, in the same block before the init."""
    block: list[ast.stmt] = getattr(source.parents[statement], "body", [])
    earlier = block[: block.index(statement)] if statement in block else []
    wanted = source.segment(source.span(layer))
    for one in reversed(earlier):
        match one:
            case ast.Assign(targets=[target], value=ast.Call(args=[ast.Call(), *_]) as call) if (
                source.segment(source.span(target)) == wanted
            ):
                return call if "norm" in source.segment(source.span(call.func)) else None
    return None


def _moved(site: Site, layer: ast.expr) -> tuple[Edit, ...]:
    from initlint.fixer.conditions import own_statement  # as above
    from initlint.fixer.rewrite import replace_expression
    from initlint.fixer.statements import insert_after

    source, statement = site.source, own_statement(site.source, site.node)
    wrapping = _wrapping(source, statement, layer)
    if wrapping is None:
        return ()
    inner = source.segment(source.span(wrapping.args[0]))
    again = source.segment(source.span(wrapping)).replace(inner, source.segment(source.span(layer)), 1)
    return (*replace_expression(source, wrapping, inner), *insert_after(source, statement, again))
