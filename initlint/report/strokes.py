"""Letters as strokes: enough of an alphabet to label a plot. Drawn for this project, on a grid of 4 by 8.

A glyph is polylines of two-digit points (x, then y from the top); the base line is y = 6.
"""

from __future__ import annotations

from collections.abc import Iterator

Stroke = list[tuple[float, float]]

_GLYPHS = {
    "a": "12 32 43 46/44 34 14 05 16 36 45",
    "b": "00 06/03 12 32 43 45 36 16 05",
    "c": "43 32 12 03 05 16 36 45",
    "d": "40 46/43 32 12 03 05 16 36 45",
    "e": "04 44 43 32 12 03 05 16 36 45",
    "f": "40 30 21 26/02 42",
    "g": "43 32 12 03 05 16 36 45/42 47 38 18 07",
    "h": "00 06/03 12 32 43 46",
    "i": "22 26/20 20",
    "j": "32 37 28 18/30 30",
    "k": "00 06/42 04/24 46",
    "l": "20 25 36",
    "m": "02 06/03 12 23 26/23 32 43 46",
    "n": "02 06/03 12 32 43 46",
    "o": "12 32 43 45 36 16 05 03 12",
    "p": "02 08/03 12 32 43 45 36 16 05",
    "q": "42 48/43 32 12 03 05 16 36 45",
    "r": "12 16/14 22 32 43",
    "s": "43 32 12 03 14 34 45 36 16 05",
    "t": "20 25 36 46/02 42",
    "u": "02 05 16 36 45/42 46",
    "v": "02 26 42",
    "w": "02 16 23 36 42",
    "x": "02 46/42 06",
    "y": "02 26/42 18 08",
    "z": "02 42 06 46",
    "0": "10 30 41 45 36 16 05 01 10",
    "1": "11 20 26/16 36",
    "2": "01 10 30 41 42 06 46",
    "3": "01 10 30 41 42 33 13/33 44 45 36 16 05",
    "4": "30 04 44/32 36",
    "5": "40 00 03 12 32 43 45 36 16 05",
    "6": "41 30 10 01 05 16 36 45 43 33 13 04",
    "7": "00 40 16",
    "8": "13 02 01 10 30 41 42 33 13 04 05 16 36 45 44 33",
    "9": "42 33 13 02 01 10 30 41 45 36 16 05",
    ".": "26 26",
    ",": "26 17",
    ":": "23 23/26 26",
    "-": "04 44",
    "+": "04 44/22 26",
    "_": "07 47",
    "/": "40 06",
    "(": "30 21 25 36",
    ")": "10 21 25 16",
    "%": "40 06/00 10 11 01 00/35 45 46 36 35",
    "=": "03 43/05 45",
}
#: From one letter to the next, in grid units.
ADVANCE = 6.0


def strokes(text: str) -> Iterator[Stroke]:
    """The polylines of a line of text in grid units; a letter that is not known is left blank."""
    for index, letter in enumerate(text.lower()):
        for polyline in _GLYPHS.get(letter, "").split("/"):
            if polyline:
                yield [(index * ADVANCE + int(point[0]), float(point[1])) for point in polyline.split()]


def width(text: str) -> float:
    """The width of a line of text in grid units."""
    return max(0.0, len(text) * ADVANCE - 2)
