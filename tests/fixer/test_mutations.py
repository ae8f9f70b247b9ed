"""Mistakes put into code that was right: the fix gives the code back."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initlint.engine import Engine
from initlint.source.text import SourceText
from tests.fixer.edited import comments
from tests.fixer.fixed_texts import GOOD, every_rule, kept, lint, once, survive
from tests.fixer.installed import torch_files


@dataclass(frozen=True)
class Mutation:
    """What turns right code into a mistake. `back`: what the fix writes, if not what was there."""

    code: str
    right: str
    wrong: str
    back: str = r"\g<0>"


MUTATIONS = {
    "alias": Mutation(
        "INI604",
        r"\binit\.(xavier_uniform|xavier_normal|kaiming_uniform|kaiming_normal|normal|uniform|constant|orthogonal)_\(",
        r"init.\1(",
    ),
    "no underscore": Mutation("INI603", r"\binit\.(zeros|ones)_\(", r"init.\1("),
    "truth of a bias": Mutation("INI608", r"if ([\w.]+\.bias) is not None:", r"if \1:"),
    "ignored slope": Mutation(
        "INI205", r"(kaiming_\w+_\([\w.]+, )nonlinearity=\"relu\"\)", r'\1a=0.2, nonlinearity="relu")'
    ),
    "std as mean": Mutation(
        "INI304",
        r"(init\.normal_\([\w.]+, )(?:mean=)?0(?:\.0)?, (?:std=)?(0?\.0\d+)\)",
        r"\1\2)",
        r"\1std=\2)",
    ),
    "fan of a bias": Mutation("INI601", r"\b(nn\.init|init)\.zeros_\((\w+\.bias)\)", r"\1.xavier_uniform_(\2)"),
    "wrong activation": Mutation(
        "INI201", r"kaiming_(normal|uniform)_\((self\.\w+\.weight), nonlinearity=\"relu\"\)", r"xavier_\1_(\2)"
    ),
}


# Transposed convolutions want the other mode: there a fix says more than what was there before.
PLAIN = [path for path in GOOD if not path.parent.name.startswith("ini402")]
FILES = [path for path in [*PLAIN, *torch_files()] if "init" in path.read_text(encoding="utf-8")]


def sites(mutation: Mutation) -> list[tuple[Path, int]]:
    """Every place of every file that can be mutated: the file, and which match it is."""
    return [
        (path, number)
        for path in FILES
        for number, _ in enumerate(re.finditer(mutation.right, path.read_text(encoding="utf-8")))
    ]


SITES = {name: sites(mutation) for name, mutation in MUTATIONS.items()}


def mutated(mutation: Mutation, path: Path, number: int) -> tuple[str, str]:
    """The text with the mistake, and the text that the fix should give."""
    text = path.read_text(encoding="utf-8")
    match = list(re.finditer(mutation.right, text))[number]
    return tuple(  # type: ignore[return-value]
        text[: match.start()] + match.expand(new) + text[match.end() :] for new in (mutation.wrong, mutation.back)
    )


@pytest.fixture(scope="module")
def engine() -> Engine:
    """All rules, at every severity."""
    return every_rule()


def spread(name: str, most: int = 9) -> Iterator[tuple[Path, int]]:
    """Some of the sites, from one end to the other."""
    found = SITES[name]
    yield from found[:: max(1, len(found) // most)]


@pytest.mark.parametrize("name", MUTATIONS)
def test_the_fix_gives_the_right_code_back(engine: Engine, name: str) -> None:
    """Wherever the rule sees the mistake, which is nearly everywhere; byte for byte, and it is silent afterwards."""
    mutation = MUTATIONS[name]
    outcomes: Counter[str] = Counter()
    for path, number in spread(name):
        wrong, right = mutated(mutation, path, number)
        fixes = [one for one in lint(engine, wrong).findings if one.code == mutation.code and one.fix]
        after, _ = once(SourceText("net.py", wrong), fixes)
        outcomes["unseen" if not fixes else "right" if after.text == right else f"wrong: {path.name} {number}"] += 1
        left = (
            [one for one in lint(engine, after.text).findings if one.code == mutation.code and one.fix] if fixes else []
        )
        assert [] == left

    assert {"right", "unseen"} >= set(outcomes)
    assert outcomes["right"] > outcomes["unseen"]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_many_mistakes_in_one_file(engine: Engine, data: st.DataObject) -> None:
    """All in one round or several: the text parses, comments survive, nothing else moves."""
    path = data.draw(st.sampled_from(FILES))
    text = path.read_text(encoding="utf-8")
    for name in data.draw(st.lists(st.sampled_from(sorted(MUTATIONS)), min_size=1, max_size=4, unique=True)):
        text = re.sub(MUTATIONS[name].right, MUTATIONS[name].wrong, text)
    source = SourceText("net.py", text)
    after, made = once(source, lint(engine, text).findings)

    assert ast.parse(after.text)
    assert Counter() == comments(text) - comments(after.text)
    assert survive(kept(source, made), after.text)
