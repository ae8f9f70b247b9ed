"""INI207: a deep plain path of rectifiers at torch's default init. (parent)"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.reference.activations import RECTIFIERS, canonical_activation
from initlint.runtime.protocol import Model
from initlint.runtime.remark import Remark

_LAYERS = 6
# torch's default is a third of LeCun's variance, and a rectifier passes half of it: 1/sqrt(6).
_FACTOR = 6**-0.5


def default_in_deep_rectifier(model: Model) -> Iterator[Remark]:
    """At most one a model: the longest path."""
    if not model.propagation or model.propagation.get("problem"):
        return
    layers = model.propagation["layers"]
    default = {row.name.rpartition(".")[0] for row in model.parameters if row.default and row.role == "weight"}
    best: list[str] = []
    for path in model.propagation["paths"]:
        names = [layers[row]["name"] for row in path["rows"]]
        rows = [layers[row] for row in path["rows"]]
        hidden = [
            name
            for name, row in zip(names, rows, strict=True)
            if name in default and any(canonical_activation(item) in RECTIFIERS for item in row["follows"])
        ]
        best = max(best, hidden, key=len)
    if len(best) >= _LAYERS:
        message = (
            f"{len(best)} rectifier layers in one plain path, from `{best[0]}` to `{best[-1]}`, are at torch's default "
            f"init: each passes about {_FACTOR:.2f} of the std, all of them {_FACTOR ** len(best):.1e}"
        )
        yield Remark("INI207", best[0], message, "kaiming_normal_(w, nonlinearity='relu') for each, biases zero")
