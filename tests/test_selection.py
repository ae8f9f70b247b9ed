"""Which rules are on."""

from __future__ import annotations

import pytest

from initlint import packs
from initlint.config import Settings
from initlint.errors import ConfigError
from initlint.selection import enabled, selectors

pytestmark = pytest.mark.usefixtures("line_rules")

ALWAYS = {"INI002", "INI003"}
WORDS = {"INI901", "INI902", "INI903", "INI904"}


def on(**settings: tuple[str, ...]) -> set[str]:
    return set(enabled(Settings(**settings), packs.load())) - ALWAYS  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        ({}, {"INI001", *WORDS}),
        ({"select": ("INI9",)}, WORDS),
        ({"select": ("ini901", "hint-word")}, {"INI901", "INI903"}),
        ({"select": ()}, set()),
        ({"ignore": ("INI9",)}, {"INI001"}),
        ({"ignore": ("ALL",)}, set()),
        ({"ignore": ("INI9",), "extend_select": ("INI902",)}, {"INI001", "INI902"}),
        ({"select": ("INI901",), "ignore": ("INI9",)}, {"INI901"}),
        ({"select": ("INI9",), "ignore": ("INI90",)}, set()),
        ({"select": ("INI901",), "extend_ignore": ("bad-word",)}, set()),
        ({"select": ("INI901",), "extend_select": ("INI902",)}, {"INI901", "INI902"}),
    ],
)
def test_the_most_specific_decides(settings: dict[str, tuple[str, ...]], codes: set[str]) -> None:
    """A longer prefix over a shorter; at a tie, ignoring wins."""
    assert codes == on(**settings)


def test_unreadable_files_and_crashes_are_always_told() -> None:
    """Unless they are ignored by their own code."""
    rules = packs.load()

    assert enabled(Settings(select=("INI901",)), rules) >= ALWAYS
    assert enabled(Settings(ignore=("INI0",)), rules) >= ALWAYS
    assert "INI002" not in enabled(Settings(ignore=("INI002",)), rules)


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ("INI9O1", "did you mean 'INI901'?"),
        ("bad-wrd", "did you mean 'bad-word'?"),
        ("", "`initlint rule` lists them all"),
        ("QQQ", "`initlint rule` lists them all"),
    ],
)
def test_an_unknown_code_is_an_error_with_a_suggestion(selector: str, hint: str) -> None:
    """It says where it was written."""
    settings = Settings().overridden("initlint.toml", ignore=(selector,))
    with pytest.raises(ConfigError) as raised:
        enabled(settings, packs.load())

    assert f"initlint.toml: ignore: unknown rule '{selector}'; {hint}" == str(raised.value)


def test_unknown_codes_for_single_files_are_errors() -> None:
    """The glob is named."""
    with pytest.raises(ConfigError, match=r"per-file-ignores 'a\.py': unknown rule 'XYZ'"):
        enabled(Settings(per_file_ignores=(("a.py", ("XYZ",)),)), packs.load())


def test_codes_are_written_as_people_write_them() -> None:
    """With commas, with spaces, several times."""
    assert ("INI2", "INI304", "ALL") == selectors(["INI2,INI304 ", "ALL"])
