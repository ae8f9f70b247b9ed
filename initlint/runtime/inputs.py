"""Find an input that the model's forward takes: the user's own, of a given shape, or guessed and tried (child)."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from initlint.errors import TargetError, UsageError
from initlint.runtime.depthwise import Brisk, OutOfTimeError
from initlint.runtime.outputs import tensors

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Example:
    """A recipe for inputs: `make(seed)` gives positional and keyword arguments; `text` tells the user what."""

    text: str
    make: Callable[[int], Arguments]


def find_example(
    model: nn.Module, inputs: object, *, input_shape: tuple[int, ...] = (), seed: int = 0, deadline: float = inf
) -> Example:
    """The example to use, tried once. Raises `TargetError` when nothing runs, saying what was tried.

    Raises `OutOfTimeError` where the trial lasts longer than to `deadline` on `time.perf_counter`.
    """
    if inputs is not None:
        example = given(inputs)
        problem = attempt(model, example, seed, deadline)
        if problem:
            raise TargetError(f"forward fails on the given input: {problem}")
        return example
    if input_shape:
        example = _of_shape(model, input_shape)
        problem = attempt(model, example, seed, deadline)
        if problem:
            raise TargetError(f"forward fails on an input of shape {input_shape}: {problem}")
        return example
    return _guess(model, seed, deadline)


def _guess(model: nn.Module, seed: int, deadline: float) -> Example:
    # Imported here because the two files know each other: guesses are made of `Example`s.
    from initlint.runtime.input_guesses import guesses

    tried: list[tuple[str, str]] = []
    for example in guesses(model):
        problem = attempt(model, example, seed, deadline)
        if problem is None:
            return example
        tried.append((example.text, problem))
        if "does not define forward" in problem:
            break
    if not tried:
        raise TargetError(
            "forward was not run: no input could be guessed; "
            "give --input-shape or --input module:function, or --no-forward to judge the weights alone"
        )
    text, problem = tried[0]
    raise TargetError(
        f"forward runs on none of {len(tried)} guessed inputs; the first, {text}, gives {problem}; "
        "give --input-shape or --input module:function, or --no-forward to judge the weights alone"
    )


def attempt(model: nn.Module, example: Example, seed: int, deadline: float = inf) -> str | None:
    """Run forward once without gradients; the first line of what went wrong, or `None`."""
    args, kwargs = example.make(seed)
    kept = {name: value.clone() for name, value in model.named_buffers() if not is_lazy(value)}
    try:
        output = _called(model, args, kwargs, deadline)
    except OutOfTimeError:
        raise
    except NotImplementedError as error:
        # Functions of torch raise it too, for shapes that they do not take.
        kind = "does not define forward" if 'required "forward"' in str(error) else "NotImplementedError"
        return f"{kind}: {_first_line(error)}"
    except (Exception, SystemExit) as error:  # the user's forward may raise anything; it is told, not hidden
        return f"{type(error).__name__}: {_first_line(error)}"
    finally:
        for name, value in model.named_buffers():
            if name in kept and kept[name].shape == value.shape:
                value.copy_(kept[name])
    good = any(value.numel() > 0 for value in tensors(output))
    return None if good else f"the output is a {type(output).__name__} without a tensor"


def _called(model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], deadline: float) -> object:
    """Forward without gradients; with them where it takes some itself, as a network that solves an equation does."""
    # The clock inside: it may ring in any function of torch, and one of them is what puts the gradients back.
    try:
        with torch.no_grad(), Brisk(deadline):
            return model(*args, **kwargs)
    except RuntimeError as error:
        if "does not require grad" not in str(error):
            raise
    with torch.enable_grad(), Brisk(deadline):
        return model(*args, **kwargs)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or ["(no message)"])[0][:300]


def given(inputs: object) -> Example:
    """The user's own input: a tensor, a tuple of arguments, keyword arguments, or a function that makes one."""
    if callable(inputs) and not isinstance(inputs, Tensor):
        return Example("given input", lambda seed: _seeded(inputs, seed))
    return Example("given input", lambda seed: _arguments(inputs))


def _seeded(function: Callable[..., object], seed: int) -> Arguments:
    torch.manual_seed(seed)
    return _arguments(function())


def _arguments(value: object) -> Arguments:
    match value:
        case Mapping():
            return (), {str(name): _floating(item) for name, item in value.items()}
        case tuple() | list():
            return tuple(_floating(item) for item in value), {}
        case _:
            return (_floating(value),), {}


def _floating(value: object) -> object:
    """Floats in the precision that the model is measured in; fresh, so that nothing of the user's is marked."""
    if not isinstance(value, Tensor):
        return value
    fresh = value.detach().clone()
    return fresh.to(torch.get_default_dtype()) if fresh.is_floating_point() else fresh


def _of_shape(model: nn.Module, shape: tuple[int, ...]) -> Example:
    first = next(
        (module for module in model.modules() if not module._modules and any(True for _ in module.parameters())), None
    )
    if isinstance(first, (nn.Embedding, nn.EmbeddingBag)):
        return integers(first.num_embeddings, shape)
    return gaussian(shape)


def gaussian(*shapes: tuple[int, ...]) -> Example:
    """Standard normal tensors, one for each shape."""

    def make(seed: int) -> Arguments:
        generator = torch.Generator().manual_seed(seed)
        dtype = torch.get_default_dtype()
        return tuple(torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) for shape in shapes), {}

    return Example(f"N(0, 1) of shape {' and '.join(str(tuple(shape)) for shape in shapes)}", make)


def integers(high: int, shape: tuple[int, ...], name: str | None = None) -> Example:
    """Indices below `high`, drawn evenly."""

    def make(seed: int) -> Arguments:
        values = torch.randint(0, max(1, high), shape, generator=torch.Generator().manual_seed(seed))
        return ((), {name: values}) if name else ((values,), {})

    return Example(f"indices below {high} of shape {tuple(shape)}", make)


def load_function(text: str) -> Callable[..., object]:
    """The function that `--input module:function` or `--input file.py:function` names."""
    location, _, name = text.rpartition(":")
    if not location:
        raise UsageError(f"--input {text!r} is not of the form module:function")
    try:
        module = _import_file(Path(location)) if location.endswith(".py") else importlib.import_module(location)
    except Exception as error:  # importing runs the user's code
        raise UsageError(f"--input {text!r}: {location} cannot be imported: {type(error).__name__}: {error}") from error
    function = getattr(module, name, None)
    if not callable(function):
        raise UsageError(f"--input {text!r}: {location} has no function {name!r}")
    return function  # type: ignore[no-any-return]


def _import_file(path: Path) -> object:
    import importlib.util

    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module


def parameter_names(model: nn.Module) -> list[str]:
    """The names of all of forward's parameters."""
    return [item.name for item in _parameters(model)]


def required_parameters(model: nn.Module) -> list[str]:
    """The names of forward's positional parameters that have no default."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [item.name for item in _parameters(model) if item.kind in kinds and item.default is inspect.Parameter.empty]


def _parameters(model: nn.Module) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(model.forward).parameters.values())
    except (TypeError, ValueError):
        return [inspect.Parameter("input", inspect.Parameter.POSITIONAL_ONLY)]
