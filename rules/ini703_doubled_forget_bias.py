"""INI703 doubled-forget-bias: an LSTM's forget bias is set in both of its biases, or in all four gates."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.symbols import Sym, number
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.reference.recipes import forget_bias
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, InitEvent, Parameter

Pair = tuple["Parameter", "Parameter"]


class DoubledForgetBias(Rule):
    """The forget gate's bias of an LSTM is set twice over, or set for every gate.

    ## What it does
    Reports LSTMs whose `bias_ih` and `bias_hh` both get the forget gate's value (their sum counts: 1 + 1 = 2; an
    argument by the name of forget bias counts whatever it is), and those where the whole bias, all four gates, is
    filled with it. Silent where one of the two is zero or default, and
    for halves that add up to one.

    ## Why is this bad?
    torch adds the two biases. A forget bias of 2 keeps 88 % of the cell's state a step instead of the 73 % that was
    asked for. A bias of 1 in every gate also opens the input and output gates and shifts the candidate.

    ## Example
    ```python
    for name, p in lstm.named_parameters():
        if "bias" in name:
            n = p.size(0)
            p.data[n // 4 : n // 2].fill_(1.0)
    ```

    ## Use instead
    ```python
    for name, p in lstm.named_parameters():
        if "bias_ih" in name:
            n = p.size(0)
            p.data[n // 4 : n // 2].fill_(1.0)
    ```

    ## Fix safety
    Unsafe: half the value is written to each (or none to the second), so that the sum is what was written.

    ## References
    - [Jozefowicz et al. 2015](https://proceedings.mlr.press/v37/jozefowicz15.html): a forget bias of 1
    - [torch.nn.LSTM](https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html): b_if + b_hf
    """

    code = "INI703"
    name = "doubled-forget-bias"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Each pair of biases of an LSTM."""
        for model, pair in _pairs(file):
            whole = [event for one in pair if (event := _all_gates(one)) is not None]
            gates = [event for one in pair if (event := _gate(one)) is not None]
            name = f"{model}.{pair[0].name.removesuffix(f'.{pair[0].slot}')}"
            for event in whole[:1]:
                yield self.finding(
                    event.site,  # type: ignore[arg-type] # a write by the user
                    f"all four gates of {name} get the bias {number(event.mean):g}, not the forget gate alone",
                    help="fill [n // 4 : n // 2] of one bias, where torch keeps the forget gate",
                    layer=name,
                )
            asked = _asked_twice(pair)
            if asked is not None:
                yield self.finding(
                    asked.site,  # type: ignore[arg-type] # a write by the user
                    f"the forget bias of {name} is {asked.mean!r} in bias_ih and in bias_hh: torch adds the two",
                    help="set it in one of the two",
                    layer=name,
                )
            if len(gates) == len(pair) and not whole:
                total = sum(number(event.mean) or 0 for event in gates)
                if total >= forget_bias():
                    event = max(gates, key=lambda one: one.order)
                    yield self.finding(
                        event.site,  # type: ignore[arg-type] # as above
                        f"the forget bias of {name} is set in bias_ih and in bias_hh: torch adds them to {total:g}",
                        help="set it in one of the two",
                        layer=name,
                        fix=_fix(gates, event),
                    )


def _pairs(file: FileModel) -> Iterator[tuple[str, Pair]]:
    for model in file.models:
        if not model.complete or model.owned:
            continue
        found: dict[tuple[int, str], Parameter] = {}
        for parameter in model.parameters:
            if parameter.slot.startswith("bias_") and {"LSTM", "LSTMCell"} & {
                parameter.module.kind,
                *parameter.module.bases,
            }:
                found[id(parameter.module), parameter.slot] = parameter
        for (module, slot), one in found.items():
            other = found.get((module, slot.replace("bias_ih", "bias_hh")))
            if slot.startswith("bias_ih") and other is not None:
                yield model.name, (one, other)


def _gate(parameter: Parameter) -> InitEvent | None:
    """The last write of a positive constant to a part of the bias."""
    for event in reversed(parameter.after):
        if event.site is not None and event.certain:
            value = number(event.mean)
            return event if event.distribution == "constant" and value is not None and value > 0 else None
    return None


def _asked_twice(pair: Pair) -> InitEvent | None:
    """The second write of the same argument, by its name a forget bias, to a part of each bias."""
    first, last = (one.after[-1] if one.after else None for one in pair)
    if first is None or last is None or last.site is None or first.region is None or first.guards != last.guards:
        return None
    lone = last.mean.single if isinstance(last.mean, Sym) else None  # half of it may be written to each
    named = lone is not None and "forget" in lone.name.lower() and number(last.mean) is None
    return last if named and first.mean == last.mean and last.distribution == "constant" else None


def _all_gates(parameter: Parameter) -> InitEvent | None:
    """The write of a forget gate's value to the whole bias."""
    event = parameter.effective
    if event is None or event.default or not event.certain or event.site is None or parameter.after:
        return None
    value = number(event.mean)
    filled = event.distribution == "constant" and value is not None and value >= forget_bias(biases=1)
    return event if filled else None


def _fix(gates: list[InitEvent], last: InitEvent) -> Fix | None:
    """Half the number where one statement serves both biases, else zero in the later one."""
    from initlint.fixer.fragment import CannotRewrite  # needs libcst: not on a clean run
    from initlint.fixer.rewrite import replace_expression

    together = len({id(event.site.node) for event in gates if event.site is not None}) == 1
    if last.site is None:
        return None
    value = _value(last.site.node)
    if not isinstance(value, ast.Constant) or not isinstance(value.value, (int, float)):
        return None
    number_ = value.value / len(gates) if together else 0.0
    try:
        edits = replace_expression(last.site.source, value, f"{number_}")
    except CannotRewrite:
        return None
    return Fix(Applicability.UNSAFE, f"Write {number_:g} here, so that the sum is {value.value:g}", edits)


def _value(node: ast.AST) -> ast.expr | None:
    match node:
        case ast.Assign(value=value):
            return value
        case ast.Call(args=[*_, value], keywords=[]):
            return value
        case ast.Call(keywords=[ast.keyword(value=value)]):
            return value
    return None
