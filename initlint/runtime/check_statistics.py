"""INI809: numbers that are not what their own record says, at one false-alarm rate for the whole run. (parent)"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.runtime.protocol import Model, Parameter, Test
from initlint.runtime.remark import Remark, last_place

# float32 QR leaves 1e-6, bfloat16 storage 1e-2.
_ORTHOGONAL = {"float16": 5e-3, "bfloat16": 3e-2}


def off_reference(model: Model, alpha: float) -> Iterator[Remark]:
    """Every test of every tensor counts: `alpha` is the chance that one of them all is a false alarm."""
    rows = [(row, test) for row in model.parameters if row.measured for test in row.measured.tests]
    threshold = alpha / max(len(rows), 1)
    worst: dict[str, tuple[Parameter, Test]] = {}
    for row, test in rows:
        if test.p < threshold and (row.name not in worst or test.p < worst[row.name][1].p):
            worst[row.name] = (row, test)
    for row, test in worst.values():
        message = (
            f"`{row.name}` is recorded as {row.scheme}, but its numbers are not: {test.detail} "
            f"({test.name} test, p = {test.p:.1g})"
        )
        cure = "another write, a broken generator or a lossy cast stands between the record and the numbers"
        yield Remark("INI809", row.name, message, cure, last_place(row))
    yield from _not_orthogonal(model)


def _not_orthogonal(model: Model) -> Iterator[Remark]:
    for row in model.parameters:
        found = row.measured
        if row.form is None or row.form.family != "orthogonal" or row.overlays or found is None:
            continue
        if found.orthogonality is not None and found.orthogonality > _ORTHOGONAL.get(row.dtype, 1e-4):
            message = f"`{row.name}` is recorded as orthogonal, but W W^T is off by {found.orthogonality:.2g}"
            yield Remark("INI809", row.name, message, "", last_place(row))
