"""INI207 default-init-in-deep-rectifier."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.groups import Member, is_weight, may_use, members
from initlint.describe.owners import rewritten
from initlint.describe.paths import deepest, longest, without_norms
from initlint.finding import Finding, Fix, Severity
from initlint.reference.activations import RECTIFIERS
from initlint.reference.gains import GAINS
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, Model

_RECTIFIER = "relu"
LAYERS = 6  # a hundredth of the std is left behind six layers of 0.41 each
TORCH_VARIANCE = 1 / 3  # fan_in * Var W of torch's default, U(+-1/sqrt(fan_in))

_INIT_METHODS = frozenset({"init_weights", "_init_weights", "init_weight", "weight_init"})  # what frameworks call


class DefaultInitInDeepRectifier(Rule):
    """Many rectifier layers in a row are left at torch's default initialisation.

    ## What it does
    Follows the signal through layers with weights whose output meets ReLU or its kin, with neither a norm nor an
    addition nor a gate between, and speaks from 6 layers on where all are left as their constructors make them.
    Layers made in a loop count as often as it runs. The finding sits on the first. A model whose weights are always
    loaded from a file is silent.

    ## Why is this bad?
    torch's default, U(+-1/sqrt(fan_in)), has a third of the variance that keeps a linear signal, a sixth of what ReLU
    needs: each layer keeps 0.41 of the std, forward and backward. After 20 layers 1.6e-8 is left, and the biases
    alone decide the output.

    ## Example
    ```python
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(*[m for _ in range(20) for m in (nn.Linear(256, 256), nn.ReLU())])
    ```

    ## Use instead
    ```python
            for module in self.modules():
                if isinstance(module, nn.Linear):
                    nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                    if module.bias is not None:
                        nn.init.zeros_(module.bias)
    ```

    ## Fix safety
    Unsafe: all layers of these kinds get other numbers, the last one as well.

    ## References
    - He et al. 2015, Delving Deep into Rectifiers, figs. 2 and 3, https://arxiv.org/abs/1502.01852
    - Glorot and Bengio 2010, eq. 1: the heuristic that torch's default is
    """

    code = "INI207"
    name = "default-init-in-deep-rectifier"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """At most one finding a model: its longest series."""
        for model in file.models:
            own = [member for member in members(file) if member.model is model and _is_default(member)]
            enough = deepest(without_norms(model, own)) >= LAYERS and may_use(file, model, _RECTIFIER)
            path, depth = longest(own, _accepts) if enough else ([], 0)
            site = path[0].parameter.site if path else None
            if depth < LAYERS or site is None or _is_filled(file, path):
                continue
            activation = path[0].activation or "relu"
            kept = math.sqrt(TORCH_VARIANCE * GAINS[activation].second)
            yield self.finding(
                site,
                f"{depth} layers in a row before {activation} at torch's default initialisation: each keeps "
                f"{kept:.2g} of the signal's std, {kept**depth:.1g} is left after {depth}",
                help="Initialise them for the rectifier that follows (kaiming_normal_), or normalise between them. "
                f"After 20 layers {kept**20:.1e} would be left.",
                layer=path[0].name,
                concerns=(one.name for one in path),
                fix=_fix(model, path),
            )


def _is_default(member: Member) -> bool:
    event = member.parameter.effective
    sure = event is not None and event.default and event.certain and event.scheme == "kaiming_uniform"
    return sure and is_weight(member.parameter) and not member.parameter.module.wrappers


def _is_filled(file: FileModel, path: list[Member]) -> bool:
    """Whether the weights come from a file, from a caller or from a framework that calls the class's own init."""
    from initlint.describe.pretrained import is_loaded  # only long series ask for it

    root = path[0].model.root
    cls = root.cls if root is not None else None
    if cls is not None and (_INIT_METHODS & cls.info.methods.keys() or is_loaded(path[0].parameter.flow.project, cls)):
        return True
    return all(member.parameter.storage.frozen or rewritten(file, member.parameter) for member in path)


def _accepts(member: Member) -> bool:
    follow = member.parameter.follow
    plain = follow is not None and follow.plain and not follow.gate and member.matters
    return plain and member.activation in RECTIFIERS


def _fix(model: Model, path: list[Member]) -> Fix | None:
    from initlint.describe.advice import agreed
    from initlint.fixer.init_loop import init_loop  # libcst

    scheme = agreed(path)
    return init_loop(model, path, scheme) if scheme is not None else None
