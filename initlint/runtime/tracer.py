"""The mode and the hooks under which one forward pass is traced (runs in the child)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from initlint.runtime.chain import Tag, tag_of
from initlint.runtime.depthwise import check_clock, faster
from initlint.runtime.meanfield import is_elementwise
from initlint.runtime.operations import Kind, kind_of, plain_name
from initlint.runtime.passing import pass_on
from initlint.runtime.trace import Call, Trace, flatten

#: A hand-written norm is known by its name: `LlamaRMSNorm`, `LayerNorm2d`, `FrozenBatchNorm`.
_NORM = re.compile(r"(?<!Weight)(?<!Spectral)Norm(?!al)|^Normali[sz]e")


class Tracer(TorchFunctionMode):
    """Sees every torch function while it is entered, and writes what it sees into `trace`."""

    def __init__(self, trace: Trace, deadline: float = inf) -> None:
        """Write into `trace`, until the clock (`time.perf_counter`) shows `deadline`."""
        super().__init__()
        self.trace = trace
        self.deadline = deadline
        self.opaque = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call `func` and tag what it returns."""
        named = dict(kwargs or {})
        name = plain_name(func)
        if kind_of(name) is Kind.DROPOUT:
            # Noise that keeps the mean square as it is would only blur the measurement.
            return args[0] if args else named["input"]
        if self.opaque:
            return func(*args, **named)
        inputs = tuple((value, tag_of(value)) for value in flatten((*args, *named.values())))
        result = faster(name, func, args, named)(*args, **named)
        check_clock(self.deadline)
        if inputs and isinstance(result, (Tensor, tuple, list)):
            outputs = tuple(value for value in flatten((result,)) if value.is_floating_point())
            if outputs:
                self.trace.record(Call(name, func, args, named, inputs, outputs), pass_on)
        return result


@contextmanager
def traced(model: nn.Module, tracer: Tracer) -> Iterator[None]:
    """Tell `tracer` which module is running, and let norms and activation modules count as one operation."""
    elementwise: dict[int, bool] = {}
    handles = [handle for name, module in model.named_modules() for handle in _hooks(name, module, tracer, elementwise)]
    try:
        with tracer:
            yield
    finally:
        for handle in handles:
            handle.remove()


def _hooks(name: str, module: nn.Module, tracer: Tracer, elementwise: dict[int, bool]) -> Iterator[Any]:
    norm, candidate = is_norm(module), _may_be_activation(module)
    entered: list[Tag | None] = []

    def opaque() -> bool:
        if candidate and id(module) not in elementwise:
            tracer.opaque += 1
            elementwise[id(module)] = is_elementwise(module.forward)
            tracer.opaque -= 1
        return norm or elementwise.get(id(module), False)

    def before(module: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        tracer.trace.modules.append((name, module))
        if opaque():
            tracer.opaque += 1
            entered.append(next((tag for value in flatten((*args, *kwargs.values())) if (tag := tag_of(value))), None))

    def after(module: nn.Module, args: tuple[object, ...], kwargs: dict[str, object], output: object) -> None:
        tracer.trace.modules.pop()
        if opaque():
            tracer.opaque -= 1
            tag = entered.pop()
            if tag is not None and not tracer.opaque:
                _leave(module, tag, list(flatten((output,))), tracer)

    yield module.register_forward_pre_hook(before, with_kwargs=True)
    yield module.register_forward_hook(after, with_kwargs=True, always_call=True)


def _leave(module: nn.Module, tag: Tag, outputs: list[Tensor], tracer: Tracer) -> None:
    label = type(module).__name__
    if is_norm(module):
        tracer.trace.normalise(label, [tag], outputs)
    elif outputs:
        tracer.trace.activate(label, module.forward, tag, outputs[0])


def is_norm(module: nn.Module) -> bool:
    """Whether a module normalises, judged by its class."""
    return bool(_NORM.search(type(module).__name__)) and len(list(module.children())) == 0


def _may_be_activation(module: nn.Module) -> bool:
    plain = not module._modules and not module._parameters and not module._buffers
    return plain and not type(module).__module__.startswith("torch.nn.")
