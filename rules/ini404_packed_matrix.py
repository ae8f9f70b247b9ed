"""INI404 packed-matrix."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.groups import groups
from initlint.describe.handing import handed_over
from initlint.describe.symbols import constant
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.groups import Group
    from initlint.describe.nodes import FileModel, Parameter

_PACKED = re.compile(
    r"(?:^|[._])(?:in_proj|qkv|to_qkv|qkv_proj|wqkv|c_attn|kv|to_kv|kv_proj)(?:_|[.]|$)", re.IGNORECASE
)


class PackedMatrix(Rule):
    """One Xavier init covers several matrices that are stored as one.

    ## What it does
    Finds `xavier_*` on fused projections: query, key and value in one (3E, E) matrix, key and value in (2E, E), the
    gates of an LSTM (4H, H) or GRU (3H, H).

    ## Why is this bad?
    Xavier divides by fan_in + fan_out, and the fan_out of the whole is several times that of each part: the std is
    0.71 (three matrices), 0.82 (two) or 0.63 (four) of what each would get alone.

    ## Example
    ```python
    self.qkv = nn.Linear(dim, 3 * dim)
    nn.init.xavier_uniform_(self.qkv.weight)
    ```

    ## Use instead
    ```python
    for part in self.qkv.weight.chunk(3):
        nn.init.xavier_uniform_(part)
    ```

    ## Fix safety
    Unsafe: other numbers are drawn, so training changes. Offered where the statement draws nothing else.

    ## References
    - https://github.com/pytorch/pytorch/issues/166378
    - Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, eq. 16
    """

    code = "INI404"
    name = "packed-matrix"
    severity = Severity.INFO

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement that draws a packed matrix at once."""
        for group in groups(file, _is_xavier):
            call = group.event.call
            assert call is not None
            site, _ = handed_over(call.site, call.nodes.get("tensor"), call.via)
            for member in group.members:
                count = _packed(member.parameter)
                if count > 1:
                    yield self.finding(
                        site,
                        f"{member.parameter.name} holds {count} matrices: Xavier over the whole gives each "
                        f"{math.sqrt(2 / (1 + count)):.2f} of its std",
                        help=f"Draw them one by one: for part in w.chunk({count}): nn.init.xavier_uniform_(part).",
                        layer=member.name,
                        fix=_fix(group, count) if site is call.site else None,
                    )
                    break


def _is_xavier(parameter: Parameter) -> bool:
    event = parameter.effective
    return event is not None and event.call is not None and event.scheme.startswith("xavier")


def _fix(group: Group, count: int) -> Fix | None:
    from initlint.fixer.attempt import attempt  # libcst
    from initlint.fixer.scheme import write_parts

    call = group.call
    if call is None or any(_packed(member.parameter) != count for member in group.members):
        return None
    return attempt(Applicability.UNSAFE, f"Draw the {count} matrices one by one", lambda: write_parts(call, count))


def _packed(parameter: Parameter) -> int:
    """How many matrices are stacked along the outputs; 1 where that is not known."""
    if parameter.packed > 1:
        return parameter.packed
    name = parameter.name if parameter.spec is None else parameter.name.rpartition(".")[0]
    if not _PACKED.search(name) or parameter.fan_in is None or parameter.fan_out is None or parameter.fan_in == 0:
        return 1
    ratio = constant(parameter.fan_out / parameter.fan_in)
    return int(ratio) if ratio in (2, 3) else 1
