"""Operations that are no layers: what each makes of the path it is applied to (runs in the child)."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from initlint.runtime.chain import Probe, Step, Tag, changed, new_origin, set_tag
from initlint.runtime.layer_calls import is_weight
from initlint.runtime.meanfield import log_sum
from initlint.runtime.moments import second_moment
from initlint.runtime.operations import MOVING, Kind, kind_of
from initlint.runtime.trace import Call, Trace

#: A score this far below the largest is a mask, not a score.
_MASKED = 1e4
#: A softmax over fewer open entries may well be certain.
_FEWEST = 4
_SHARP = 0.99


def pass_on(trace: Trace, call: Call) -> None:
    """Tag the outputs of `call`."""
    if not call.live:
        if any(is_weight(value) for value, _ in call.inputs):
            _tag_all(call, Tag(weight=True))
        return
    tags = [tag for _, tag in call.live]
    match kind_of(call.name):
        case Kind.RESHAPE if len(tags) == 1:
            _reshape(call, tags[0])
        case Kind.ACTIVATION if len(tags) == 1 and call.live[0][0] is _first(call):
            trace.activate(call.name, partial(_replay, call), tags[0], call.outputs[0])
        case Kind.SCALE:
            _tag_all(call, changed(tags[0], scale=True, predicted=None, back=None))
        case Kind.NORM:
            trace.normalise(call.name, tags, call.outputs)
        case Kind.SOFTMAX:
            _softmax(trace, call, tags)
        case Kind.SUM:
            _sum(trace, call, tags)
        case Kind.PRODUCT | Kind.QUOTIENT:
            _multiply(trace, call, tags)
        case Kind.MATRIX_PRODUCT:
            trace.normalise("product", tags, call.outputs)
        case _:
            _rescale(trace, call, tags)


def _tag_all(call: Call, tag: Tag) -> None:
    for output in call.outputs:
        set_tag(output, tag)


def _reshape(call: Call, tag: Tag) -> None:
    before = call.live[0][0]
    for output in call.outputs:
        moved = tag.channel != -1 and (call.name in MOVING or output.dim() != before.dim())
        set_tag(output, changed(tag, channel=-1) if moved else tag)


def _softmax(trace: Trace, call: Call, tags: list[Tag]) -> None:
    row = tags[0].row
    if row is not None and call.name == "softmax":
        certain = _certain_share(call.live[0][0].detach())
        trace.rows[row].saturated = max(certain, trace.rows[row].saturated or 0.0)
    trace.normalise(call.name, tags, call.outputs)


def _certain_share(scores: Tensor) -> float:
    """The share of softmax rows with nearly all weight on one of at least four entries that are not masked."""
    largest = scores.amax(-1, keepdim=True)
    open_rows = (scores > largest - _MASKED).sum(-1) >= _FEWEST
    sharp = torch.softmax(scores, -1).amax(-1) > _SHARP
    return float(sharp[open_rows].double().mean()) if bool(open_rows.any()) else 0.0


def _sum(trace: Trace, call: Call, tags: list[Tag]) -> None:
    output = call.outputs[0]
    if len(tags) == 1:
        set_tag(output, changed(tags[0], predicted=_log_sum(tags[0].predicted, _constant(call))))
        return
    one, two = tags[:2]
    if one.scale or two.scale or one.step is two.step:
        set_tag(output, changed(one, predicted=None, back=None, scale=one.scale and two.scale))
    elif not _same_root(one, two):
        # The newer layer is the branch; the other has met this addition's trunk before.
        trace.normalise("add", [two, one] if (two.row or 0) > (one.row or 0) else [one, two], [output])
    elif one.depth == two.depth:
        set_tag(output, changed(one, predicted=_log_sum(one.predicted, two.predicted), back=None))
    else:
        skip, branch = sorted((one, two), key=_depth)
        _residual(trace, skip, branch, output)


def _residual(trace: Trace, skip: Tag, branch: Tag, output: Tensor) -> None:
    trace.follow(branch.row, "add")
    row = trace.add_row(trace.modules[-1][0] if trace.modules else "", "add", output, branch.channel)
    row.predicted = _log_sum(skip.predicted, branch.predicted)
    trace.extend(skip.step or new_origin(), row, _log_sum(skip.back, _through(skip, branch)), output)


def _through(skip: Tag, branch: Tag) -> float | None:
    """log2 gain of the squared gradient norm through the branch, back to where it left the trunk."""
    total = branch.back
    for step in branch.step.ancestry() if branch.step else ():
        if step is skip.step:
            break
        total = None if total is None or step.back is None else total + step.back
    return total


def _multiply(trace: Trace, call: Call, tags: list[Tag]) -> None:
    output, divided = call.outputs[0], kind_of(call.name) is Kind.QUOTIENT
    if len(tags) == 1:
        factor = _constant(call)
        reciprocal = divided and call.live[0][0] is not _first(call)
        gain = None if factor is None or reciprocal else (-factor if divided else factor)
        set_tag(output, changed(tags[0], predicted=_plus(tags[0].predicted, gain), back=_plus(tags[0].back, gain)))
        return
    one, two = tags[:2]
    if one.scale != two.scale or not _same_root(one, two):
        trace.normalise("norm" if one.scale != two.scale else "product", tags, [output])
    else:
        set_tag(output, changed(max(one, two, key=_depth), predicted=None, back=None))


def _rescale(trace: Trace, call: Call, tags: list[Tag]) -> None:
    """Pooling, indexing, joining: the path goes on, and what the operation does to the scale is left out of it."""
    if len({id(tag.step.root) for tag in tags if tag.step is not None}) != 1:
        trace.normalise("join", tags, call.outputs)
        return
    value, tag = min(call.live, key=lambda pair: pair[1].depth)
    if tag.depth == 0 or tag.step is None:
        _tag_all(call, changed(tag, predicted=None, back=None))
        return
    step = Step(Probe.on(call.outputs[0]), tag.step, tag.step.root, entry=Probe.on(value), depth=tag.depth)
    _tag_all(call, changed(tag, step=step, predicted=None, back=0.0))


def _depth(tag: Tag) -> int:
    return tag.depth


def _same_root(one: Tag, two: Tag) -> bool:
    return one.step is not None and two.step is not None and one.step.root is two.step.root


def _first(call: Call) -> object:
    return call.args[0] if call.args else call.kwargs.get("input")


def _replay(call: Call, points: Tensor) -> Tensor:
    """The same function of other numbers."""
    rest = call.args[1:] if call.args else ()
    named = {key: value for key, value in call.kwargs.items() if call.args or key != "input"}
    # PReLU has one slope for each channel; a plain vector has no channels, so it takes their mean.
    rest = tuple(value.detach().double().mean().reshape(1) if isinstance(value, Tensor) else value for value in rest)
    found = call.function(points, *rest, **named)
    return found if isinstance(found, Tensor) else points


def _constant(call: Call) -> float | None:
    """log2 of the mean square of the operand that is not on a path."""
    fixed = [value for value, tag in call.inputs if tag is None or tag.weight]
    if fixed:
        return second_moment(fixed[0])
    numbers = [value for value in call.args if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return second_moment(torch.tensor([float(numbers[0])], dtype=torch.float64)) if numbers else None


def _plus(value: float | None, gain: float | None) -> float | None:
    return None if value is None or gain is None else value + gain


def _log_sum(one: float | None, two: float | None) -> float | None:
    return None if one is None or two is None else log_sum(one, two)
