"""Text from files and file names, made harmless: what a terminal, a log or a reader would obey becomes visible."""

from __future__ import annotations

import re

# Controls (escape sequences, newlines), marks that reorder or hide text, and halves of surrogate pairs.
_OBEYED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")


def visible(text: str) -> str:
    """The text on one line, with every obeyed character spelled out: `\\x1b`, `\\n`, `\\u202e`."""
    return _OBEYED.sub(lambda match: match[0].encode("unicode-escape", "surrogatepass").decode("ascii"), text)


def visible_path(path: str) -> str:
    """A file name that starts no line with a command of a build log, as `::error::` would."""
    text = visible(path)
    return f"./{text}" if text.startswith(("::", "##")) else text


def whole_characters(text: str) -> str:
    """The text without halves of surrogate pairs, which JSON readers and encoders refuse."""
    return _SURROGATES.sub("\ufffd", text)
