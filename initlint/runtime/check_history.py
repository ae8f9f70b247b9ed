"""The order of writes: INI205, INI304, INI306, INI504, INI508, INI511, INI701 to INI703. (parent)"""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.finding import Severity
from initlint.reference.layers import LAYERS
from initlint.runtime.protocol import Event, Form, Model, Parameter
from initlint.runtime.remark import Remark, explicit, last_place, last_write, layer_of, module_place

_NORMALS = frozenset({"torch.nn.init.normal_", "torch.nn.init.trunc_normal_", "timm.layers.weight_init.trunc_normal_"})
# Below this a positional number meant for std is recognisable as one; a mean is seldom that.
_STD_LIKE = 0.3
_WIDE_BIAS = 0.5
# Logits of this std put the loss several nats above that of an even guess.
_WIDE_LOGITS = 3.0


def std_as_mean(model: Model) -> Iterator[Remark]:
    """INI304: `normal_(w, 0.02)` sets the mean."""
    for row in model.parameters:
        event = last_write(row)
        if event is None or not explicit(event) or event.function not in _NORMALS | {"normal_"}:
            continue
        mean, std = event.arguments.get("mean"), event.arguments.get("std")
        if row.role == "norm_weight" or std != 1.0 or not isinstance(mean, float) or not 0 < abs(mean) < _STD_LIKE:
            continue
        message = f"`{row.name}` is drawn with mean {mean:g} and std 1: the number that was meant as std sets the mean"
        yield Remark("INI304", row.name, message, f"write std={mean:g}", event.place)


def ignored_slope(model: Model) -> Iterator[Remark]:
    """INI205: `a` has no effect beside another nonlinearity than leaky_relu."""
    for row in model.parameters:
        event = last_write(row)
        if event is None or not explicit(event) or "kaiming" not in event.function:
            continue
        slope, word = event.arguments.get("a"), event.arguments.get("nonlinearity")
        if slope and word != "leaky_relu":
            message = f"a={slope:g} has no effect beside nonlinearity={word!r} on `{row.name}`"
            yield Remark("INI205", row.name, message, "drop `a`, or say leaky_relu", event.place)


def absolute_bounds(model: Model) -> Iterator[Remark]:
    """INI306: truncation inside one standard deviation."""
    for row in model.parameters:
        event = last_write(row)
        if event is None or not explicit(event) or not event.function.endswith(".trunc_normal_"):
            continue
        mean, std, low, high = (event.arguments.get(key) for key in ("mean", "std", "a", "b"))
        if not all(isinstance(number, (int, float)) for number in (mean, std, low, high)) or not std:
            continue
        if min(high - mean, mean - low) < std:  # type: ignore[operator]
            message = (
                f"the bounds [{low:g}, {high:g}] cut `{row.name}` inside one std of {std:g}: "
                f"what is drawn has std {event.std or 0:.3g}"
            )
            severity = Severity.WARNING
            yield Remark("INI306", row.name, message, "bounds are absolute: a=-2*std, b=2*std", event.place, severity)


def padding_row(model: Model) -> Iterator[Remark]:
    """INI504: an embedding drawn again over its padding row."""
    for row in model.parameters:
        index = row.facts.get("padding_idx")
        if row.role != "embedding" or not isinstance(index, int) or row.form is None or row.default:
            continue
        if not row.form.std or any(_covers_row(part, index % row.shape[0]) for part in row.overlays):
            continue
        event = last_write(row)
        if event is None or not explicit(event):
            continue
        message = f"row {index} of `{row.name}`, the padding, is drawn like the others, and its gradient is always 0"
        yield Remark("INI504", row.name, message, f"zero weight[{index}] afterwards, under no_grad", event.place)


def _covers_row(part: Form, index: int) -> bool:
    if part.family in {"opaque", "repeated"} or part.region in {"[part]", f"[{index}]"}:
        return True
    low, colon, high = part.region.strip("[]").partition(":")
    return bool(colon) and int(low or 0) <= index < int(high or 1 << 62) if "," not in part.region else True


def tied_embedding(model: Model) -> Iterator[Remark]:
    """INI508: the head shares a table that was left at N(0, 1)."""
    for row in model.parameters:
        kinds = set(row.owners)
        if "Embedding" not in kinds or "Linear" not in kinds or row.form is None or row.form.family != "normal":
            continue
        if (row.std or 0.0) < 0.5 or not _logits_are_wide(model, row):
            continue
        width = row.shape[-1]
        message = (
            f"`{row.name}` is table and output layer at once and starts at N(0, {row.std or 0:.2g}^2): "
            f"the logits' std is about {(row.std or 0) * width**0.5:.0f}, "
            f"and the loss starts far above ln {row.shape[0]}"
        )
        place = module_place(model, layer_of(row)) or last_place(row)
        yield Remark("INI508", row.name, message, "draw the table with std 0.02, or 1/sqrt(width)", place)


def _logits_are_wide(model: Model, row: Parameter) -> bool:
    """Whether the head's outputs really are: some models scale the state down before it."""
    names = (row.name, *row.aliases)
    heads = {name.rpartition(".")[0] for name, kind in zip(names, row.owners, strict=True) if kind == "Linear"}
    layers = (model.propagation or {}).get("layers", [])
    moments = [layer["moment"]["mean"] for layer in layers if layer["name"] in heads and layer["moment"]]
    return bool(moments) and max(moments) > 2 * math.log2(_WIDE_LOGITS)


def overwritten_special(model: Model) -> Iterator[Remark]:
    """INI511: a deliberate zero or prior that a later, broad init wipes out."""
    for row in model.parameters:
        for first, second in zip(row.history, row.history[1:], strict=False):
            if not _is_special(first, row) or not explicit(second) or second.region or second.kind != "set":
                continue
            if first.place is None or second.place is None or first.place.function == second.place.function:
                continue
            if second.family == first.family and second.mean == first.mean:
                continue
            was = "zero" if first.mean == 0 else f"{first.mean:.4g}"
            message = (
                f"`{row.name}` was set to {was} on purpose in {first.place.function} (line {first.place.line}), "
                f"and this {second.scheme} overwrites it"
            )
            yield Remark("INI511", row.name, message, "initialise the special part last", second.place)
            break


def _is_special(event: Event, row: Parameter) -> bool:
    if not explicit(event) or event.kind != "set" or event.region or event.family != "constant":
        return False
    if row.role == "bias":
        return abs(event.mean or 0.0) > _WIDE_BIAS
    return row.role == "weight" and event.mean == 0 and len(row.shape) > 1


def norm_scale(model: Model) -> Iterator[Remark]:
    """INI701: a norm's scale that does not start at one."""
    # Norms written by hand may scale by 1 + weight: only torch's own are known.
    scales = [
        row for row in model.parameters if row.role == "norm_weight" and row.form is not None and row.module in LAYERS
    ]
    for row in scales:
        mean, std = row.mean, row.std
        if mean is None or std is None or not std or mean >= 0.75 or row.default:
            continue
        message = (
            f"`{row.name}`, the scale of a {row.module}, starts at {mean:.2g} on average with std {std:.2g}, not at 1"
        )
        yield Remark("INI701", row.name, message, "ones_ for scales, or N(1, .02)", last_place(row))
    zero = [row for row in scales if row.mean == 0 and row.std == 0]
    if (
        scales
        and len(zero) == len(scales)
        and not any(row.default for row in zero)
        and not any(r.residual for r in zero)
    ):
        row = zero[0]
        message = f"every norm of the model has scale 0, `{row.name}` first: nothing passes"
        yield Remark("INI701", row.name, message, "ones_ for scales", last_place(row))


def random_bias(model: Model) -> Iterator[Remark]:
    """INI702: a bias drawn with the spread of a signal."""
    for row in model.parameters:
        if row.role != "bias" or row.form is None or row.overlays or row.default:
            continue
        if row.form.family in {"normal", "uniform", "trunc_normal"} and (row.std or 0.0) >= _WIDE_BIAS:
            saturating = {"sigmoid", "tanh", "softmax"} & set(row.followed_by)
            severity = Severity.WARNING if saturating else None
            message = f"`{row.name}` is a bias drawn with std {row.std:.2g}, as large as a signal"
            yield Remark("INI702", row.name, message, "zeros_", last_place(row), severity)


def forget_bias(model: Model) -> Iterator[Remark]:
    """INI703: the forget bias set in both of an LSTM's biases."""
    rows = {row.name: row for row in model.parameters if row.module in {"LSTM", "LSTMCell"} and row.role == "bias"}
    for name, row in rows.items():
        other = rows.get(name.replace("bias_ih", "bias_hh"))
        if "bias_ih" not in name or other is None:
            continue
        values = [_forget_value(one) for one in (row, other)]
        if None not in values and all(values):
            message = f"the forget bias is {values[0]:g} in `{name}` and {values[1]:g} in `{other.name}`: they add up"
            yield Remark("INI703", name, message, "set it in one of the two", last_place(other))


def _forget_value(row: Parameter) -> float | None:
    quarter = row.shape[0] // 4
    for part in row.overlays:
        if part.region == f"[{quarter}:{2 * quarter}]" and part.family == "constant":
            return part.mean
    return None


CHECKS = (
    std_as_mean,
    ignored_slope,
    absolute_bounds,
    padding_row,
    tied_embedding,
    overwritten_special,
    norm_scale,
    random_bias,
    forget_bias,
)
