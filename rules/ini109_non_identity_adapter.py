"""INI109 non-identity-adapter: a low-rank pair changes the base model before it has learned anything."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import InitCall
from initlint.describe.owners import rewritten
from initlint.describe.symbols import number
from initlint.describe.zero_pairs import Pair, series
from initlint.finding import Applicability, Edit, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, InitEvent, Parameter

_FIRST = re.compile(r"lora_?(a|down)|(a|down)_?lora|adapter_?down|down", re.IGNORECASE)
_SECOND = re.compile(r"lora_?(b|up)|(b|up)_?lora|adapter_?up|up", re.IGNORECASE)
_LORA = re.compile(r"(?<![a-z])d?lora", re.IGNORECASE)
_ADAPTER = re.compile(r"adapter", re.IGNORECASE)
NEAR_ZERO = 1e-2  # a factor of a smaller std is near enough to identity


class NonIdentityAdapter(Rule):
    """A LoRA or adapter pair is added to a base path, and neither factor starts at zero.

    ## What it does
    Looks for pairs of weights in series that are added to another path, where the names are those of LoRA
    (`lora_A`/`lora_B`, `lora_down`/`lora_up`) or the class calls itself an adapter. Speaks when both factors are drawn
    at random with a std of 0.01 or more. Silent where either factor is zero, small, loaded or unknown.

    ## Why is this bad?
    The pair is there to learn a change of a pretrained model. If its product is not zero, the adapted model starts as
    a damaged copy of the base: the first steps only undo the noise.

    ## Example
    ```python
    self.lora_A = nn.Linear(d_in, rank, bias=False)
    self.lora_B = nn.Linear(rank, d_out, bias=False)
    ```

    ## Use instead
    ```python
    self.lora_A = nn.Linear(d_in, rank, bias=False)
    self.lora_B = nn.Linear(rank, d_out, bias=False)
    nn.init.zeros_(self.lora_B.weight)
    ```

    ## Fix safety
    Unsafe: training starts from another point, though from the one that the base model left off at.

    ## References
    - [Hu et al. 2021, LoRA, section 4.1](https://arxiv.org/abs/2106.09685)
    - [Houlsby et al. 2019, section 2](https://arxiv.org/abs/1902.00751): near-identity initialisation
    """

    code = "INI109"
    name = "non-identity-adapter"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each pair of random factors beside a base path, on what draws the second."""
        for found in series(file, _may_be_factor, least=2):
            pair = found.turned if found.added and _SECOND.search(_factor(found.first)) else found
            event = pair.second.effective
            if not (_is_adapter(pair) and _random(pair.first) and _random(pair.second)) or _fills_when_loading(pair):
                continue
            if event and event.site and not (rewritten(file, pair.first) or rewritten(file, pair.second)):
                site = pair.second.site if event.default and pair.second.site else event.site
                yield self.finding(
                    site,
                    f"{pair.first.name} and {pair.second.name} are both random: the adapted model does not start "
                    "equal to the base model",
                    help=f"zero the second factor: nn.init.zeros_({pair.second.name})",
                    layer=f"{pair.model.name}.{pair.second.name}",
                    concerns=(f"{pair.model.name}.{one.name}" for one in (pair.first, pair.second)),
                    fix=_fix(file, pair, event),
                )


def _called_so(parameter: Parameter) -> bool:
    return bool(_LORA.search(parameter.name) or _ADAPTER.search(f"{parameter.name} {_owner(parameter)}"))


def _owner(parameter: Parameter) -> str:
    """The name of the class whose code makes the weight."""
    node = _class_around(parameter)
    return node.name if node is not None else ""


def _class_around(parameter: Parameter) -> ast.ClassDef | None:
    site = parameter.site
    return site.source.around(site.node, ast.ClassDef) if site is not None else None


def _may_be_factor(parameter: Parameter) -> bool:
    """Whether the weight may be one of such a pair, told before forward is read."""
    name = _factor(parameter)
    return bool(_FIRST.search(name) or _SECOND.search(name)) and _random(parameter) and _called_so(parameter)


def _factor(parameter: Parameter) -> str:
    """The name of the layer, or of the raw parameter."""
    path = parameter.name if parameter.spec is None else parameter.name.rpartition(".")[0]
    return path.rpartition(".")[2]


def _is_adapter(pair: Pair) -> bool:
    named = bool(_FIRST.search(_factor(pair.first)) and _SECOND.search(_factor(pair.second)))
    follow = pair.second.follow
    added = pair.added or (follow is not None and follow.residual)
    lora = _LORA.search(pair.first.name) and _LORA.search(pair.second.name) and pair.direct
    return named and added and bool(lora or (_called_so(pair.first) and _called_so(pair.second)))


def _fills_when_loading(pair: Pair) -> bool:
    """Whether the class reads checkpoints by a method of its own that speaks of the second factor."""
    cls = _class_around(pair.second)
    methods = (one for one in (cls.body if cls is not None else ()) if isinstance(one, ast.FunctionDef))
    return any(one.name == "_load_from_state_dict" and _factor(pair.second) in ast.unparse(one) for one in methods)


def _random(parameter: Parameter) -> bool:
    event = parameter.effective
    if event is None or not event.certain or parameter.after or event.scheme in ("empty", "unknown", "copy"):
        return False
    std = number(event.std)
    return event.distribution != "constant" and (std is None or std >= NEAR_ZERO) and event.std is not None


def _fix(file: FileModel, pair: Pair, event: InitEvent) -> Fix | None:
    from initlint.fixer.calls import receiver, rename_callee, replace_call  # needs libcst: not on a clean run
    from initlint.fixer.fragment import CannotRewrite, expression_text

    node, source = (event.site.node, event.site.source) if event.site is not None else (None, None)
    if source is None or not isinstance(node, ast.Call):
        return None
    targets = {id(call.target.storage) for call in file.facts(InitCall) if call.site.node is node}
    edits: tuple[Edit, ...]
    try:
        if event.default:
            edits = _zero_after(pair.second)
        elif event.call is None:
            edits = rename_callee(source, node, "zeros")
        elif len(targets) == 1:
            tensor = receiver(source, node) if event.call.is_method else expression_text(source, node.args[0])
            edits = replace_call(source, node, "zeros_", tensor)
        else:
            return None
    except CannotRewrite:
        return None
    return Fix(Applicability.UNSAFE, "Start the second factor at zero", edits) if edits else None


def _zero_after(parameter: Parameter) -> tuple[Edit, ...]:
    from initlint.fixer.fill import fill_after, named
    from initlint.reference.recommend import Code

    if parameter.site is None:
        return ()
    statement, layer = named(parameter.site.source, parameter.site.node)
    return fill_after(parameter.site.source, statement, f"{layer}.weight", Code("zeros_"))
