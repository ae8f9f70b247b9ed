"""Text from files and file names, made harmless: what a terminal, a log or a reader would obey becomes visible."""

from __future__ import annotations

import re

# Controls (escape sequences, newlines), marks that reorder or hide text, and halves of surrogate pairs.
_OBEYED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)
_COMMANDS = ("::", "##[", "##vso")  # of GitHub's and of Azure's runners
_SURROGATES = re.compile("[\ud800-\udfff]")


def visible(text: str) -> str:
    """The text on one line, with every obeyed character spelled out: `\\x1b`, `\\n`, `\\u202e`."""
    return _OBEYED.sub(lambda match: match[0].encode("unicode-escape", "surrogatepass").decode("ascii"), text)


def visible_lines(text: str) -> list[str]:
    """The text's lines, each visible, none a command of a build log, as `::error::` would be."""
    lines = map(visible, text.split("\n"))
    return [f"> {line}" if line.lstrip().startswith(_COMMANDS) else line for line in lines]


def visible_path(path: str) -> str:
    """A file name, which may stand at the start of a line without being a command of a build log."""
    text = visible(path)
    return f"./{text}" if text.lstrip().startswith(_COMMANDS) else text


def whole_characters(text: str) -> str:
    """The text without halves of surrogate pairs, which JSON readers and encoders refuse."""
    return _SURROGATES.sub("\ufffd", text)
