"""INI513: what a model made on meta and emptied onto its device is left with. (child)

Two ways lead to a weight: the constructor, and `to_empty()` followed by the init methods. A model that is built the
second way is judged by its tape. On request (`--deferred`) the second way is walked beside the first, analytically,
and the two distributions of each tensor are compared.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from math import isclose

import torch
from torch import nn

from initlint.runtime.build import Build
from initlint.runtime.distribution import WITHOUT_FORMULA
from initlint.runtime.frames import resolve
from initlint.runtime.load import Recipe, checked
from initlint.runtime.protocol import Parameter, Target, Verdict
from initlint.runtime.sightings import Sightings
from initlint.runtime.storages import view_of
from initlint.runtime.survey import holders, survey
from initlint.runtime.tape import Tape

CODE = "INI513"
_OF_MODELS = ("init_weights", "initialize_weights", "reset_parameters", "_reset_parameters")
_OF_LAYERS = ("reset_parameters", "_reset_parameters")
_SAME = 1e-6
_CURE = "write it in the init method that runs after to_empty()"


def left_raw(build: Build) -> Iterator[Verdict]:
    """The tensors that the build itself emptied, and that nothing wrote since."""
    for holder in holders(build.model) if build.emptied else ():
        key = holder.tensor.untyped_storage()._cdata
        if key in build.emptied and build.tape.ledger(holder.tensor).raw_share(view_of(holder.tensor)) > 0:
            name = holder.names[0]
            message = f"`{name}` is raw memory: to_empty() emptied it, and no init method wrote to it since"
            yield Verdict(CODE, name, message, _CURE, resolve(build.emptied[key]))


def second_path(target: Target, recipe: Recipe, first: Sequence[Parameter], *, seed: int, cap: int) -> list[Verdict]:
    """Where `to_empty()` and the init methods lead elsewhere than the constructor did. Raises what the methods do."""
    torch.manual_seed(seed)
    tape = Tape(meta=True, seed=seed, cap=cap)
    seen = Sightings()
    with seen.watching(), tape.recording():
        model = checked(target, recipe.build())
        model.to_empty(device="cpu")
        how, without = _initialise(model)
    rows = {row.name: row for row in survey(Build(model, tape, "meta"), None, seed=seed, sampled=False)}
    pairs = ((before, rows[before.name]) for before in first if before.name in rows)
    return [verdict for before, after in pairs if (verdict := _compared(before, after, how, without)) is not None]


def _initialise(model: nn.Module) -> tuple[str, dict[str, str]]:
    """Run the model's own init method, or its layers' ones: what was run, and the classes that have none by path."""
    for module in model.modules():
        for holder in (module, *module._parameters.values()):
            if getattr(holder, "_is_hf_initialized", False):
                holder._is_hf_initialized = False  # type: ignore[union-attr]
    own = _method(model, _OF_MODELS)
    if own is not None:
        own[1]()
        return f"{type(model).__name__}.{own[0]}()", {}
    without: dict[str, str] = {}
    for path, module in reversed(list(model.named_modules())):  # parts before their owners, as `apply` goes
        found = _method(module, _OF_LAYERS)
        if found is not None:
            found[1]()
        elif module._parameters or module._buffers:
            without[path] = type(module).__name__
    return "each layer's reset_parameters()", without


def _method(module: nn.Module, names: Sequence[str]) -> tuple[str, Callable[[], object]] | None:
    for name in names:
        method = getattr(module, name, None)
        if callable(method):
            wanted = [
                one
                for one in inspect.signature(method).parameters.values()
                if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
            ]
            if not wanted:
                return name, method
    return None


def _compared(before: Parameter, after: Parameter, how: str, without: dict[str, str]) -> Verdict | None:
    layer = before.name.rpartition(".")[0]
    why = f"`{without[layer]}` has no reset_parameters" if layer in without else "it leaves it out"
    if after.uninitialized and not before.uninitialized:
        message = f"after to_empty() and {how}, `{before.name}` is raw memory: {why}"
        return Verdict(CODE, before.name, message, _CURE)
    if _told(before) and _told(after) and not _alike(before, after):
        message = f"the constructor leaves `{before.name}` at {_words(before)}, to_empty() and {how} at {_words(after)}"
        return Verdict(CODE, before.name, message, "let one function write it on both ways")
    return None


def _told(row: Parameter) -> bool:
    known = row.form is not None and row.form.family not in WITHOUT_FORMULA and not row.overlays
    return known and row.mean is not None and row.std is not None


def _alike(one: Parameter, other: Parameter) -> bool:
    assert one.form is not None
    assert other.form is not None
    numbers = ((one.mean or 0.0, other.mean or 0.0), (one.std or 0.0, other.std or 0.0))
    near = all(isclose(left, right, rel_tol=_SAME, abs_tol=1e-12) for left, right in numbers)
    return one.form.family == other.form.family and near


def _words(row: Parameter) -> str:
    return f"{row.scheme} (mean {row.mean:.3g}, std {row.std:.3g})"
