"""What an answer rests on: the files that were read for it, and the names that were looked for everywhere."""

from __future__ import annotations

from collections.abc import Iterable

ASKED = "?"  # before a name that was looked for in every file


class Trail:
    """The files touched and the names asked for since the last start, in order."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._steps = 0

    def start(self) -> None:
        """Begin anew."""
        self._last.clear()

    def touch(self, *marks: str) -> None:
        """Note paths, or names after ASKED."""
        for mark in marks:
            self._steps += 1
            self._last[mark] = self._steps

    @property
    def now(self) -> int:
        """The position to ask `since` from."""
        return self._steps

    def since(self, position: int) -> frozenset[str]:
        """What was touched after that position."""
        return frozenset(mark for mark, step in self._last.items() if step > position)

    def paths(self) -> frozenset[str]:
        """The files touched."""
        return frozenset(mark for mark in self._last if not mark.startswith(ASKED))

    def names(self) -> frozenset[str]:
        """The names asked for."""
        return frozenset(mark.removeprefix(ASKED) for mark in self._last if mark.startswith(ASKED))


class Memo(dict[object, object]):
    """What was found out once. Whoever is given it later rests on the same files as whoever found it out.

    The work between the question (`key in memo`, `memo.get(key)`) and the answer (`memo[key] = ...`) is the answer's.
    """

    def __init__(self, trail: Trail, kept: Iterable[tuple[object, object]] = ()) -> None:
        super().__init__(kept)
        self._trail = trail
        self._asked: dict[object, int] = {}
        self._rests: dict[object, frozenset[str]] = {}

    def __contains__(self, key: object) -> bool:
        if super().__contains__(key):
            self._trail.touch(*self._rests.get(key, ()))
            return True
        self._asked[key] = self._trail.now
        return False

    def get(self, key: object, default: object = None) -> object:
        """As a dict's."""
        return self[key] if key in self else default  # noqa: SIM401 - this is that very method

    def __setitem__(self, key: object, value: object) -> None:
        super().__setitem__(key, value)
        if key in self._asked:
            self._rests[key] = self._trail.since(self._asked[key])
