"""One module or one draw where two were meant: INI106, INI108; two draws where one is zero: INI109. (parent)"""

from __future__ import annotations

import ast
import linecache
import re
from collections import defaultdict
from collections.abc import Iterator

from initlint.runtime.check_values import COPIES, drawn_throughout
from initlint.runtime.protocol import Model, Parameter, Place
from initlint.runtime.remark import Remark, last_place, last_write

# Fewer random bits than this can be equal by chance.
_ENOUGH_BITS = 96
_BITS = {"float16": 10, "bfloat16": 8}
_SHARED = re.compile(r"shar|\btie|tied|reuse|same|recurr|recurs|unroll|univers|iterat", re.IGNORECASE)
_LORA = re.compile(r"(^|[._])(lora)_?(?P<side>[ab]|down|up)(?=[._]|$)", re.IGNORECASE)
_NEAR_ZERO = 1e-2  # a factor of a smaller std is near enough to identity


def reseeded(model: Model) -> Iterator[Remark]:
    """INI108: two weights drawn apart that hold the same numbers, because the seed was set in between."""
    groups: dict[tuple[object, ...], list[Parameter]] = defaultdict(list)
    for row in model.parameters:
        if _is_random(row):
            assert row.measured is not None
            groups[row.shape, row.dtype, row.measured.digest].append(row)
    found = [rows for rows in groups.values() if len({row.draw for row in rows}) > 1]
    found = [rows for rows in found if not any(COPIES.search(row.name) for row in rows)]
    if not found or not model.seeded:
        return
    first, second = found[0][:2]
    count = sum(len(rows) for rows in found)
    message = (
        f"`{first.name}` and `{second.name}` were drawn one after the other and hold the same numbers: "
        f"the seed is set anew while the model is built "
        f"({count} tensors hold {len(found)} draw{'s' if len(found) > 1 else ''})"
    )
    yield Remark("INI108", second.name, message, "seed once, before the model is built", model.seeded[-1])


def _is_random(row: Parameter) -> bool:
    if row.kind != "parameter" or row.measured is None or not row.measured.digest or row.draw is None:
        return False
    if row.method == "outside" or row.measured.origin != "real" or not drawn_throughout(row):
        return False
    return row.numel * _BITS.get(row.dtype, 22) >= _ENOUGH_BITS


def repeated(model: Model) -> Iterator[Remark]:
    """INI106: one module under several indices of a list that the source multiplies, `[Block(...)] * n`."""
    told: set[Place] = set()
    for row in model.parameters:
        lists = {_unindexed(name) for name in (row.name, *row.aliases)}
        if not row.aliases or len(lists) != 1 or lists == {row.name}:
            continue
        layer = re.split(r"\.\d+\.", row.name)[0]
        place = next((model.builds[path] for path in _around(row.name) if path in model.builds), None)
        if place is None or place in told or not _is_multiplied(place):
            continue
        told.add(place)
        message = f"`{layer}` holds one module {1 + len(row.aliases)} times: all its layers share the same weights"
        yield Remark("INI106", layer, message, "build each one anew: [... for _ in range(n)]", place)


def _unindexed(name: str) -> str:
    return re.sub(r"\.\d+(?=\.)", ".*", name, count=1)


def _around(name: str) -> Iterator[str]:
    """The path of the list's member: `blocks.0` of `blocks.0.fc.weight`."""
    found = re.match(r"(.*?\.\d+)\.", name)
    if found is not None:
        yield found[1]


def _is_multiplied(place: Place) -> bool:
    """Whether the constructor's call stands in a list that is multiplied, and nothing around calls that sharing."""
    lines = linecache.getlines(place.path)
    around = "".join(lines[max(place.line - 3, 0) : place.end_line + 1]) + place.function
    if _SHARED.search(around):
        return False
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        return False
    products = (node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult))
    lists = (side for node in products for side in (node.left, node.right) if isinstance(side, ast.List))
    members = (member for side in lists for member in side.elts)
    return any(member.lineno == place.line and member.col_offset + 1 == place.column for member in members)


def adapters(model: Model) -> Iterator[Remark]:
    """INI109: a LoRA pair of which neither factor is zero, so that the adapted model is not the base at the start."""
    pairs: dict[str, dict[str, Parameter]] = defaultdict(dict)
    for row in model.parameters:
        found = _LORA.search(row.name)
        if found is not None and len(row.shape) >= 2 and not row.name.endswith("bias"):
            side = "a" if found["side"].lower() in {"a", "down"} else "b"
            pairs[row.name[: found.start("side")] + row.name[found.end("side") :]][side] = row
    for pair in pairs.values():
        if len(pair) != 2 or not all(_is_wide(row) for row in pair.values()):
            continue
        first, second = pair["a"], pair["b"]
        message = (
            f"neither `{first.name}` (std {first.std:.3g}) nor `{second.name}` (std {second.std:.3g}) is zero: "
            "the adapted model starts as a damaged copy of its base"
        )
        event = last_write(second)
        place = event.place if event is not None else last_place(second)
        yield Remark("INI109", second.name, message, f"zero `{second.name}`", place)


def _is_wide(row: Parameter) -> bool:
    return drawn_throughout(row) and row.std is not None and row.std >= _NEAR_ZERO


CHECKS = (reseeded, repeated, adapters)
