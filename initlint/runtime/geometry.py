"""Which entries of a storage a view covers, how two views relate, and how to say it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

# Above this extent two interleaved views are compared by their ends only.
MAX_MASK = 1 << 22


class Relation(Enum):
    """How the entries of a write lie to those of a tensor."""

    NONE = "none"
    PART = "part"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Geometry:
    """A view of a storage, counted in elements."""

    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def numel(self) -> int:
        """How many entries."""
        total = 1
        for length in self.size:
            total *= length
        return total

    @property
    def end(self) -> int:
        """One past the last entry touched."""
        if not self.numel:
            return self.offset
        return self.offset + 1 + sum((length - 1) * step for length, step in zip(self.size, self.stride, strict=True))

    @property
    def dense(self) -> bool:
        """Whether every entry between the first and the last is covered."""
        return self.numel == self.end - self.offset

    def entries(self) -> set[int]:
        """The positions covered; for small views."""
        positions = {self.offset} if self.numel else set()
        for length, step in zip(self.size, self.stride, strict=True):
            positions = {position + step * index for position in positions for index in range(length)}
        return positions


def relate(write: Geometry, target: Geometry) -> Relation:
    """Whether `write` covers `target` fully, in part or not at all."""
    if write == target:
        return Relation.FULL
    if not write.numel or not target.numel or write.end <= target.offset or write.offset >= target.end:
        return Relation.NONE
    if write.dense and write.offset <= target.offset and write.end >= target.end:
        return Relation.FULL
    if write.dense and target.dense:
        return Relation.PART
    if max(write.numel, target.numel) > MAX_MASK // 64:
        return Relation.PART
    touched, wanted = write.entries(), target.entries()
    if wanted <= touched:
        return Relation.FULL
    return Relation.PART if wanted & touched else Relation.NONE


def covered(parts: list[Geometry], target: Geometry) -> bool | None:
    """Whether the union of `parts` covers `target`; None when it is too large to tell."""
    if all(part.dense for part in parts) and target.dense:
        reach = target.offset
        for part in sorted(parts, key=lambda part: part.offset):
            if part.offset > reach:
                return False
            reach = max(reach, part.end)
        return reach >= target.end
    if target.numel > MAX_MASK // 4:
        return None
    left = target.entries()
    for part in parts:
        left -= part.entries()
    return not left


def label(part: Geometry, whole: Geometry) -> str:
    """The part as Python would index it: `[0]`, `[64:128]`, `[:, 3]`."""
    if part == whole or not whole.size:
        return ""
    order = sorted(range(len(whole.size)), key=lambda axis: -whole.stride[axis])
    rest = part.offset - whole.offset
    starts = [0] * len(whole.size)
    for axis in order:
        step = whole.stride[axis]
        if step > 0:
            starts[axis], rest = divmod(rest, step)
    lengths = _lengths(part, whole, order)
    if lengths is None or rest or any(s + n > m for s, n, m in zip(starts, lengths, whole.size, strict=True)):
        return "[part]"
    texts = [_slice(*triple) for triple in zip(starts, lengths, whole.size, strict=True)]
    while texts and texts[-1] == ":":
        texts.pop()
    return f"[{', '.join(texts)}]" if texts else ""


def _lengths(part: Geometry, whole: Geometry, order: list[int]) -> list[int] | None:
    lengths = [1] * len(whole.size)
    by_stride = {whole.stride[axis]: axis for axis in reversed(order) if whole.size[axis] > 1}
    for length, step in zip(part.size, part.stride, strict=True):
        if length == 1:
            continue
        if step not in by_stride:
            return None
        lengths[by_stride.pop(step)] = length
    return lengths


def _slice(start: int, length: int, size: int) -> str:
    if start == 0 and length == size:
        return ":"
    if length == 1:
        return str(start)
    return f"{start or ''}:{start + length if start + length < size else ''}"
