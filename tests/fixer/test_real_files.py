"""Real models with one mistake put in: the fix gives back just the text that was meant."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from initlint.engine import Engine
from initlint.repair import repair
from tests.fixer.fixed_texts import every_rule, lint
from tests.fixer.installed import transformers_files

FILES = transformers_files(60)
_LAYER = r"(?P<all>(?P<indent> +)self\.(?P<name>\w+) = nn\.Linear\((?:(?!bias)[^()\n]|\([^()\n]*\))*\)\n)"
_STACK = r"\[(?P<kind>\w+)\(config, (?P<number>\w+)\) for (?P=number) in range\((?P<count>[\w.]+)\)\]"


@dataclass(frozen=True)
class Mistake:
    """What becomes of a place, and what the fix is to make of it; `unsafe` where it is no safe one."""

    code: str
    place: str
    wrong: str
    right: str
    unsafe: bool = False


def behind_a_layer(code: str, wrong: str, right: str, *, unsafe: bool = False) -> Mistake:
    """A statement put behind one that makes a layer; W is the layer."""
    texts = (rf"\g<all>{_lines(line)}" for line in (wrong, right))
    return Mistake(code, _LAYER, *texts, unsafe=unsafe)


def _lines(code: str) -> str:
    return "".join(rf"\g<indent>{line}\n" for line in code.replace("W", r"self.\g<name>").split("\n"))


MISTAKES = {
    "alias": behind_a_layer(
        "INI604", "nn.init.xavier_uniform(W.weight)  # once", "nn.init.xavier_uniform_(W.weight)  # once"
    ),
    "std as mean": behind_a_layer("INI304", "nn.init.normal_(W.weight, 0.02)", "nn.init.normal_(W.weight, std=0.02)"),
    "fan of a bias": behind_a_layer("INI601", "nn.init.xavier_normal_(W.bias)", "nn.init.zeros_(W.bias)"),
    "no such name": behind_a_layer("INI603", "nn.init.zeros(W.bias); x = 1", "nn.init.zeros_(W.bias); x = 1"),
    "truth": behind_a_layer(
        "INI608",
        "if W.bias:  # where there is one\n    nn.init.zeros_(W.bias)",
        "if W.bias is not None:  # where there is one\n    nn.init.zeros_(W.bias)",
    ),
    "ignored slope": behind_a_layer(
        "INI205",
        'nn.init.kaiming_normal_(\n    W.weight,\n    a=0.2,  # slope\n    nonlinearity="relu",\n)',
        'nn.init.kaiming_normal_(\n    W.weight,\n    nonlinearity="relu",\n)',
    ),
    "no gain": behind_a_layer(
        "INI602",
        'nn.init.kaiming_normal_(W.weight, nonlinearity="gelu")',
        'nn.init.kaiming_normal_(W.weight, nonlinearity="relu")',
        unsafe=True,
    ),
    "module": behind_a_layer(
        "INI610", "nn.init.normal_(W, std=0.02)", "nn.init.normal_(W.weight, std=0.02)", unsafe=True
    ),
    "in place": behind_a_layer(
        "INI605", "W.weight.normal_(0, 0.02)", "nn.init.normal_(W.weight, 0, 0.02)"
    ),
    "one module many times": Mistake(
        "INI106",
        _STACK,
        r"[\g<kind>(config, 0)] * \g<count>",
        r"[\g<kind>(config, 0) for _ in range(\g<count>)]",
        unsafe=True,
    ),
    "no post_init": Mistake(
        "INI510", r"(?<=\n)\n(?: +# [^\n]*\n)?(?P<call> +self\.post_init\(\)\n)(?=\n)", "", r"\g<call>"
    ),
}  # fmt: skip


def sites(mistake: Mistake) -> Iterator[tuple[Path, int]]:
    """Every place of every file where the mistake can be put in: the file, and which match it is."""
    for path in FILES:
        for number, _ in enumerate(re.finditer(mistake.place, path.read_text(encoding="utf-8"))):
            yield path, number


SITES = {name: list(sites(mistake)) for name, mistake in MISTAKES.items()}


@pytest.fixture(scope="module")
def engine() -> Engine:
    """All rules, at every severity."""
    return every_rule()


def with_mistake(mistake: Mistake, path: Path, number: int) -> tuple[str, str]:
    """The text with the mistake, and the text that the fix is to give."""
    text = path.read_text(encoding="utf-8")
    match = list(re.finditer(mistake.place, text))[number]
    wrong, right = (
        text[: match.start()] + match.expand(one) + text[match.end() :] for one in (mistake.wrong, mistake.right)
    )
    return wrong, right


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_the_fix_gives_the_right_text(engine: Engine, data: st.DataObject) -> None:
    """Byte for byte, whatever stands around it; the rule is silent afterwards, and a second run changes nothing."""
    name = data.draw(st.sampled_from(sorted(MISTAKES)))
    mistake = MISTAKES[name]
    wrong, right = with_mistake(mistake, *data.draw(st.sampled_from(SITES[name])))
    only = replace(engine, codes=frozenset({mistake.code}))
    outcome = lint(only, wrong)
    repaired = repair(only, outcome, unsafe=mistake.unsafe)
    assume(outcome.findings)  # in some places a class's arguments are not known: there the rule keeps silent

    assert [mistake.code] == [one.code for one in outcome.findings], name
    assert right == repaired.changes["net.py"][1].text
    assert ast.parse(right)
    assert [] == list(repaired.outcome.findings)
    assert {} == repair(only, lint(only, right), unsafe=True).changes


@pytest.mark.parametrize("name", MISTAKES)
def test_nearly_every_place_is_seen(engine: Engine, name: str) -> None:
    """In many files, of which here are some."""
    mistake, found = MISTAKES[name], SITES[name]
    only = replace(engine, codes=frozenset({mistake.code}))
    texts = [with_mistake(mistake, *site)[0] for site in found[:: len(found) // 8][:8]]

    assert len({path for path, _ in found}) >= 8
    assert 7 <= sum(bool(lint(only, text).findings) for text in texts)


@pytest.mark.parametrize("path", FILES[::4], ids=lambda path: path.stem)
def test_no_safe_fix_touches_them_as_they_are(engine: Engine, path: Path) -> None:
    """They are right, as far as a safe fix could tell."""
    outcome = lint(engine, path.read_text(encoding="utf-8"))

    assert {} == repair(engine, outcome, unsafe=False).changes
