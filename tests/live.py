"""Live models beside their description: what was claimed of a parameter, and what torch made of it."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import math
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from initlint.describe.build import describe
from initlint.describe.nodes import FileModel, InitEvent, Parameter
from initlint.describe.project import Project
from initlint.describe.symbols import number
from initlint.source.read import open_source

if TYPE_CHECKING:
    import torch

# Two-sided tails of a normal beyond this: 1e-11. There are some thousand claims, and each is tested three times.
SIGMAS = 6.8
FEW = 24  # of fewer numbers no spread is judged
MANY = 2_000  # from here on the fourth moment tells uniform from normal
EXACT = 1e-6
KURTOSES = {"uniform": 9 / 5, "normal": 3.0, "trunc_normal": 2.37}  # E[x^4]/E[x^2]^2; the last cut at two sigmas


@dataclass(frozen=True)
class Pair:
    """A parameter as described and as it is."""

    claim: Parameter
    live: torch.Tensor
    name: str


def described(path: Path) -> FileModel | None:
    """The file's description, with the files beside it as its project; None where it does not parse."""
    beside = sorted(path.parent.glob("*.py"))
    opened = [open_source(str(one), one.read_bytes()).source for one in ({path, *beside} if alone(path) else [path])]
    sources = [one for one in opened if one is not None]
    try:
        return describe(Project.index(sources), str(path))
    except SyntaxError:
        return None


def alone(path: Path) -> bool:
    """Whether the folder holds one fixture with its helpers, and not whole models side by side."""
    return path.parent.name not in ("wild", "specs")


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """The folder's modules can be imported, and are forgotten afterwards."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecated spellings are among the mistakes shown
            yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            if getattr(sys.modules[name], "__file__", "") and str(folder) in str(sys.modules[name].__file__):
                del sys.modules[name]


def load(path: Path) -> Any:
    """The file as a module; None where it cannot be imported, as a mistake shown or for want of a framework."""
    spec = importlib.util.spec_from_file_location(f"fixture_{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception:
        return None
    return module


def build(make: Callable[[], Any]) -> Mapping[str, torch.Tensor] | None:
    """The named parameters of what `make` builds; None where it needs arguments or raises, as some mistakes do."""
    import torch

    try:
        required = [one for one in inspect.signature(make).parameters.values() if needed(one)]
        if required:
            return None
        torch.manual_seed(20)
        made = make()
    except Exception:
        return None
    if not isinstance(made, torch.nn.Module):
        return None
    return {_plain_name(name): tensor for name, tensor in made.named_parameters() if _is_main(name)}


_PARTS = (
    (re.compile(r"weight_v$"), "weight"),
    (re.compile(r"weight_orig$"), "weight"),
    (re.compile(r"parametrizations\.(\w+)\.original[1]?$"), r"\1"),
)
_ASIDE = re.compile(r"weight_g$|parametrizations\.\w+\.original0$")


def _is_main(name: str) -> bool:
    """Whether it is no mere length or gain beside the direction of a reparametrised weight."""
    return not _ASIDE.search(name)


def _plain_name(name: str) -> str:
    """`weight`, under whatever name a reparametrisation keeps it; the direction starts as the weight that was drawn."""
    for pattern, plain in _PARTS:
        name = pattern.sub(plain, name)
    return name


def needed(one: inspect.Parameter) -> bool:
    """Whether a call must give it."""
    return one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)


def _memory(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def untold(live: Mapping[str, torch.Tensor], met: Iterable[str]) -> list[str]:
    """The live parameters that have no claim, neither under their own name nor under that of a tensor they share."""
    told = {_memory(live[name]) for name in met}
    return [name for name, tensor in live.items() if _memory(tensor) not in told]


def pairs(claims: tuple[Parameter, ...], live: Mapping[str, torch.Tensor]) -> Iterator[Pair]:
    """Each live parameter with the most exact name that the description has for it."""
    patterns = sorted(claims, key=lambda one: one.name.count("*"))
    for name, tensor in live.items():
        for claim in patterns:
            if re.fullmatch(re.escape(claim.name).replace(r"\*", "[^.]+"), name):
                yield Pair(claim, tensor, name)
                break


def contradictions(pair: Pair) -> list[str]:
    """What of the claim is not so."""
    problems = list(_shape(pair))
    event = pair.claim.effective
    if event is not None and not problems and pair.live.numel() and not pair.claim.after:
        problems += _values(event, pair.live.detach().double())
    return [f"{pair.name}: {problem}" for problem in problems]


def _shape(pair: Pair) -> Iterator[str]:
    import torch

    claim, live = pair.claim, pair.live
    if claim.shape is not None:
        sizes = [number(size) for size in claim.shape]
        agree = len(sizes) == live.dim() and all(a is None or a == b for a, b in zip(sizes, live.shape, strict=True))
        if not agree:
            yield f"shape {tuple(live.shape)}, not {tuple(sizes)}"
            return
    if live.dim() > 1:
        told = number(claim.fan_in), number(claim.fan_out)
        by_parts = claim.drawn_shape != claim.shape  # a stack that is drawn matrix by matrix has the fans of one
        true = torch.nn.init._calculate_fan_in_and_fan_out(live[0] if by_parts else live)
        for word, a, b in zip(("fan_in", "fan_out"), told, true, strict=True):
            if a is not None and a != b:
                yield f"{word} {b}, not {a}"


def _values(event: InitEvent, live: torch.Tensor) -> Iterator[str]:
    mean, std = number(event.mean), number(event.std)
    match event.scheme:
        case "zeros" | "ones" | "constant":
            if mean is not None and not (live - mean).abs().max() <= EXACT * max(1, abs(mean)):
                yield f"not all {mean}: {live.flatten()[:3].tolist()}"
        case "eye":
            if live.dim() == 2 and not _is_scaled_eye(live):
                yield "not the identity"
        case "copy" | "unknown" | "empty":
            return
        case _:
            yield from _drawn(event, live, mean, std)


def _is_scaled_eye(live: torch.Tensor) -> bool:
    import torch

    return torch.allclose(live, torch.eye(*live.shape, dtype=live.dtype) * live[0, 0])


def _drawn(event: InitEvent, live: torch.Tensor, mean: float | None, std: float | None) -> Iterator[str]:
    count = live.numel()
    if live.std(correction=0) == 0 and count > 1 and std != 0:
        yield f"all equal, not {event.scheme}"
        return
    low, high = number(event.low), number(event.high)
    if low is not None and live.min() < low - EXACT - 1e-5 * abs(low):
        yield f"{live.min():.4g} lies below {low:.4g}"
    if high is not None and live.max() > high + EXACT + 1e-5 * abs(high):
        yield f"{live.max():.4g} lies above {high:.4g}"
    if count < FEW or std is None:
        return
    tails = KURTOSES["normal"] - 1
    measured, where = float(live.std(correction=0)), float(live.mean())
    if mean is not None and abs(where - mean) > SIGMAS * std / math.sqrt(count) + EXACT:
        yield f"mean {where:.4g}, not {mean:.4g}"
    if abs(measured - std) > SIGMAS * std * math.sqrt(tails / 4 / count) + EXACT * std:
        yield f"std {measured:.4g}, not {std:.4g}"
    yield from _form(event, live - live.mean(), measured)


def _form(event: InitEvent, centred: torch.Tensor, measured: float) -> Iterator[str]:
    expected = KURTOSES.get(event.distribution or "")
    far = number(event.high)
    if expected is None or centred.numel() < MANY or measured == 0:
        return
    if event.scheme == "trunc_normal" and (far is None or far > 2.4 * measured):
        expected = KURTOSES["normal"]  # cut far outside: no cut to be seen
    kurtosis = float((centred / measured).pow(4).mean())
    if abs(kurtosis - expected) > 0.25 + SIGMAS * math.sqrt(24 / centred.numel()):
        yield f"kurtosis {kurtosis:.2f}, not {event.distribution}"


def classes(module: Any, path: Path) -> list[str]:
    """The classes and functions that the file itself defines, in order."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))]
    return [name for name in names if hasattr(module, name)]
