"""One number for a model's signal: by what a layer multiplies it, forward and backward, around some weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.fixer.proof import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from initlint.runtime.propagation_report import Band, Propagation
    from initlint.runtime.protocol import Model, Parameter

_MIXED = "mixed"


def sample(model: Model, names: frozenset[str]) -> Sample:
    """The row of these parameters."""
    rows = [row for row in model.parameters if row.name in names]
    forward, backward = factors(model, names)
    return Sample(
        _shared(_scheme(row) for row in rows),
        std=_mean_of(row.std for row in rows),
        mean=_mean_of(row.mean for row in rows),
        output=_output(model, names),
        forward=forward,
        backward=backward,
        tensors=len(rows),
    )


def factors(model: Model, names: frozenset[str]) -> tuple[float | None, float | None]:
    """The factor of a layer, forward and backward, on the longest path through the layers that hold `names`.

    None where no path of two or more layers goes there; 0 where nothing arrives.
    """
    found = propagation(model)
    if found is None or found.problem:
        return None, None
    layers = _layers(names)
    paths = [path for path in found.paths if any(found.layers[row].name in layers for row in path.rows)]
    path = max(paths, key=lambda one: len(one.rows), default=None)
    if path is None or len(path.rows) < 2:
        return None, None
    return _factor(path.moment), _factor(path.gradient[::-1])


def _output(model: Model, names: frozenset[str]) -> float | None:
    """The root mean square of what these layers hand on; 0 where it is exactly that."""
    found = propagation(model)
    if found is None or found.problem:
        return None
    layers = _layers(names)
    return _mean_of(row.moment.root if row.moment else 0.0 for row in found.layers if row.name in layers)


def _layers(names: frozenset[str]) -> set[str]:
    return {name.rpartition(".")[0] for name in names}


def propagation(model: Model) -> Propagation | None:
    """The measurement of the model's signal."""
    from initlint.runtime.propagation_report import Propagation  # only where models were built
    from initlint.runtime.protocol import decode

    return None if model.propagation is None else decode(Propagation, model.propagation)


def _factor(series: Sequence[Band | None]) -> float | None:
    if not series:
        return None
    first, last = series[0], series[-1]
    if first is None:
        return None
    if last is None:
        return 0.0
    exponent = (last.mean - first.mean) / 2 / (len(series) - 1)
    return float(2.0 ** max(min(exponent, 1000.0), -1000.0))


def _scheme(row: Parameter) -> str:
    if row.uninitialized:
        return "raw memory"
    return row.scheme if not row.overlays else f"{row.scheme} in parts"


def _shared(values: Iterable[str]) -> str:
    found = list(dict.fromkeys(values))
    return found[0] if len(found) == 1 else " and ".join(found) if len(found) < 3 else _MIXED


def _mean_of(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
