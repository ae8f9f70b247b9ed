"""INI208 non-orthogonal-recurrent."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.groups import Member, members
from initlint.describe.symbols import number
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.reference.fans import GATES
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, InitCall, InitEvent
    from initlint.describe.symbols import Dim

_RANDOM = frozenset({
    "uniform", "normal", "trunc_normal", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal",
    "lecun_uniform", "lecun_normal", "variance_scaling",
})  # fmt: skip


class NonOrthogonalRecurrent(Rule):
    """The hidden-to-hidden matrix of a recurrent layer is not orthogonal, or only as one pack of all its gates.

    ## What it does
    Looks at explicit initialisations of `weight_hh` of RNN, LSTM, GRU and their cells: anything random but
    orthogonal, and `orthogonal_` over the packed (4H, H) or (3H, H) matrix. torch's own default is not judged.

    ## Why is this bad?
    The state is multiplied by this matrix once a step. An orthogonal one keeps its length over any number of steps;
    others shrink or stretch it exponentially. Orthogonal over the pack makes the columns of all gates together
    orthonormal, so that each gate's own matrix has about half (1/sqrt(gates)) of the length that it should have.

    ## Example
    ```python
    for name, weight in self.lstm.named_parameters():
        if "weight_hh" in name:
            nn.init.orthogonal_(weight)
    ```

    ## Use instead
    ```python
            for gate in weight.data.chunk(4):
                nn.init.orthogonal_(gate)
    ```

    ## Fix safety
    Unsafe: other numbers are drawn, so training changes.

    ## References
    - Saxe et al. 2013, Exact solutions to the nonlinear dynamics of learning, https://arxiv.org/abs/1312.6120
    - Henaff et al. 2016, Recurrent Orthogonal Networks and Long-Memory Tasks, https://arxiv.org/abs/1602.06662
    """

    code = "INI208"
    name = "non-orthogonal-recurrent"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement that writes such a matrix last."""
        written: dict[int, list[tuple[Member, InitEvent]]] = {}
        for member in members(file):
            event = member.parameter.effective
            if event is not None and event.site is not None and not event.default:
                written.setdefault(id(event.site.node), []).append((member, event))
        for alike in written.values():
            wrong = [(member, event) for member, event in alike if _is_wrong(member, event)]
            if wrong:
                member, event = wrong[0]
                yield self.finding(
                    event.site,  # type: ignore[arg-type] # tested above
                    _message(member, event),
                    help="Give each gate an orthogonal matrix of its own, which keeps the length of the state.",
                    layer=member.name,
                    concerns=(one.name for one, _ in wrong),
                    fix=_fix(event.call, member) if len(wrong) == len(alike) else None,
                )


def _is_wrong(member: Member, event: InitEvent) -> bool:
    parameter = member.parameter
    if parameter.layer not in GATES or not parameter.slot.startswith("weight_hh") or parameter.module.generic:
        return False
    if any(later.scheme in ("orthogonal", "eye") for later in parameter.after):
        return False  # gate by gate
    made = parameter.history[0]
    if made.default and made.scheme == event.scheme and _alike(made.std, event.std):
        return False  # torch's own, written out
    return event.scheme in _RANDOM or (event.scheme == "orthogonal" and parameter.packed > 1)


def _alike(one: Dim | None, other: Dim | None) -> bool:
    left, right = number(one), number(other)
    return one == other if left is None or right is None else math.isclose(left, right, rel_tol=1e-6)


def _message(member: Member, event: InitEvent) -> str:
    gates = member.parameter.packed
    if event.scheme == "orthogonal":
        return f"{member.parameter.name} packs {gates} gates: one orthogonal matrix for all leaves each too short"
    return f"{member.parameter.name} carries the state from step to step, and {event.scheme} does not keep its length"


def _fix(call: InitCall | None, member: Member) -> Fix | None:
    from initlint.fixer.fragment import CannotRewrite  # libcst
    from initlint.fixer.scheme import write_gates

    if call is None:
        return None
    try:
        edits = write_gates(call, member.parameter.packed)
    except CannotRewrite:
        return None
    return Fix(Applicability.UNSAFE, "Draw an orthogonal matrix for each gate", edits)
