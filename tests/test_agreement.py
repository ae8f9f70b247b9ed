"""The description against the live model: every claim of every fixture that can be built is held against torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from initlint.describe.nodes import Model
from tests.live import Pair, build, contradictions, described, importable, load, pairs, untold

pytestmark = pytest.mark.torch

FIXTURES = Path(__file__).parent.parent / "fixtures"
HOSTILE = {"bad_targets"}  # hangs, exits, allocates: what the runtime's own tests are for
FILES = sorted(path for path in FIXTURES.rglob("*.py") if "packs" not in path.parts and path.stem not in HOSTILE)


def built(path: Path) -> Iterator[tuple[Model, dict[str, Any]]]:
    """The file's models that can be built without arguments, each with its live parameters."""
    file = described(path)
    if file is None:
        return
    with importable(path.parent):
        module = load(path)
        for model in file.models if module is not None else ():
            make = getattr(module, model.name, None)
            live = build(make) if callable(make) else None
            if live is not None:
                yield model, dict(live)


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(FIXTURES)) for path in FILES])
def test_what_is_said_of_a_parameter_is_so(path: Path) -> None:
    """Shape, fans, scheme, mean, std and bounds, name by name; `*` stands for the members of a list."""
    wrong = [
        f"{model.name}: {problem}"
        for model, live in built(path)
        for pair in pairs(model.parameters, live)
        for problem in contradictions(pair)
    ]

    assert [] == wrong


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(FIXTURES)) for path in FILES])
def test_the_names_are_the_live_ones(path: Path) -> None:
    """Nothing is missing from the description of a model that was read to its end, and nothing is made up."""
    wrong = []
    for model, live in built(path):
        met = {pair.name: pair.claim.name for pair in pairs(model.parameters, live)}
        if model.complete:
            wrong += [f"{model.name}: {name} is not told" for name in untold(live, met)]
        wrong += [f"{model.name}: {one.name} is not there" for one in model.parameters if one.name not in met.values()]

    assert [] == wrong


def test_most_is_known() -> None:
    """Of whole models in the wild, what the description leaves open is the exception; so the tests above say much."""
    known: Counter[bool] = Counter()
    for path in sorted((FIXTURES / "wild").glob("*.py")):
        for model, live in built(path):
            known.update(is_known(pair) for pair in pairs(model.parameters, live))

    assert known.total() > 1_400
    assert known[True] / known.total() > 0.97


def is_known(pair: Pair) -> bool:
    event = pair.claim.effective
    return event is not None and event.scheme != "unknown"
