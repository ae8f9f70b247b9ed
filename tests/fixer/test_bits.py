"""Value-preserving fixes on every fixture: the model starts from the same bits."""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from initlint.engine import Engine
from initlint.finding import Finding
from initlint.fixer.apply import apply_fixes
from initlint.fixer.judge import is_preserving
from initlint.source.files import given
from initlint.source.text import SourceText
from tests.fixer.fixed_texts import ALL, every_rule

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def engine() -> Engine:
    """All rules, at every severity."""
    return every_rule()


def preserving(engine: Engine, path: str, text: str) -> list[Finding]:
    """The findings whose fix says that it keeps the numbers."""
    return [one for one in engine.run(given(path, text.encode())).findings if is_preserving(one)]


def built(text: str) -> Iterator[tuple[str, Any]]:
    """Each class of a text that can be built without arguments, from one seed, with raw memory filled."""
    module = ModuleType(f"initlint_fixture_{next(_NUMBERS)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the old names warn
        exec(compile(text, module.__name__, "exec"), vars(module))
        for name, thing in list(vars(module).items()):
            if isinstance(thing, type) and issubclass(thing, torch.nn.Module) and thing.__module__ == module.__name__:
                torch.manual_seed(7)
                try:
                    inspect.signature(thing).bind()
                    model = thing()
                except (TypeError, ValueError, RuntimeError, AttributeError):
                    continue  # it needs arguments, or shows a mistake that raises
                yield name, model


def states(text: str) -> dict[str, Any]:
    """Every tensor of every model."""
    return {
        f"{name}.{key}": value
        for name, model in built(text)
        for key, value in [*model.named_parameters(), *model.named_buffers()]
    }


@pytest.fixture(autouse=True)
def filled() -> Iterator[None]:
    """Raw memory is NaN, so that it can be compared."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("path", ALL, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_value_preserving_fixes_keep_every_bit(engine: Engine, path: Any) -> None:
    """Parameters and buffers, by name, shape, type and bits. Files without such a fix have nothing to show."""
    source = SourceText("net.py", path.read_text(encoding="utf-8"))
    fixes = preserving(engine, "net.py", source.text)
    before, after = states(source.text) if fixes else {}, {}
    if fixes:
        after = states(apply_fixes(source, fixes, unsafe=True).text)

    assert before.keys() == after.keys()
    assert [] == [name for name in before if not equal(before[name], after[name])]


def equal(left: Any, right: Any) -> bool:
    """Shape, type and bits; a NaN equals itself."""
    if (left.shape, left.dtype) != (right.shape, right.dtype):
        return False
    return bool(torch.equal(*(one.detach().contiguous().reshape(-1).view(torch.uint8) for one in (left, right))))


def test_there_is_something_to_compare(engine: Engine) -> None:
    """Rules with such fixes exist, and their models are built."""
    told = {one.code for path in ALL for one in preserving(engine, "net.py", path.read_text(encoding="utf-8"))}

    assert {"INI205", "INI604"} <= told
    assert states(
        "import torch\nfrom torch import nn\nclass Net(nn.Linear):\n    def __init__(s): super().__init__(2, 2)\n"
    )


def test_a_difference_would_be_seen() -> None:
    """One bit is enough, and -0.0 is not 0.0."""
    zero = torch.zeros(3)

    assert equal(zero, zero.clone())
    assert not equal(zero, -zero)
    assert not equal(zero, zero.double())
