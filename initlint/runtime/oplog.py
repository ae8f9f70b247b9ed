"""Every operation of a build in order, and the replay of just those that a question needs. (child)"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils._pytree import tree_map

from initlint.runtime.geometry import Geometry

# A replayed tensor larger than this (in bytes) is refused: the answer would cost more than it tells.
DEFAULT_CAP = 1 << 30


class ReplayRefusedError(RuntimeError):
    """The numbers asked for are too many, or came from where no operation was recorded."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A tensor argument: which storage, which view, which type."""

    storage: int
    view: Geometry
    dtype: torch.dtype


@dataclass(frozen=True, slots=True)
class Node:
    """One operation. `reads` and `writes` are storages; `fresh` ones come into being here."""

    index: int
    function: Callable[..., Any]
    args: Any
    kwargs: Any
    results: tuple[Reference | None, ...]
    reads: frozenset[int]
    writes: frozenset[int]
    whole: bool = False  # overwrites all it writes without reading it


@dataclass(eq=False)
class OperationLog:
    """The nodes, and for each storage the nodes that wrote it."""

    seed: int = 0
    cap: int = DEFAULT_CAP
    nodes: list[Node] = field(default_factory=list)
    writers: dict[int, list[int]] = field(default_factory=dict)
    literals: dict[int, torch.Tensor] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)  # bytes
    replays: int = 0

    def add(self, node: Node) -> None:
        """Record a node."""
        self.nodes.append(node)
        for storage in node.writes:
            self.writers.setdefault(storage, []).append(len(self.nodes) - 1)

    def materialise(self, wanted: Iterable[Reference]) -> list[torch.Tensor]:
        """The numbers of these tensors, now: on the CPU, drawn with seeds of their own."""
        references = list(wanted)
        order = self._slice({reference.storage for reference in references})
        live: dict[int, torch.Tensor] = {}
        for number in order:
            self._run(self.nodes[number], live)
        self.replays += 1
        return [self._view(reference, live).clone() for reference in references]

    def _slice(self, storages: set[int]) -> list[int]:
        needed: set[int] = set()
        stack = [(storage, len(self.nodes)) for storage in storages]
        seen: set[tuple[int, int]] = set()
        total = 0
        while stack:
            storage, before = stack.pop()
            if (storage, before) in seen:
                continue
            seen.add((storage, before))
            total += self.sizes.get(storage, 0)
            if total > self.cap:
                raise ReplayRefusedError(f"replaying it would need more than {self.cap >> 20} MB")
            for number in reversed(self.writers.get(storage, [])):
                if number >= before:
                    continue
                node = self.nodes[number]
                if number not in needed:
                    needed.add(number)
                    stack += [(read, number) for read in node.reads if read != storage or read not in node.writes]
                if node.whole:
                    stack += []
                    break
        return sorted(needed | self._creators(needed))

    def _creators(self, needed: set[int]) -> set[int]:
        # A full overwrite still needs the memory it writes to: the node that made the storage.
        made: set[int] = set()
        for number in needed:
            for storage in self.nodes[number].writes | self.nodes[number].reads:
                writers = self.writers.get(storage)
                if writers:
                    made.add(writers[0])
        return made

    def _run(self, node: Node, live: dict[int, torch.Tensor]) -> None:
        def restored(item: Any) -> Any:
            if isinstance(item, Reference):
                return self._view(item, live)
            if isinstance(item, torch.Generator):
                return None
            if isinstance(item, torch.device):
                return torch.device("cpu")
            return item

        args, kwargs = tree_map(restored, node.args), tree_map(restored, node.kwargs)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(self.seed * 1_000_003 + node.index)
            results = node.function(*args, **kwargs)
        flat = results if isinstance(results, (tuple, list)) else (results,)
        for reference, result in zip(node.results, flat, strict=False):
            if reference is not None and isinstance(result, torch.Tensor):
                self._keep(reference, result, live)

    def _keep(self, reference: Reference, result: torch.Tensor, live: dict[int, torch.Tensor]) -> None:
        if reference.storage in live:
            return  # a view or an in-place result of memory that is there already
        view = reference.view
        if (result.storage_offset(), tuple(result.size()), tuple(result.stride())) != (
            view.offset,
            view.size,
            view.stride,
        ):
            memory = torch.empty(max(view.end, 1), dtype=reference.dtype)
            memory.as_strided(view.size, view.stride, view.offset).copy_(result)
            result = memory
        live[reference.storage] = result

    def _view(self, reference: Reference, live: dict[int, torch.Tensor]) -> torch.Tensor:
        memory = live.get(reference.storage)
        if memory is None:
            literal = self.literals.get(reference.storage)
            if literal is None:
                raise ReplayRefusedError("it depends on numbers made outside the recording")
            memory = live[reference.storage] = literal.clone()
        view = reference.view
        if memory.dtype != reference.dtype:
            memory = torch.empty(0, dtype=reference.dtype).set_(memory.untyped_storage())
        return torch.as_strided(memory, view.size, view.stride, view.offset)
