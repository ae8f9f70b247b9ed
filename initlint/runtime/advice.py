"""What follows a layer, what the formulas then ask for, and how far the weight is from it. (child)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from initlint.reference.activations import canonical_activation
from initlint.reference.layers import LAYERS
from initlint.reference.recommend import Recommendation, recommend
from initlint.runtime.propagation_report import Path, Propagation
from initlint.runtime.protocol import Parameter

_NORMS = ("norm",)
_ADVISED = frozenset({"weight"})
_RESIDUAL = frozenset({"add", "residual", "add_", "iadd"})
_PRODUCTS = frozenset({"mul", "mul_", "imul"})


@dataclass(frozen=True, slots=True)
class Surrounding:
    """What a layer's output meets."""

    follows: tuple[str, ...] = ()
    on_path: bool = False  # in series with others, nothing normalising it
    fan_in: int | None = None
    std: float | None = None

    @property
    def normalised(self) -> bool:
        """Whether a normalisation comes before anything else does."""
        return bool(self.follows) and any(word in self.follows[0].lower() for word in _NORMS)

    @property
    def activation(self) -> str | None:
        """The first activation that follows, if one does."""
        return next((name for item in self.follows if (name := canonical_activation(item))), None)

    @property
    def residual(self) -> bool:
        """Whether it is added to something else."""
        return any(item in _RESIDUAL for item in self.follows)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All layers' surroundings; empty where forward did not run."""

    layers: Mapping[str, Surrounding] = field(default_factory=dict)

    @classmethod
    def of(cls, signal: Propagation | None) -> Surroundings:
        """Read off a measured signal."""
        if signal is None or signal.problem is not None:
            return cls()
        plain = {signal.layers[row].name for path in signal.paths if _is_plain(signal, path) for row in path.rows}
        found: dict[str, Surrounding] = {}
        for layer in signal.layers:
            found.setdefault(
                layer.name, Surrounding(layer.follows, layer.name in plain, layer.fan_in, layer.weight_std)
            )
        return cls(found)

    def of_layer(self, name: str) -> Surrounding | None:
        """The surroundings of a layer; None where it was not seen."""
        return self.layers.get(name)


def _is_plain(signal: Propagation, path: Path) -> bool:
    """Whether the path is no branch: nothing on it is added to, multiplied with or normalised."""
    met = {item.lower() for row in path.rows for item in signal.layers[row].follows}
    return not any(item in _RESIDUAL | _PRODUCTS or any(word in item for word in _NORMS) for item in met)


def advise(rows: Iterable[Parameter], signal: Propagation | None) -> tuple[Parameter, ...]:
    """The rows with what is known of their use."""
    around = Surroundings.of(signal)
    return tuple(
        advised(row, around.of_layer(row.name) or around.of_layer(row.name.rpartition(".")[0])) for row in rows
    )


def advised(row: Parameter, around: Surrounding | None) -> Parameter:
    """The row with what the formulas ask for, where something is known of its use."""
    if around is None:
        return row
    row = replace(
        row,
        followed_by=around.follows,
        normalised=around.normalised,
        residual=around.residual,
        on_path=around.on_path,
        used_fan_in=around.fan_in if row.role in {"weight", "raw"} else None,
        used_std=around.std if row.role in {"weight", "raw"} else None,
    )
    wanted = recommendation(row, around)
    if wanted is None or row.effective_fan_in is None:
        return row
    std = wanted.std(row.effective_fan_in, row.effective_fan_out)
    if not isinstance(std, (int, float)) or std <= 0:
        return row
    own = row.std if row.std is not None else (row.measured.std if row.measured else None)
    return replace(row, suggested=wanted.scheme, suggested_std=float(std), ratio=own / std if own is not None else None)


def recommendation(row: Parameter, around: Surrounding) -> Recommendation | None:
    """The recommendation for a weight that is summed over its fan-in."""
    if row.role not in _ADVISED or len(row.shape) < 2:
        return None
    layer = LAYERS.get(row.module)
    kind = layer.role if layer else None
    if kind == "recurrent":
        kind = "recurrent" if "_hh" in row.name.rpartition(".")[2] else None
    distribution = "uniform" if row.form is not None and row.form.family == "uniform" else "normal"
    return recommend(
        around.activation,
        distribution=distribution,
        kind=kind,
        normalised=around.normalised,
        residual=around.residual,
    )
