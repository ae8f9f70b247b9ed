"""Follow the signal through one forward pass, operation by operation (runs in the child).

A `TorchFunctionMode` sees every public torch function that the model calls, functional activations and additions
included, which hooks on modules never see. Each tensor carries a `Tag` saying on which path it lies; an operation
makes the tag of its result from those of its inputs. `passing` holds the operations that are no layers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import nan

from torch import Tensor, nn

from initlint.runtime import operations
from initlint.runtime.chain import Probe, Row, Step, Tag, changed, new_origin, set_tag
from initlint.runtime.layer_calls import LayerCall, is_weight, read_call
from initlint.runtime.meanfield import activation_moments, after_layer, weight_gain
from initlint.runtime.moments import second_moment
from initlint.runtime.operations import Kind, kind_of

#: More names of what follows a layer tell nobody anything.
_MOST_FOLLOWS = 4


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a torch function. `inputs` are its tensors with the tags they had before it."""

    name: str
    function: Callable[..., object]
    args: tuple[object, ...]
    kwargs: dict[str, object]
    inputs: tuple[tuple[Tensor, Tag | None], ...]
    outputs: tuple[Tensor, ...]

    @property
    def live(self) -> list[tuple[Tensor, Tag]]:
        """The inputs that lie on a path."""
        return [(value, tag) for value, tag in self.inputs if tag is not None and not tag.weight]

    def tag(self, tensor: Tensor) -> Tag | None:
        """The tag that an input had."""
        return next((tag for value, tag in self.inputs if value is tensor), None)


class Trace:
    """The rows and paths found so far. `tails` are the ends of paths: (last step, whether it is the output)."""

    def __init__(self) -> None:
        """Nothing traced yet."""
        self.rows: list[Row] = []
        self.tails: list[tuple[Step, bool]] = []
        self.modules: list[tuple[str, nn.Module]] = []
        self._calls: Counter[str] = Counter()

    def record(self, call: Call, pass_on: Callable[[Trace, Call], None]) -> None:
        """Tag the results of one call; what is no layer goes to `pass_on`."""
        layer = read_call(call.name, call.args, call.kwargs)
        if layer is not None:
            self._layer(call.name, layer, call.tag(layer.input), call.outputs[0])
        elif kind_of(call.name) is Kind.COMPOSITE:
            self._composite(call)
        else:
            pass_on(self, call)

    def close(self, tags: Iterable[Tag | None], *, output: bool = False) -> None:
        """Paths end here."""
        for tag in tags:
            if tag is not None and tag.step is not None and tag.depth > 0:
                self.tails.append((tag.step, output))

    def normalise(self, name: str, tags: Sequence[Tag | None], outputs: Sequence[Tensor]) -> None:
        """Scale means nothing from here on: paths end and new ones begin."""
        self.close(tags)
        row = next((tag.row for tag in tags if tag is not None and tag.row is not None), None)
        channel = next((tag.channel for tag in tags if tag is not None), -1)
        self.follow(row, name)
        for output in outputs:
            set_tag(output, Tag(step=new_origin(), row=row, channel=channel))

    def activate(self, name: str, function: Callable[[Tensor], Tensor], tag: Tag, output: Tensor) -> None:
        """An elementwise function was applied to what carries `tag`."""
        self.follow(tag.row, name)
        if tag.row is not None:
            _note_units(self.rows[tag.row], name, tag.channel, output)
        moments = None if tag.predicted is None else activation_moments(function, tag.predicted)
        predicted, slope = moments if moments else (None, None)
        back = None if tag.back is None or slope is None else tag.back + slope
        set_tag(output, changed(tag, predicted=predicted, back=back))

    def extend(self, parent: Step, row: Row, back: float | None, output: Tensor) -> None:
        """A counted step: `row` is the newest row, and `output` carries on from it."""
        index = len(self.rows) - 1
        step = Step(row.probe, parent, parent.root, index, None, row.predicted, back, parent.depth + 1)
        set_tag(output, Tag(step=step, row=index, predicted=row.predicted, channel=row.channel))

    def add_row(self, name: str, kind: str, output: Tensor, channel: int) -> Row:
        """A new row, measured on `output`."""
        key = f"{name}\0{kind}"
        row = Row(name, self._calls[key], kind, Probe.on(output), tuple(output.shape), channel=channel)
        self._calls[key] += 1
        self.rows.append(row)
        return row

    def follow(self, row: int | None, name: str) -> None:
        """Note what a layer's output meets."""
        if row is not None and len(self.rows[row].follows) < _MOST_FOLLOWS and name not in self.rows[row].follows:
            self.rows[row].follows.append(name)

    def _layer(self, name: str, call: LayerCall, tag: Tag | None, output: Tensor) -> None:
        known = tag is not None and not tag.weight
        before = tag if known and tag is not None else Tag(step=new_origin())
        # Where theory has lost the signal it starts anew from what is measured.
        entry = second_moment(call.input) if before.predicted is None else before.predicted
        gain = weight_gain(call.weight, call.reach)
        row = self.add_row(*self._owner(call.weight, name), output, call.channel)
        row.fan_in, row.fan_out, row.weight_std = call.fan_in, call.fan_out, _std(call.weight)
        row.predicted = after_layer(gain, entry, call.bias)
        back = None if before.back is None else before.back + gain
        self.extend(before.step or new_origin(), row, back, output)

    def _composite(self, call: Call) -> None:
        self.close(tag for _, tag in call.live)
        weight = next((value for value, _ in call.inputs if is_weight(value)), None)
        row = self.add_row(*self._owner(weight, call.name), call.outputs[0], -1)
        row.weight_std = None if weight is None else _std(weight)
        for output in call.outputs:
            set_tag(output, Tag(step=new_origin(), row=len(self.rows) - 1))

    def _owner(self, weight: Tensor | None, function: str) -> tuple[str, str]:
        """(name, kind) of the layer: the module that is running, or one of its raw parameters."""
        if not self.modules:
            return function, function
        name, module = self.modules[-1]
        local = next((key for key, value in module._parameters.items() if value is not None and value is weight), None)
        if local not in (None, "weight", "in_proj_weight"):
            return f"{name}.{local}".lstrip("."), function
        return name or function, function if module._modules else type(module).__name__


def flatten(values: Sequence[object], depth: int = 3) -> Iterator[Tensor]:
    """The tensors among `values`, and in the tuples, lists and dicts among them."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (tuple, list)) and depth:
            yield from flatten(value, depth - 1)
        elif isinstance(value, dict) and depth:
            yield from flatten(list(value.values()), depth - 1)


def _note_units(row: Row, name: str, channel: int, output: Tensor) -> None:
    values = output.detach()
    if name in operations.RECTIFIERS and values.dim() >= 2:
        axis = channel if -values.dim() <= channel < 0 else -1
        units = values.movedim(axis, 0).flatten(1)
        row.dead, row.units = float((units.abs().amax(1) == 0).double().mean()), units.shape[0]
    if name in operations.LIMITS:
        low, high = operations.LIMITS[name]
        row.saturated = float(((values <= low) | (values >= high)).double().mean())


def _std(weight: Tensor) -> float:
    values = weight.detach().double()
    return float(values.std()) if values.numel() > 1 else nan
