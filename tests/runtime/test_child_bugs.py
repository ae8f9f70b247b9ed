"""A bug of ours in a child process ends as any other bug of ours, and never as the user's fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.errors import ChildBugError
from initlint.runtime.parent import run
from initlint.runtime.protocol import Request, Target
from tests.runtime.targets import initlint, runtime

pytestmark = pytest.mark.torch

_BREAKS = """\
from torch import nn
from initlint.runtime import {module}

{module}.{name} = None

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(4, 4))
"""
_RAISES = """\
from torch import nn

class Net(nn.Module):
    def parameters(self, recurse=True):
        raise KeyError("mine")

    def named_modules(self, *args, **kwargs):
        raise KeyError("mine")
"""
_BUG = "error: internal error: TypeError: 'NoneType' object is not callable (in the process that examines net.py:Net)\n"


@pytest.mark.parametrize(
    ("command", "module", "name"),
    [(("runtime",), "examine", "survey"), (("experiment",), "experiment", "measure")],
)
def test_our_bug_has_its_own_status(command: tuple[str, ...], module: str, name: str, tmp_path: Path) -> None:
    """Status 3, the address to report it to, and the child's traceback on demand only."""
    (tmp_path / "net.py").write_text(_BREAKS.format(module=module, name=name))
    done = initlint(*command, "net.py:Net", cwd=tmp_path)
    told = initlint(*command, "net.py:Net", "--debug", cwd=tmp_path)

    assert (3, _BUG + "Please report it at") == (done.returncode, done.stderr[: len(_BUG) + 19]), done.stderr
    assert ("Traceback" in done.stderr, f"{module}.py" in told.stderr, told.returncode) == (False, True, 3)


def test_other_targets_are_told_all_the_same(tmp_path: Path) -> None:
    """One target that trips us does not take the findings on the others away."""
    (tmp_path / "net.py").write_text(_BREAKS.format(module="examine", name="weigh"))
    (tmp_path / "flat.py").write_text(
        "from torch import nn\n\ndef Net():\n    model = nn.Linear(4, 4)\n"
        "    nn.init.normal_(model.weight, 0.02)\n    return model\n"
    )
    done = runtime("--output-format", "concise", "flat.py:Net", "net.py:Net", cwd=tmp_path)

    assert (3, True) == (done.returncode, done.stdout.startswith("flat.py:5:5: INI304")), done.stdout


def test_the_models_crash_stays_the_models(tmp_path: Path) -> None:
    """A model that raises where we look at it is told as such, with its own frame."""
    (tmp_path / "net.py").write_text(_RAISES)
    done = runtime("net.py:Net", cwd=tmp_path)

    assert (2, True) == (done.returncode, "KeyError: 'mine'" in done.stderr), done.stderr
    assert 'net.py", line ' in done.stderr


def test_a_bug_outside_any_target() -> None:
    """An order that the child cannot read is no target's fault."""
    target = Target("torch.nn:Linear", "module", "torch.nn", "Linear")

    with pytest.raises(ChildBugError, match=r"AttributeError.*in the process that examines the models"):
        run(Request((target,), overlay="much"))  # type: ignore[arg-type]  # the parent itself never reads it
