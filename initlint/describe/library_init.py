"""What transformers' own `_init_weights` does to a layer, where the library is not among the files that are read.

Which numbers it draws depends on the library's version and on the configuration. It is certain only that a norm starts
as the identity and that attention keeps torch's init; of all other layers the values are unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.describe import tensors
from initlint.describe.nodes import InitEvent, Site
from initlint.describe.run import Run
from initlint.describe.values import ModuleObject
from initlint.reference.layers import LAYERS

if TYPE_CHECKING:
    from initlint.describe.run import Frame

_LEFT_AS_BUILT = frozenset({"norm", "attention"})


def library_init(run: Run, module: ModuleObject, site: Site, frame: Frame) -> None:
    """Forget the values of the module's own parameters, if it is a layer that the library knows."""
    from initlint.describe import modules

    roles = {LAYERS[base].role for base in module.bases if base in LAYERS}
    if not roles or roles & _LEFT_AS_BUILT:
        return
    for _, guards, tensor in modules.own_parameters(run, module):
        with run.under(guards):
            tensors.write(run, tensor, InitEvent("unknown", site, scope=frame.name))
