"""Parts taken out of a model from outside the project whose weights are loaded: `vgg.features`, `resnet.layer1`."""

from __future__ import annotations

import re

from initlint.describe.nodes import Loaded
from initlint.describe.run import Run
from initlint.describe.values import Method, ModuleObject, Value

# Names that torchvision, timm and their like give to layers and stages; settings and sizes are called otherwise.
_PARTS = re.compile(
    r"features|(layer|block|conv|bn|norm|stage|denseblock|transition|encoder|stem)s?_?\d*|maxpool|backbone|body|trunk"
    r"|Mixed_\w+|Conv2d_\w+|embeddings?|visual|transformer"
)


def as_part(run: Run, value: Value) -> Value:
    """The part that an attribute of such a model is; any other value as it is."""
    if not isinstance(value, Method) or not isinstance(value.target, ModuleObject):
        return value
    whole = value.target
    if not is_opaque(whole) or _PARTS.fullmatch(value.name) is None:
        return value
    return part(run, whole, value.name)


def part(run: Run, whole: ModuleObject, name: str) -> ModuleObject:
    """Something in it that nobody has looked at: loaded as the whole is."""
    assert whole.loaded is not None
    made = ModuleObject(name, whole.loaded, dotted=f"{whole.dotted}.{name}")
    made.loaded = whole.loaded
    run.records.append(Loaded(whole.loaded, made, tuple(run.guards), run.tick()))
    return made


def is_opaque(module: ModuleObject) -> bool:
    """Whether its weights are loaded, and its parts not known."""
    return module.loaded is not None and module.cls is None and not module.bases and not module.slots
