"""The scale against the fans and the activation: INI201 to INI209, INI301 to INI305, INI401 to INI404. (parent)"""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.finding import Severity
from initlint.reference.activations import RECTIFIERS, SATURATING, SMOOTH_RECTIFIERS, canonical_activation
from initlint.reference.gains import gain_of
from initlint.reference.torch_gains import TORCH_GAINS, torch_gain
from initlint.runtime.protocol import Event, Model, Parameter
from initlint.runtime.remark import Remark, explicit, last_write

_RECTIFIER_GAINS = frozenset({"relu", "leaky_relu"})
_FAR = 3.0  # the catalogue's: outside 1/3 to 3
_TEN_PERCENT = 0.1
_EXACT = 1e-6
_PLAIN_DRAWS = frozenset({"normal", "uniform", "trunc_normal"})
_GATED_ROLES = frozenset({"LSTM", "GRU"})


def judged(model: Model) -> Iterator[Remark]:
    """At most one remark a weight on its scale: the most specific speaks."""
    for row in model.parameters:
        event = last_write(row)
        if event is None or not explicit(event) or row.form is None or row.overlays or len(row.shape) < 2:
            continue
        if row.role not in {"weight", "raw"} or not _used_as_it_is(row):
            continue
        rest = (_positive, _unscaled, _variance_as_std, _wrong_axis, _for_selu, _before_rectifier, _before_saturating,
                _other_gain, _far_off, _no_activation)  # fmt: skip
        found = next((remark for check in rest if (remark := check(row, event)) is not None), None)
        if found is not None:
            yield found


def fans(model: Model) -> Iterator[Remark]:
    """INI402 to INI404 and INI208: fans that torch reads off the wrong axes, and packed matrices."""
    for row in model.parameters:
        event = last_write(row)
        if event is None or not explicit(event) or row.role != "weight" or len(row.shape) < 2:
            continue
        for check in (_transposed_convolution, _grouped, _packed, _recurrent):
            remark = check(row, event)
            if remark is not None:
                yield remark
                break


def _used_as_it_is(row: Parameter) -> bool:
    """Whether forward contracts this very tensor: no reparametrisation, no scale applied on the way."""
    own = row.measured.std if row.measured else row.std
    if row.used_std is None or not own:
        return False
    return math.isclose(row.used_std, own, rel_tol=0.05)


def _activation(row: Parameter) -> str | None:
    return next((name for item in row.followed_by if (name := canonical_activation(item))), None)


def _plain(row: Parameter) -> bool:
    return row.on_path and not row.normalised and not row.residual


def _off_centre(row: Parameter) -> bool:
    """Whether another rule speaks of its mean: of one on the tape INI304; of numbers alone, none but INI303."""
    return bool(row.mean) and (row.method != "outside" or abs(row.mean or 0.0) >= (row.std or 0.0) / 2)


def _positive(row: Parameter, event: Event) -> Remark | None:
    form = row.form
    if form is None or form.family != "uniform" or not row.std or abs(row.mean or 0.0) < row.std / 2:
        return None
    message = f"`{row.name}` is drawn from U({form.low:.3g}, {form.high:.3g}): its mean is {row.mean:.3g}, not 0"
    return Remark("INI303", row.name, message, "bounds -b and b, b = sqrt(3) std", event.place)


def _unscaled(row: Parameter, event: Event) -> Remark | None:
    fan = row.effective_fan_in or row.used_fan_in
    if row.form is None or row.form.family != "normal" or _off_centre(row) or not fan or row.std is None:
        return None
    if abs(row.std - 1) > _EXACT or fan < 9 or row.normalised:
        return None
    message = (
        f"`{row.name}` is drawn from N({row.mean or 0:.2g}, 1) and summed over {fan:g} inputs: "
        f"the output's std is {math.sqrt(fan):.3g}"
    )
    return Remark(
        "INI302", row.name, message, f"{row.suggested or 'a scheme'}: std {1 / math.sqrt(fan):.3g} or so", event.place
    )


def _variance_as_std(row: Parameter, event: Event) -> Remark | None:
    if (
        event.scheme not in _PLAIN_DRAWS
        or _activation(row) in {None, "sin"}
        or not row.std
        or row.mean
        or row.fan_in is None
        or row.fan_out is None
    ):
        return None
    uniform = row.form is not None and row.form.family == "uniform"
    given = (row.form.high if uniform and row.form else row.std) or 0.0
    if float(f"{given:.3g}") == given:
        return None  # a short number is as likely one that somebody chose
    formulas = {"2/fan_in": 2 / row.fan_in, "2/(fan_in + fan_out)": 2 / (row.fan_in + row.fan_out)}
    formulas |= {"6/fan_in": 6 / row.fan_in, "6/(fan_in + fan_out)": 6 / (row.fan_in + row.fan_out)} if uniform else {
        "1/fan_in": 1 / row.fan_in, "2/fan_out": 2 / row.fan_out}  # fmt: skip
    for text, number in formulas.items():
        if math.isclose(given, number, rel_tol=_EXACT):
            word = "bound" if uniform else "std"
            message = (
                f"the {word} of `{row.name}` is {text} = {given:.3g}: that is a variance, "
                f"its root is {math.sqrt(given):.3g}"
            )
            return Remark("INI301", row.name, message, f"{word} sqrt({text})", event.place)
    return None


def _wrong_axis(row: Parameter, event: Event) -> Remark | None:
    if not event.scheme.startswith("kaiming") or row.used_fan_in is None or row.fan_in == row.fan_out:
        return None
    taken = row.fan_in if event.arguments.get("mode") == "fan_in" else row.fan_out
    transposed = row.role == "raw" or row.module == "Conv1D"
    if not transposed or event.arguments.get("mode") != "fan_in" or taken == row.used_fan_in:
        return None
    if _divided_by(row, event, row.used_fan_in):  # it was given the transpose, or another view
        return None
    message = f"kaiming takes {taken} for the fan-in of `{row.name}`, but forward sums over {row.used_fan_in} inputs"
    return Remark("INI401", row.name, message, "initialise the transposed weight: w.t()", event.place)


def _divided_by(row: Parameter, event: Event, fan: float) -> bool:
    """Whether the std is the one that kaiming draws for this fan-in."""
    word = event.arguments.get("nonlinearity")
    slope = float(event.arguments.get("a") or 0.0)
    if not row.std or word not in TORCH_GAINS:
        return False
    gain = torch_gain(word, slope if word == "leaky_relu" else None)
    return isinstance(gain, int | float) and math.isclose(row.std * math.sqrt(fan), gain, rel_tol=_TEN_PERCENT)


def _for_selu(row: Parameter, event: Event) -> Remark | None:
    if _activation(row) != "selu" or row.normalised or not row.std or not row.effective_fan_in:
        return None
    gain = row.std * math.sqrt(row.effective_fan_in)
    if abs(gain - 1) <= _TEN_PERCENT:
        return None
    message = f"SELU keeps mean 0 and variance 1 at std 1/sqrt(fan_in); `{row.name}` has {gain:.2f} times that"
    return Remark("INI203", row.name, message, "kaiming_normal_(w, nonlinearity='linear')", event.place)


def _before_rectifier(row: Parameter, event: Event) -> Remark | None:
    activation = _activation(row)
    if activation not in RECTIFIERS | SMOOTH_RECTIFIERS or not _plain(row):
        return None
    gain = event.arguments.get("gain", 1.0)
    xavier = event.scheme.startswith("xavier") and abs(float(gain) - 1) < 0.05
    lecun = row.scheme.startswith("lecun") and event.scheme != "trunc_normal"
    if not (xavier or lecun):
        return None
    exact = gain_of(str(activation))
    loss = 1 / exact.forward if exact else math.sqrt(0.5)
    message = (
        f"`{row.name}` has {event.scheme} before {activation}, which passes {loss:.2f} of the std: "
        f"the layer's std is {row.ratio or loss:.2f} of what {row.suggested or 'He'} gives"
    )
    severity = None if activation in RECTIFIERS else Severity.INFO
    return Remark("INI201", row.name, message, _asked(row), event.place, severity)


def _before_saturating(row: Parameter, event: Event) -> Remark | None:
    if _activation(row) not in SATURATING or not event.scheme.startswith("kaiming") or row.normalised:
        return None
    slope = float(event.arguments.get("a") or 0.0)
    if event.arguments.get("nonlinearity") not in _RECTIFIER_GAINS or slope > 0.5 or not row.on_path:
        return None
    message = f"`{row.name}` has {event.scheme} with a rectifier's gain before {_activation(row)}"
    return Remark("INI202", row.name, message, _asked(row), event.place)


def _other_gain(row: Parameter, event: Event) -> Remark | None:
    activation, word = _activation(row), event.arguments.get("nonlinearity")
    if activation is None or not _plain(row) or row.ratio is None or abs(row.ratio - 1) <= _TEN_PERCENT:
        return None
    if not event.scheme.startswith("kaiming") or word in _RECTIFIER_GAINS | {"linear", None} or word == activation:
        return None
    message = (
        f"the gain on `{row.name}` is that of {word}, but {activation} follows: std {row.ratio:.2f} of the right one"
    )
    return Remark("INI204", row.name, message, _asked(row), event.place)


def _far_off(row: Parameter, event: Event) -> Remark | None:
    if row.ratio is None or row.suggested_std is None or not _plain(row) or _off_centre(row):
        return None
    if _activation(row) in {None, "sin"}:
        return None  # a frequency stands between the layer and the sine
    # A named scheme has its reason, if only that it looks backwards (fan_out): its own rules judge it.
    if event.scheme not in _PLAIN_DRAWS or not row.std or 1 / _FAR <= row.ratio <= _FAR:
        return None
    backward = row.std * math.sqrt((row.effective_fan_out or 0.0) / 2)
    if 1 / _FAR <= backward <= _FAR:
        return None
    message = (
        f"`{row.name}` has std {row.std:.3g} where {row.suggested} for fan-in {row.effective_fan_in:g} gives "
        f"{row.suggested_std:.3g}: {row.ratio:.2g} times that, before {_activation(row)}"
    )
    return Remark("INI305", row.name, message, _asked(row), event.place)


def _no_activation(row: Parameter, event: Event) -> Remark | None:
    if not event.scheme.startswith("kaiming") or _activation(row) or row.normalised or row.residual or not row.on_path:
        return None
    slope = float(event.arguments.get("a") or 0.0)
    if event.arguments.get("nonlinearity") not in _RECTIFIER_GAINS or slope >= 1 or row.followed_by:
        return None
    message = f"`{row.name}` has a rectifier's gain and no activation after it: its output has twice the variance"
    return Remark("INI209", row.name, message, "xavier_uniform_, or kaiming with nonlinearity='linear'", event.place)


def _transposed_convolution(row: Parameter, event: Event) -> Remark | None:
    if "ConvTranspose" not in row.module or not event.scheme.startswith("kaiming") or row.shape[0] == row.shape[1]:
        return None
    mode = event.arguments.get("mode")
    message = f"torch swaps the fans of a transposed convolution: {mode} of `{row.name}` is its other fan"
    other = "fan_out" if mode == "fan_in" else "fan_in"
    return Remark("INI402", row.name, message, f"mode='{other}'", event.place)


def _grouped(row: Parameter, event: Event) -> Remark | None:
    groups = row.facts.get("groups", 1)
    if (
        groups == 1
        or "Transpose" in row.module
        or event.arguments.get("mode") != "fan_out"
        or row.effective_fan_out is None
    ):
        return None
    message = (
        f"fan_out of `{row.name}` is taken as {row.fan_out}, but each of its {groups} groups has "
        f"{row.effective_fan_out:g}: "
        f"the std is {math.sqrt((row.effective_fan_out or 1) / (row.fan_out or 1)):.2g} of what is meant"
    )
    severity = Severity.WARNING if row.normalised is False else None
    return Remark("INI403", row.name, message, "mode='fan_in', or divide by groups", event.place, severity)


def _packed(row: Parameter, event: Event) -> Remark | None:
    if row.packed < 2 or event.region or not event.scheme.startswith("xavier") or row.effective_fan_in is None:
        return None
    ratio = math.sqrt((row.effective_fan_in + (row.effective_fan_out or 0)) / ((row.fan_in or 0) + (row.fan_out or 1)))
    message = (
        f"`{row.name}` packs {row.packed} matrices; {event.scheme} over the whole has {ratio:.2f} "
        "of the std of each alone"
    )
    return Remark("INI404", row.name, message, "initialise each of the packed matrices on its own", event.place)


def _recurrent(row: Parameter, event: Event) -> Remark | None:
    if "_hh" not in row.name.rpartition(".")[2] or row.form is None or row.overlays:
        return None
    if row.form.family == "orthogonal" and row.packed > 1:
        message = f"`{row.name}` is one orthogonal matrix over {row.packed} packed gates: no single gate is orthogonal"
        return Remark("INI208", row.name, message, "one orthogonal matrix a gate", event.place)
    if row.form.family in {"normal", "uniform", "trunc_normal"}:
        message = f"the hidden-to-hidden weight `{row.name}` is not orthogonal ({row.scheme})"
        return Remark("INI208", row.name, message, "orthogonal_, gate by gate", event.place)
    return None


def _asked(row: Parameter) -> str:
    return f"{row.suggested}, std {row.suggested_std:.3g}" if row.suggested_std else "the scheme for its activation"


CHECKS = (judged, fans)
