"""Equal rows, equal halves: INI807 and INI811. (parent)"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.runtime.check_values import DRAWN, drawn_throughout
from initlint.runtime.protocol import Measured, Model, Parameter
from initlint.runtime.remark import Remark, last_place

# Rows shorter than this many random bits can be equal by chance.
_ENOUGH_BITS = 96
_BITS = {"float16": 10, "bfloat16": 8}
_OWN_SEED = "give each rank a seed of its own, or draw the whole tensor before it is sharded"
_OWN_DRAW = "draw every unit on its own"
_UNITS = frozenset({"Linear", "Conv1d", "Conv2d", "Conv3d", "LazyLinear", "NonDynamicallyQuantizableLinear"})
_AXES = {"Conv1d": 1, "Conv2d": 2, "Conv3d": 3}


def duplicates(model: Model) -> Iterator[Remark]:
    """INI807 and INI811: equal units, equal shards, in what was drawn at random."""
    for row in model.parameters:
        found = row.measured
        if found is None or row.kind != "parameter":
            continue
        if found.shards_equal:
            message = f"`{row.name}` is spread over processes, and two of them hold the same numbers"
            yield Remark("INI811", row.name, message, _OWN_SEED, last_place(row))
        elif row.form is None or len(row.shape) < 2 or not _is_long(row):
            continue
        elif _is_half_copied(row, found):
            if _is_taken_back(row, model):
                continue
            message = f"{_half(row, found)} of the {row.shape[0]} units of `{row.name}` are copies of the others"
            yield Remark("INI807", row.name, message, _OWN_DRAW, last_place(row))
        elif drawn_throughout(row) and not row.halves_copied:
            yield from _drawn_twice(row, found)


def _drawn_twice(row: Parameter, found: Measured) -> Iterator[Remark]:
    if found.halves_equal and not (row.method == "outside" and found.duplicate_rows):
        message = f"one half of `{row.name}` repeats the other: both were drawn with one seed"
        yield Remark("INI811", row.name, message, _OWN_SEED, last_place(row))
    elif found.duplicate_rows:
        message = f"{found.duplicate_rows} of the {row.shape[0]} units of `{row.name}` equal another one"
        yield Remark("INI807", row.name, message, _OWN_DRAW, last_place(row))


def _is_long(row: Parameter) -> bool:
    """Whether two of its rows cannot be equal by chance."""
    return row.numel // row.shape[0] * _BITS.get(row.dtype, 22) >= _ENOUGH_BITS


def _is_half_copied(row: Parameter, found: Measured) -> bool:
    """Whether half of the units or more are copies of others: of random numbers, in a layer that stays one matrix.

    A few copies may be meant (a new class that starts as an old one does), and so may be those between the groups of
    a convolution or the parts of a packed matrix, which see or make other things.
    """
    if not _has_units(row) or row.packed != 1 or not 2 * found.duplicate_rows >= row.shape[0]:
        return False
    if found.duplicate_rows == row.shape[0] - 1:
        return False  # all of them: `equal_units`
    return (row.halves_copied or _is_copied(row)) and not _may_be_spread(row, found)


def _is_copied(row: Parameter) -> bool:
    """Whether random numbers were written once more into a part of it, or come several times as a whole."""
    if row.form is None or row.form.family == "repeated":
        return row.form is not None
    parts = {part.family for part in row.overlays}
    return row.form.family in DRAWN and bool(parts) and parts <= DRAWN and row.history[-1].scheme == "copy"


def _is_taken_back(row: Parameter, model: Model) -> bool:
    """Whether what follows adds the one half and subtracts the other: then the output starts at 0, as it was meant."""
    after = (other for other in model.parameters if other.measured is not None and other.measured.halves_opposed)
    return any(len(other.shape) > 1 and other.shape[1] == row.shape[0] for other in after)


def _may_be_spread(row: Parameter, found: Measured) -> bool:
    """Whether each kernel comes k^d times, as ICNR wants it of kernels whose channels become pixels."""
    copies, rest = divmod(row.shape[0], row.shape[0] - found.duplicate_rows)
    axes = _AXES.get(row.module)
    return axes is not None and not rest and any(side**axes == copies for side in range(2, copies + 1))


def _half(row: Parameter, found: Measured) -> str:
    return "one half" if 2 * found.duplicate_rows == row.shape[0] else str(found.duplicate_rows)


def _has_units(row: Parameter) -> bool:
    """Whether its rows are units that see the same inputs."""
    in_layer = row.module in _UNITS and row.role == "weight" and row.facts.get("groups", 1) == 1
    return in_layer and "pixel_shuffle" not in row.followed_by


def equal_units(model: Model) -> Iterator[Remark]:
    """INI807: a layer whose units all start equal, by a copied or spelled-out row."""
    for row in model.parameters:
        found = row.measured
        if found is None or not _has_units(row) or found.duplicate_rows != row.shape[0] - 1 or row.shape[0] < 2:
            continue
        if row.form is None or row.form.family not in DRAWN:
            message = f"all {row.shape[0]} units of `{row.name}` start equal"
            yield Remark("INI807", row.name, message, _OWN_DRAW, last_place(row))


CHECKS = (duplicates, equal_units)
