"""Which parameter of a layer is behind what was measured of its signal. (child)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from initlint.runtime.propagation_report import LayerSignal, Propagation, power
from initlint.runtime.protocol import Parameter, Verdict
from initlint.runtime.remark import last_place, layer_of

# Of the output's second moment: with sound weights it is the bias alone that carries a unit below 0 for every input.
_LARGER_PART = 0.5
# Standard deviations: a normalised unit that far below 0 is hardly ever on.
_FAR = 3.0


def with_culprits(verdicts: Iterable[Verdict], report: Propagation, rows: Sequence[Parameter]) -> tuple[Verdict, ...]:
    """The verdicts, those on dead units with the bias instead of the layer where a bias is what killed them."""
    return tuple(_on_bias(one, report, rows) if one.code == "INI805" else one for one in verdicts)


def _on_bias(verdict: Verdict, report: Propagation, rows: Sequence[Parameter]) -> Verdict:
    calls = [layer for layer in report.layers if layer.name == verdict.layer and layer.dead is not None]
    worst = max(calls, key=lambda layer: layer.dead or 0.0, default=None)
    bias = _culprit(worst, rows) if worst is not None else None
    if bias is None or bias.measured is None:
        return verdict
    message = f"{verdict.message}: `{bias.name}` (mean {bias.measured.mean:.3g}) holds them below 0"
    return replace(verdict, layer=bias.name, message=message, help="start the bias at 0", place=last_place(bias))


def _culprit(layer: LayerSignal, rows: Sequence[Parameter]) -> Parameter | None:
    own = _named(f"{layer.name}.bias", rows)
    weight = _named(f"{layer.name}.weight", rows)
    if weight is not None and weight.normalised:  # whatever the layer does, the norm behind it undoes
        found = [row for row in _sunken(rows) if row.numel == layer.units]
        return found[0] if len(found) == 1 else None
    if own is None or own.measured is None or own.measured.mean is None or layer.moment is None:
        return None
    carried = own.measured.mean**2 + (own.measured.std or 0.0) ** 2
    return own if carried >= _LARGER_PART * power(layer.moment.mean) else None


def _sunken(rows: Sequence[Parameter]) -> Iterator[Parameter]:
    """The biases of norms that leave hardly anything above 0."""
    for row in rows:
        scale = _named(f"{layer_of(row)}.weight", rows) if row.role == "norm_bias" else None
        if scale is None or scale.measured is None or row.measured is None:
            continue
        if (row.measured.mean or 0.0) < -_FAR * abs(scale.measured.mean or 0.0):
            yield row


def _named(name: str, rows: Sequence[Parameter]) -> Parameter | None:
    return next((row for row in rows if name in (row.name, *row.aliases)), None)
