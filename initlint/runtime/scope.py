"""One running init function: what it does to its tensor becomes one write. (child)"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import torch

from initlint.runtime import semantic
from initlint.runtime.frames import take_trail
from initlint.runtime.geometry import Relation, relate
from initlint.runtime.ledger import Content, Value
from initlint.runtime.oplog import Node
from initlint.runtime.storages import view_of

if TYPE_CHECKING:
    from initlint.runtime.tape import Tape


class Scope:
    """The writes between its start and its close."""

    def __init__(self, tape: Tape, name: str, tensor: torch.Tensor, arguments: dict[str, Any]) -> None:
        """Remember where the tensor stood."""
        self.tape, self.name, self.tensor = tape, name, tensor
        self.arguments = {key: value for key, value in arguments.items() if key not in {"tensor", "generator"}}
        self.ledger = tape.ledger(tensor)
        self.start = len(self.ledger.writes)
        self.trail = take_trail(3)

    def close(self) -> None:
        """Put one write in the place of those made inside."""
        inside = self.ledger.writes[self.start :]
        view = view_of(self.tensor)
        folded = self.ledger.read(view)
        silent = not any(relate(write.region, view) is not Relation.NONE for write in inside)
        if silent and self.tensor.device.type == "meta":
            self._log_call()
        elif silent:
            return
        self.tape.count += 1
        form = semantic.distribution_of(self.name, self.arguments, tuple(self.tensor.shape))
        value = folded.plain if form is None else Value(form, self.tape.count if form.random else None)
        del self.ledger.writes[self.start :]
        self.tape.write(
            self.ledger, "set", view, semantic.scheme_of(self.name), self.name, self.arguments,
            content=Content(value), trail=self.trail,
        )  # fmt: skip

    def _log_call(self) -> None:
        home, _, name = self.name.rpartition(".")
        function = getattr(importlib.import_module(home), name)
        target = self.tape.reference(self.tensor)
        keys = frozenset({target.storage})
        log = self.tape.log
        log.add(Node(len(log.nodes), function, (target,), self.arguments, (None,), keys, keys))
