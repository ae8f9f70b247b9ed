"""INI505 overwritten-pretrained."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.nodes import Applied, Loaded
from initlint.describe.reach import below, code, holds_with, inits, named_kinds
from initlint.finding import Finding, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, InitEvent, Model, Parameter
    from initlint.describe.values import ModuleObject

_RANDOM = re.compile(r"^(xavier|kaiming|trunc_normal|normal|uniform|orthogonal)\w*_$")
# What a backbone known only by its factory's name is made of.
_COMMON = ("linear", "conv", "norm", "embedding")


class OverwrittenPretrained(Rule):
    """Weights are loaded, and an init that runs over the whole model afterwards throws them away.

    ## What it does
    Follows weights that come from `load_state_dict`, `from_pretrained`, `pretrained=True` or `weights=...`, and
    reports an `apply`, a loop over `modules()` or `parameters()`, or an init method that later draws the loaded part
    again in the same configuration. Setting a single head anew by name is fine, and so is loading again afterwards.

    ## Why is this bad?
    The model trains from scratch while its author believes that it is pretrained: slower, and worse on little data.
    Nothing fails.

    ## Example
    ```python
    self.backbone = torchvision.models.resnet18(weights="DEFAULT")
    self.head = nn.Linear(1000, 10)
    self.apply(init_weights)  # every Conv2d and Linear, the backbone's too
    ```

    ## Use instead
    ```python
    self.backbone = torchvision.models.resnet18(weights="DEFAULT")
    self.head = nn.Linear(1000, 10)
    self.head.apply(init_weights)
    ```

    ## References
    - [torch.nn.Module.apply](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html)
    """

    code = "INI505"
    name = "overwritten-pretrained"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Broad inits that run over what was loaded."""
        loads = list(file.facts(Loaded))
        for model in file.models if loads else ():
            parts = below(model.root)
            here = [one for one in loads if id(one.module) in parts]
            outermost = 0  # an init method and the loop in it are one init
            for applied in inits(file, model) if here else ():
                found = next((one for one in here if _throws_away(file, model, applied, one)), None)
                if found is not None and applied.order > outermost:
                    outermost = applied.end
                    where = found.site.told_in(applied.site.path)
                    yield self.finding(
                        applied.site,
                        f"this init draws again the weights that were loaded in {where}",
                        help="Initialise only what is new, or load afterwards.",
                        layer=model.name,
                    )


def _throws_away(file: FileModel, model: Model, applied: Applied, loaded: Loaded) -> bool:
    """Whether the init surely covers the loaded part, after it was loaded, where both happen."""
    if applied.order < loaded.order or id(loaded.module) not in below(applied.module):
        return False
    if not holds_with(loaded.guards, applied.guards) or any(_undecided(applied, loaded)):
        return False
    inside = below(loaded.module)
    parameters = [one for one in model.parameters if id(one.module) in inside]
    if parameters:
        return any(_redrawn(one, applied, loaded) for one in parameters)
    if applied.how == "method" and not _runs_over(file, applied, loaded):
        return False
    nodes = code(file, applied)
    drawn = (event for one in model.parameters for event in one.history if _random(event))
    writes = any(applied.order < event.order < applied.end for event in drawn) or any(map(_draws, nodes))
    named = {name.strip("_").lower() for name in named_kinds(nodes)}
    return writes and (not named or any(kind in name for kind in _kinds(loaded.module) for name in named))


def _draws(node: ast.AST) -> bool:
    """Whether the code draws weights, if perhaps no layer that the model makes itself."""
    calls = (inner.func for inner in syntax.walk(node) if isinstance(inner, ast.Call))
    return any(_RANDOM.search(syntax.last_name(func)) for func in calls)


def _runs_over(file: FileModel, method: Applied, loaded: Loaded) -> bool:
    """Whether an init method of the model applies a function, or loops, over the loaded part and not others only."""
    inner = [one for one in file.facts(Applied) if method.order < one.order < method.end and one.how != "method"]
    return not inner or any(id(loaded.module) in below(one.module) for one in inner)


def _kinds(loaded: ModuleObject) -> tuple[str, ...]:
    """The layers that a loaded model surely has, in small letters; a layer is only what it is."""
    dotted = loaded.dotted or ""
    return (dotted.rpartition(".")[2].lower(),) if dotted.startswith("torch.nn.") else _COMMON


def _undecided(applied: Applied, loaded: Loaded) -> Iterator[bool]:
    """Conditions of the init that the loading does not share, and that do not hold by default."""
    shared = {guard.key for guard in loaded.guards}
    return (guard.default is not True for guard in applied.guards if guard.key not in shared)


def _redrawn(parameter: Parameter, applied: Applied, loaded: Loaded) -> bool:
    later = [event for event in parameter.history if event.order > loaded.order and event.region is None]
    drawn = [event for event in later if applied.order < event.order < applied.end and _random(event)]
    return bool(drawn) and not any(event.scheme in ("copy", "unknown") for event in later if event.order > applied.end)


def _random(event: InitEvent) -> bool:
    return event.broad and not event.default and event.scheme not in ("copy", "unknown", "empty")
