"""The init tape: a recorder under the dispatcher that knows every write to every storage of a build. (child)

On the meta device nothing is allocated: factories are sent there below the user's code, which still sees torch's
defaults, so that literals stay literal and transformers, which skips its own init when it finds meta to be the
default device, does not notice. A question that needs numbers (`.item()`, a branch on data) is answered by
replaying the operations behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from initlint.runtime import semantic
from initlint.runtime.evaluate import base_name
from initlint.runtime.frames import Spot, take_trail
from initlint.runtime.geometry import Geometry
from initlint.runtime.interpret import OperationFacts, facts_of, interpret, translated
from initlint.runtime.ledger import Content, Ledger, Write, literal
from initlint.runtime.oplog import Node, OperationLog, Reference, ReplayRefusedError
from initlint.runtime.scope import Scope
from initlint.runtime.storages import anchored, view_of

META = torch.device("meta")
CPU = torch.device("cpu")
# A literal is kept to be replayed later; a larger one is only held by reference.
_LITERAL_CAP = 1 << 20
_LITERAL_MAKERS = frozenset({"tensor", "as_tensor", "asarray", "scalar_tensor"})


class Tape:
    """All ledgers of one build. `meta` tells whether anything is allocated."""

    def __init__(self, *, meta: bool, seed: int = 0, cap: int = 1 << 30) -> None:
        """A tape that has seen nothing yet."""
        self.meta = meta
        self.log = OperationLog(seed=seed, cap=cap)
        self.ledgers: dict[int, Ledger] = {}
        self.count = 0
        self.scope: Scope | None = None

    @contextmanager
    def recording(self) -> Iterator[Tape]:
        """Record everything the block does."""
        with ExitStack() as stack:
            stack.enter_context(semantic.watched(self._observe))
            if self.meta:
                stack.enter_context(_Surface(self))
            stack.enter_context(_Recorder(self))
            yield self

    @property
    def replays(self) -> int:
        """How often the build asked for numbers."""
        return self.log.replays

    def ledger(self, tensor: torch.Tensor) -> Ledger:
        """The ledger of a tensor's storage; one never seen before came from outside."""
        storage = tensor.untyped_storage()
        found = self.ledgers.get(storage._cdata)
        if found is None:
            found = Ledger(storage._cdata, anchored(storage), foreign=True)
            self.ledgers[found.key] = found
            self.log.sizes[found.key] = storage.nbytes()
            if tensor.device.type == "cpu" and self.meta:
                self._keep_literal(found, tensor)
        return found

    def _keep_literal(self, ledger: Ledger, tensor: torch.Tensor) -> None:
        with torch.utils._python_dispatch._disable_current_modes():
            whole = torch.empty(0, dtype=tensor.dtype).set_(tensor.untyped_storage())
            kept = whole.clone() if whole.numel() <= _LITERAL_CAP else whole
            self.log.literals[ledger.key] = kept
            shown = kept.as_strided(tensor.size(), tensor.stride(), tensor.storage_offset())
            content = Content(literal(shown))
        self.write(ledger, "create", view_of(tensor), "literal", "tensor", {}, content=content)

    def write(
        self,
        ledger: Ledger,
        kind: str,
        region: Geometry,
        scheme: str,
        function: str,
        arguments: dict[str, Any],
        **more: Any,
    ) -> None:
        """Enter a write; inside an init function the entry waits for the function's own."""
        self.count += 1
        trail = more.pop("trail", None) or take_trail(2)
        ledger.writes.append(Write(self.count, kind, region, scheme, function, arguments, trail, **more))

    def last_write(self, tensor: torch.Tensor) -> Spot | None:
        """Who gave the tensor its value last."""
        writes = self.ledger(tensor).writes
        return next((write.trail.best for write in reversed(writes) if write.trail.best), None)

    def reference(self, tensor: torch.Tensor) -> Reference:
        """A tensor as the log names it."""
        return Reference(self.ledger(tensor).key, view_of(tensor), tensor.dtype)

    def numbers(self, tensor: torch.Tensor) -> torch.Tensor:
        """What a meta tensor would hold."""
        with torch.utils._python_dispatch._disable_current_modes():
            return self.log.materialise([self.reference(tensor)])[0]

    def _observe(self, name: str, run: Callable[[], Any], arguments: dict[str, Any]) -> Any:
        tensor = arguments.get("tensor")
        if self.scope is not None or not isinstance(tensor, torch.Tensor) or not tensor.numel():
            return run()
        self.scope = scope = Scope(self, name, tensor, arguments)
        try:
            result = run()
        finally:
            self.scope = None
        scope.close()
        return result


class _Surface(TorchFunctionMode):
    """What users ask of tensors above the dispatcher, where a meta tensor would refuse."""

    def __init__(self, tape: Tape) -> None:
        super().__init__()
        self.tape = tape

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "__set__" and getattr(func, "__self__", None) is torch.Tensor.data:
            return func(args[0], self._same_device(args[0], args[1]))
        if name in {"numpy", "__array__"} and args and args[0].device.type == "meta":
            return func(self.tape.numbers(args[0]), *args[1:], **kwargs)
        if name == "new_tensor" and args and args[0].device.type == "meta":
            return torch.tensor(args[1], dtype=kwargs.get("dtype") or args[0].dtype)
        if name in _LITERAL_MAKERS and torch.device(kwargs.get("device") or CPU).type == "meta":
            kwargs = {**kwargs, "device": CPU}  # on meta the numbers would be dropped before any operation
        return func(*args, **kwargs)

    def _same_device(self, parameter: torch.Tensor, value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or value.device == parameter.device:
            return value
        return _sent_to_meta(self.tape, value) if parameter.device.type == "meta" else self.tape.numbers(value)


def _sent_to_meta(tape: Tape, value: torch.Tensor) -> torch.Tensor:
    source = tape.ledger(value)
    with torch.utils._python_dispatch._disable_current_modes():
        moved = torch.empty_strided(value.size(), value.stride(), dtype=value.dtype, device=META)
    target = Ledger(moved.untyped_storage()._cdata, anchored(moved.untyped_storage()))
    tape.ledgers[target.key] = target
    tape.log.sizes[target.key] = moved.untyped_storage().nbytes()
    read = tape.reference(value)
    node = Node(
        len(tape.log.nodes), torch.clone, (read,), {}, (tape.reference(moved),),
        frozenset({read.storage}), frozenset({target.key}),
    )  # fmt: skip
    tape.log.add(node)
    content = translated(source.read(read.view), read.view, view_of(moved))
    origin = (source, read.view, tape.count + 1)
    tape.write(target, "create", view_of(moved), "copy", "copy", {}, content=content, source=origin)
    return moved


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees each operation below autograd."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Torch would import its compiler (seconds, 70 MB) to keep it away from a mode that never meets it.
        return False

    def __init__(self, tape: Tape) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.tape = tape

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        facts = facts_of(func)
        kwargs = dict(kwargs or {})
        if not self.tape.meta:
            result = func(*args, **kwargs)
            interpret(self.tape, facts, args, kwargs, result)
            return result
        return self._on_meta(func, facts, args, kwargs)

    def _on_meta(self, func: Any, facts: OperationFacts, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        tensors = facts.tensors(args, kwargs)
        some_meta = any(tensor.device.type == "meta" for tensor in tensors)
        if facts.device and (some_meta or not tensors) and self._leaves_meta(facts, tensors, kwargs):
            return self._answer(func, facts, args, kwargs)
        if facts.device and (not tensors or (some_meta and kwargs.get("device") is not None)):
            kwargs["device"] = META
        if tensors and not some_meta:
            return self._on_literals(func, facts, args, kwargs)
        if some_meta and any(tensor.device.type == "cpu" for tensor in tensors):
            if facts.written(args, kwargs, "cpu"):
                return self._answer(func, facts, args, kwargs)
            args, kwargs = facts.mapped(args, kwargs, lambda item: self._on_one_device(item))
        try:
            result = func(*args, **kwargs)
        except (RuntimeError, NotImplementedError) as error:
            return self._replayed(func, facts, args, kwargs, error)
        if not facts.outputs and isinstance(result, torch.Tensor) and 0 in result.stride() and tensors:
            result = self._unfolded(result, tensors)
        interpret(self.tape, facts, args, kwargs, result)
        return result

    @staticmethod
    def _unfolded(result: torch.Tensor, tensors: list[torch.Tensor]) -> torch.Tensor:
        """Some meta kernels copy the strides of an expanded input to memory that is their own; the real ones do not."""
        if result.untyped_storage()._cdata in {tensor.untyped_storage()._cdata for tensor in tensors}:
            return result
        with torch.utils._python_dispatch._disable_current_modes():
            return torch.empty(result.size(), dtype=result.dtype, device=META)

    @staticmethod
    def _leaves_meta(facts: OperationFacts, tensors: list[torch.Tensor], kwargs: dict[str, Any]) -> bool:
        return bool(tensors) and facts.name == "_to_copy" and kwargs.get("device") == CPU

    def _on_one_device(self, tensor: torch.Tensor) -> torch.Tensor:
        return _sent_to_meta(self.tape, tensor) if tensor.device.type == "cpu" else tensor

    def _on_literals(self, func: Any, facts: OperationFacts, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for tensor in facts.tensors(args, kwargs):
            self.tape.ledger(tensor)
        result = func(*args, **kwargs)
        interpret(self.tape, facts, args, kwargs, result)
        return result

    def _answer(self, func: Any, facts: OperationFacts, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Numbers for code that wants them on the CPU: real tensors, whose history goes on."""
        sources = [tensor for tensor in facts.tensors(args, kwargs) if tensor.device.type == "meta"]
        real = dict(zip(map(id, sources), map(self.tape.numbers, sources), strict=True))
        with torch.utils._python_dispatch._disable_current_modes():
            new_args, new_kwargs = facts.mapped(args, kwargs, lambda item: real.get(id(item), item))
            result = func(*new_args, **new_kwargs)
        interpret(self.tape, facts, args, kwargs, result)
        return result

    def _replayed(
        self, func: Any, facts: OperationFacts, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception
    ) -> Any:
        sources = [tensor for tensor in facts.tensors(args, kwargs) if tensor.device.type == "meta"]
        if not sources:
            raise error
        try:
            real = dict(zip(map(id, sources), map(self.tape.numbers, sources), strict=True))
        except ReplayRefusedError as refused:
            raise ReplayRefusedError(f"{base_name(str(func))}: {refused}") from error
        with torch.utils._python_dispatch._disable_current_modes():
            new_args, new_kwargs = facts.mapped(args, kwargs, lambda item: real.get(id(item), item))
            if "device" in new_kwargs:
                new_kwargs["device"] = CPU
            result = func(*new_args, **new_kwargs)
            back = torch.utils._pytree.tree_map_only(torch.Tensor, self._as_meta(facts, real, sources), result)
        interpret(self.tape, facts, args, kwargs, back)
        return back

    @staticmethod
    def _as_meta(
        facts: OperationFacts, real: dict[int, torch.Tensor], sources: list[torch.Tensor]
    ) -> Callable[[torch.Tensor], torch.Tensor]:
        originals = {id(real[id(source)]): source for source in sources}

        def converted(tensor: torch.Tensor) -> torch.Tensor:
            if id(tensor) in originals:
                return originals[id(tensor)]
            return torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype, device=META)

        return converted
