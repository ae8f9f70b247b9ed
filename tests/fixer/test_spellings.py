"""The fix of every rule about one init call, in every spelling: found, written, and then silent."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pytest

from initlint.engine import Engine
from initlint.repair import repair
from tests.fixer.fixed_texts import every_rule, lint
from tests.fixer.spellings import MODULES, Model, Spelling, direct, functions, methods, program, raw

LINEAR, TANH = Model(), Model(function="torch.tanh({x})", module="nn.Tanh()")
LEAKY = Model(function="torch.nn.functional.leaky_relu({x}, 0.2)", module="nn.LeakyReLU(0.2)")
SELU = Model(function="torch.selu({x})", module="nn.SELU()")
CONV = Model("nn.Conv2d(32, 32, 3)", LEAKY.function, LEAKY.module)
UPSAMPLING, DEPTHWISE = Model("nn.ConvTranspose2d(16, 64, 3)"), Model("nn.Conv2d(64, 64, 3, groups=64)")

HE = 'kaiming_normal_(W, nonlinearity="relu")'
HE_UNIFORM = 'kaiming_uniform_(W, nonlinearity="relu")'
HE_LEAKY = 'kaiming_normal_(W, a=0.2, nonlinearity="leaky_relu")'
GLOROT, GLOROT_UNIFORM = "xavier_normal_(W, gain=5 / 3)", "xavier_uniform_(W, gain=5 / 3)"
LECUN = 'kaiming_normal_(W, nonlinearity="linear")'
ROOT = "(2 / 64) ** 0.5"


@dataclass(frozen=True)
class Case:
    """A mistake and its cure, with W for the tensor; `method` is the mistake as a method of it."""

    code: str
    wrong: str
    right: str
    model: Model = field(default=LINEAR)
    method: str = ""
    layers_only: bool = False  # it is none on a raw matrix

    def __str__(self) -> str:
        return f"{self.code} {self.wrong}"


CASES = [
    Case("INI101", "zeros_(W)", HE, LINEAR, "zero_()"),
    Case("INI101", "constant_(W, 0)", GLOROT_UNIFORM, TANH, "fill_(0)"),
    Case("INI102", "ones_(W)", HE, LINEAR, "fill_(0.1)"),
    Case("INI102", "constant_(W, 0.1)", HE_LEAKY, CONV),
    Case("INI201", "xavier_uniform_(W)", HE_UNIFORM),
    Case("INI201", "xavier_normal_(W)", HE_LEAKY, LEAKY),
    Case("INI201", 'kaiming_normal_(W, mode="fan_out", nonlinearity="linear")',
         'kaiming_normal_(W, mode="fan_out", nonlinearity="relu")', layers_only=True),
    Case("INI202", HE_UNIFORM, GLOROT_UNIFORM, TANH),
    Case("INI202", "kaiming_normal_(W)", GLOROT, TANH),
    Case("INI203", "xavier_uniform_(W)", LECUN, SELU, "normal_(0, 0.5)"),
    Case("INI204", 'xavier_uniform_(W, gain=nn.init.calculate_gain("tanh"))', HE_UNIFORM),
    Case("INI204", 'kaiming_uniform_(W, nonlinearity="tanh")', HE_UNIFORM),
    Case("INI204", "xavier_normal_(W, gain=2**0.5)", GLOROT, TANH),
    Case("INI205", 'kaiming_normal_(W, a=0.2, nonlinearity="relu")', HE),
    Case("INI206", 'kaiming_uniform_(W, 0.7, "fan_out", "leaky_relu")',
         'kaiming_uniform_(W, 0.2, "fan_out", "leaky_relu")', LEAKY),
    Case("INI209", HE, "xavier_normal_(W)", Model(function="{x}", module="nn.Identity()")),
    Case("INI301", "normal_(W, std=2 / 64**0.5)", f"normal_(W, std={ROOT})"),
    Case("INI302", "normal_(W)", HE, LINEAR, "normal_()"),
    Case("INI302", "normal_(W, 0, 1)", GLOROT, TANH, "normal_(0, 1)"),
    Case("INI303", "uniform_(W)", HE_UNIFORM, LINEAR, "uniform_()"),
    Case("INI303", "uniform_(W, 0, 0.1)", GLOROT_UNIFORM, TANH, "uniform_(0, 0.1)"),
    Case("INI305", "normal_(W, 0, 0.001)", HE, LINEAR, "normal_(0, 0.001)"),
    Case("INI305", "uniform_(W, -0.001, 0.001)", GLOROT_UNIFORM, TANH),
    Case("INI306", "trunc_normal_(W, std=0.2, a=-2, b=2)", "trunc_normal_(W, std=0.2, a=-2 * 0.2, b=2 * 0.2)"),
    Case("INI402", HE, 'kaiming_normal_(W, nonlinearity="relu", mode="fan_out")', UPSAMPLING, layers_only=True),
    Case("INI403", 'kaiming_normal_(W, mode="fan_out", nonlinearity="relu")',
         'kaiming_normal_(W, mode="fan_in", nonlinearity="relu")', DEPTHWISE, layers_only=True),
    Case("INI602", 'kaiming_normal_(W, nonlinearity="gelu")', HE),
    Case("INI603", "normal_(W, stddev=0.2)", "normal_(W, std=0.2)"),
    Case("INI604", "kaiming_normal(W)", "kaiming_normal_(W)"),
]  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Engine:
    """All rules, at every severity."""
    return every_rule()


def spelled(text: str, call: str) -> str:
    """The text with a call for each `{tensor}`; W is the tensor."""
    return re.sub(r"\{([^{}\n]+)\}", lambda match: call.replace("W", match[1]), text)


def fixed(engine: Engine, code: str, text: str) -> str:
    """What the fixes of this one rule make of a text, in the end."""
    only = replace(engine, codes=frozenset({code}))
    repaired = repair(only, lint(only, text), unsafe=True)

    assert ast.parse(text)
    assert [] == [one.message for one in repaired.outcome.findings]
    return repaired.changes["net.py"][1].text


def classes(text: str) -> dict[str, str]:
    """The code of each class, with the functions before it."""
    found, place = {}, 0
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            lines = text.splitlines()[place : node.end_lineno]
            found[node.name], place = "\n".join(lines), node.end_lineno or 0
    return found


def check(before: str, after: str, prefix: str, right: str, spellings: Iterable[Spelling]) -> None:
    """Each call is the right one, and the rest of the text is as before."""
    parts, total = classes(after), 0
    for one in spellings:
        for tensor in one.tensors:
            assert prefix + right.replace("W", tensor) in parts[one.name], f"{one.name}: {parts[one.name]}"
            total += 1
    changed = [line for line in after.splitlines() if line not in before.splitlines()]

    assert total >= len(changed)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_functions_in_every_place(engine: Engine, case: Case) -> None:
    """Straight, in loops, in functions given to `apply`, in helpers, through other names, in a Sequential, raw."""
    spellings = [*functions(case.model), *([] if case.layers_only else raw(case.model))]
    before = spelled(program(MODULES["nn.init."], spellings), f"nn.init.{case.wrong}")

    check(before, fixed(engine, case.code, before), "nn.init.", case.right, spellings)


@pytest.mark.parametrize("case", [case for case in CASES if case.method], ids=str)
def test_methods_of_tensors(engine: Engine, case: Case) -> None:
    """Of `.data`, under `no_grad`, in loops and functions, of a new tensor inside `Parameter`."""
    spellings = list(methods(case.model))
    before = spelled(program(MODULES["nn.init."], spellings), f"W.{case.method}")

    check(before, fixed(engine, case.code, before), "nn.init.", case.right, spellings)


@pytest.mark.parametrize("prefix", [*MODULES, ""], ids=lambda prefix: prefix or "by name")
@pytest.mark.parametrize("case", [case for case in CASES if "nn." not in case.wrong], ids=str)
def test_the_style_of_import_stays(engine: Engine, case: Case, prefix: str) -> None:
    """`nn.init.f`, `init.f`, `I.f`, `torch.nn.init.f`, and `f` imported by name."""
    spelling, name = direct(case.model), case.wrong.partition("(")[0]
    imports = MODULES[prefix] if prefix else f"from torch import nn\nfrom torch.nn.init import {name}"
    before = spelled(program(imports, [spelling]), prefix + case.wrong)
    after = fixed(engine, case.code, before)

    assert all(prefix + case.right.replace("W", tensor) in after for tensor in spelling.tensors), after
    assert (".init." in after) == (".init." in before.replace(f"init import {name}", ""))
