"""[tool.initlint.runtime]: every value is checked before anything is started."""

from __future__ import annotations

from typing import Any

import pytest

from initlint.config import Settings
from initlint.errors import ConfigError
from initlint.runtime.order_table import Limits, configured, limits


def table(**values: Any) -> Settings:
    """Settings whose runtime table came from a file."""
    named = {key.replace("_", "-"): value for key, value in values.items()}
    return Settings(runtime=named, origins={"runtime": "pyproject.toml"})


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("seed", "abc", "a whole number from 0"),
        ("seed", True, "a whole number from 0"),
        ("seeds", 0, "a whole number from 1"),
        ("time-limit", -1, "a number of seconds above 0"),
        ("memory-limit", [4], "a size such as '4G'"),
        ("alpha", 3, "a number between 0 and 1"),
        ("deferred", "no", "true or false"),
    ],
)
def test_wrong_limits(key: str, value: object, wanted: str) -> None:
    """The message names file, key, value and what is allowed."""
    with pytest.raises(ConfigError) as caught:
        limits(table(**{key: value}))

    assert f"pyproject.toml: runtime: '{key}' must be {wanted}, not {value!r}" == str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("input-shape", "2,3", "a list of whole numbers from 1"),
        ("input-shape", [2, 0], "a list of whole numbers from 1"),
        ("kwargs", 3, "a table"),
        ("args", "x", "a list"),
        ("input", 3, "text such as 'module:function'"),
    ],
)
def test_wrong_targets(key: str, value: object, wanted: str) -> None:
    """So it is in a target, which is named as well."""
    with pytest.raises(ConfigError) as caught:
        configured(table(targets=[{"target": "a.b:C", key: value}]))

    assert f"pyproject.toml: runtime.targets (a.b:C): '{key}' must be {wanted}, not {value!r}" == str(caught.value)


def test_names_alone() -> None:
    """A target that needs nothing more is a name in the list."""
    found = configured(table(targets=["a.b:C", {"target": "a.b:D", "args": [3]}]))

    assert [("a.b:C", ()), ("a.b:D", (3,))] == [(target.text, target.arguments) for target in found]


def test_good_limits() -> None:
    """All at once; what is not there keeps its default."""
    read = limits(table(seed=3, seeds=5, time_limit=2, memory_limit="4G", alpha=1e-3, deferred=True, targets=[]))

    assert Limits(3, 5, 2, "4G", 1e-3, True) == read
    assert Limits() == limits(table())
