"""INI203 non-lecun-before-selu."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.advice import advice
from initlint.describe.formula import times_fan
from initlint.describe.groups import Member, groups, is_weight, may_use, members, mismatch
from initlint.describe.paths import longest
from initlint.finding import Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, InitCall, Model

_SELU = "selu"
LAYERS = 4  # SELU layers in a row from which torch's default is more than advice
EXACT = 0.02  # of fan_in * Var W around 1: rounding, and a truncation far out

_HELP = (
    "SELU keeps mean 0 and variance 1 only for Var W = 1/fan_in: kaiming_normal_(w, nonlinearity='linear'). "
    "nonlinearity='selu' has gain 3/4 and is not it. Plain Dropout after SELU wants nn.AlphaDropout."
)


class NonLecunBeforeSelu(Rule):
    """A layer before SELU is not drawn by LeCun's normal scheme, so the network does not normalise itself.

    ## What it does
    Finds weights before SELU whose last write is anything but a normal distribution of variance 1/fan_in: Kaiming
    with a gain (also torch's `selu`), Xavier, a fixed std. torch's default is advice, and a warning from 4 SELU
    layers in a plain path on. A norm right after the layer: silent.

    ## Why is this bad?
    SELU's two constants are solved for weights of mean 0 and variance 1/fan_in; with these, mean 0 and variance 1
    are a fixed point that attracts. `nonlinearity="selu"` makes the variance 9/16 of it, Kaiming for ReLU twice.

    ## Example
    ```python
    nn.init.kaiming_normal_(self.fc.weight, nonlinearity="selu")
    ...
    x = F.selu(self.fc(x))
    ```

    ## Use instead
    ```python
    nn.init.kaiming_normal_(self.fc.weight, nonlinearity="linear")
    ```

    ## Fix safety
    Unsafe: other numbers are drawn, so training changes.

    ## References
    - Klambauer et al. 2017, Self-Normalizing Neural Networks, https://arxiv.org/abs/1706.02515
    - [pytorch issue 24991](https://github.com/pytorch/pytorch/issues/24991)
    """

    code = "INI203"
    name = "non-lecun-before-selu"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement, and for each model left at the default."""
        models = [model for model in file.models if may_use(file, model, _SELU)] if file.speaks_of(_SELU) else []
        if not models:
            return
        for group in groups(file):
            bad = mismatch(group, _wrong, lambda member: not _wrong(member))
            if bad is not None:
                yield self.finding(
                    group.site,
                    f"{group.event.scheme} before SELU, which wants LeCun normal: {_told(bad.first)}",
                    help=_HELP,
                    layer=bad.first.name,
                    concerns=(one.name for one in bad.members),
                    severity=Severity.WARNING if bad.plain and not _is_uniform(bad.first) else Severity.INFO,
                    fix=_fix(group.call, bad.members) if bad.alone else None,
                )
        for model in models:
            yield from self._default(file, model)

    def _default(self, file: FileModel, model: Model) -> Iterator[Finding]:
        own = [member for member in members(file) if member.model is model and _is_default(member)]
        path, depth = longest(own, lambda member: member.matters and member.activation == "selu") if own else ([], 0)
        site = path[0].parameter.site if path else None
        if site is None:
            return
        plain = all(member.parameter.follow is not None and member.parameter.follow.plain for member in path)
        yield self.finding(
            site,
            f"{depth} layer{'s' * (depth > 1)} before SELU at torch's default initialisation: {_told(path[0])}",
            help=_HELP,
            layer=path[0].name,
            concerns=(one.name for one in path),
            severity=Severity.WARNING if plain and depth >= LAYERS else Severity.INFO,
            fix=_loop(model, path),
        )


def _square(member: Member) -> float | None:
    """fan_in * Var W."""
    event, parameter = member.parameter.effective, member.parameter
    return None if event is None or event.std is None else times_fan(event.std, parameter.effective_fan_in, power=2)


def _wrong(member: Member) -> bool:
    event = member.parameter.effective
    if member.activation != "selu" or event is None or event.distribution in (None, "constant"):
        return member.activation == "selu" and event is not None and event.scheme == "orthogonal"
    square = _square(member)
    return _is_uniform(member) or square is None or not math.isclose(square, 1, rel_tol=EXACT)


def _is_uniform(member: Member) -> bool:
    """Whether only the shape differs: the variance is LeCun's."""
    event, square = member.parameter.effective, _square(member)
    uniform = event is not None and event.distribution == "uniform"
    return uniform and square is not None and math.isclose(square, 1, rel_tol=EXACT)


def _told(member: Member) -> str:
    square = _square(member)
    return "variance 1/fan_in" if square is None else f"fan_in * Var W is {square:.3g} where 1 is asked for"


def _is_default(member: Member) -> bool:
    event = member.parameter.effective
    return event is not None and event.default and is_weight(member.parameter)


def _fix(call: InitCall | None, bad: tuple[Member, ...]) -> Fix | None:
    from initlint.fixer.scheme import recommended  # libcst

    return recommended(call, bad)


def _loop(model: Model, path: list[Member]) -> Fix | None:
    from initlint.fixer.init_loop import init_loop  # libcst

    return init_loop(model, path, advice(path[0]))
