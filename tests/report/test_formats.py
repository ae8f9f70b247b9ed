"""Every format: against its golden file, and with hostile names and texts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from initlint.config_keys import FORMATS
from initlint.report.formats import reporter
from tests.report.sample import EVIL_FINDINGS, FINDINGS, report

GOLDEN = Path(__file__).parent.parent.parent / "fixtures" / "reports"
JSON_FORMATS = ("json", "sarif", "gitlab")
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff]")


@pytest.mark.parametrize("name", FORMATS)
def test_a_report_reads_as_its_golden_file(name: str) -> None:
    """Byte for byte, the tool's version and the rules' pages apart."""
    text = re.sub(r'"version": "\d+\.\d+\.\d+",', '"version": "X",', reporter(name).render(report()))
    text = re.sub(r'( +"(?:text|markdown)": ").*## What it does.*"', r'\1..."', text)

    assert (GOLDEN / f"{name}.txt").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_text_comes_out_harmless(name: str) -> None:
    """No control character, no half of a pair, no line that a build log obeys."""
    text = reporter(name).render(report(EVIL_FINDINGS))

    assert [] == OBEYED.findall(text)
    assert text.encode("utf-8")
    commands = [line for line in text.split("\n") if line.lstrip().startswith("::")]
    assert (2 if name == "github" else 0) == len(commands)


@pytest.mark.parametrize("name", JSON_FORMATS)
def test_json_formats_are_json_in_ascii(name: str) -> None:
    """Whatever the names and texts hold; tags are text."""
    text = reporter(name).render(report(EVIL_FINDINGS))

    assert json.loads(text)
    assert text.isascii()


def test_xml_is_well_formed_and_keeps_tags_as_text() -> None:
    """A `<script>` in a message is no element."""
    root = ElementTree.fromstring(reporter("junit").render(report(EVIL_FINDINGS)))

    assert {"testsuites", "testsuite", "testcase", "failure"} == {element.tag for element in root.iter()}
    assert "<script>" in str(root[1][0].get("classname")) + str(root[0][0].get("classname"))


def test_workflow_commands_cannot_be_ended_early() -> None:
    """Colons and commas in a file name, percent signs and line ends in a message."""
    first, second = reporter("github").render(report(EVIL_FINDINGS)).splitlines()

    assert [2, 2] == [line.count("::", 0, line.index("::", 2) + 2) for line in (first, second)]
    assert "%250A" in first
    assert "file=%3A%3Aerror%3A%3Aname.py" in second


@pytest.mark.parametrize("name", ["text", "concise"])
def test_colours_change_nothing_but_colours(name: str) -> None:
    """Without the escape sequences it is the same text."""
    plain, colored = (reporter(name).render(report(), color=color) for color in (False, True))

    assert "\x1b[" in colored
    assert [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", colored).split("\n")] == plain.split("\n")


def test_a_clean_run_says_so() -> None:
    """For people; a build server gets an empty but valid report."""
    empty = {name: reporter(name).render(report(())) for name in FORMATS}

    assert "All checks passed!\n" == empty["text"] == empty["concise"]
    assert "" == empty["github"]
    assert [] == json.loads(empty["gitlab"])
    assert [] == json.loads(empty["sarif"])["runs"][0]["results"]
    assert "1" == ElementTree.fromstring(empty["junit"]).get("tests")


def test_quiet_leaves_findings_only() -> None:
    """No count, no offers, no praise."""
    assert "" == reporter("text").render(report((), quiet=True))
    assert len(FINDINGS) == len(reporter("concise").render(report(quiet=True)).splitlines())


def test_statistics_count_each_rule() -> None:
    """The most frequent first."""
    text = reporter("text").render(report(statistics=True))

    assert ["2  INI304  [*]  std-as-mean", "1  INI002       syntax-error"] == text.splitlines()[:2]


def test_what_was_fixed_is_told() -> None:
    """With findings left, and without."""
    assert "(3 fixed, 4 remaining)" in reporter("text").render(report(fixed=3))
    assert "All checks passed! (1 finding fixed)\n" == reporter("text").render(report((), fixed=1))
