"""Real files, written by other people: those of packages that the tests need anyway."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def torch_files() -> list[Path]:
    """Layers of torch."""
    folder = _package("torch") / "nn" / "modules"
    return [folder / f"{name}.py" for name in ("activation", "batchnorm", "linear", "sparse")]


def transformers_files(count: int, *, smallest: int = 8_000, largest: int = 30_000) -> list[Path]:
    """Models of transformers of a middling size, from all over the alphabet."""
    found = sorted((_package("transformers") / "models").glob("*/modeling_*.py"))
    found = [path for path in found if smallest <= path.stat().st_size <= largest]
    return found[:: max(1, len(found) // count)]


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent
