"""A canvas of anti-aliased lines that becomes a PNG file, with nothing but the standard library."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor, hypot

from initlint.report.strokes import strokes, width

Colour = tuple[int, int, int]
Point = tuple[float, float]


def hex_colour(text: str) -> Colour:
    """`#2456c9` -> (36, 86, 201)."""
    return (int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16))


class Canvas:
    """Pixels, white at first."""

    def __init__(self, columns: int, rows: int) -> None:
        """A white canvas."""
        self.columns, self.rows = columns, rows
        self._pixels = [bytearray(b"\xff" * (3 * columns)) for _ in range(rows)]

    def line(self, points: Sequence[Point], colour: Colour, thick: float = 1.5) -> None:
        """A line through points, with round joints."""
        for start, end in pairwise(points):
            self._segment(start, end, colour, thick / 2)

    def text(
        self, content: str, x: float, y: float, colour: Colour, *, size: float = 1.6, anchor: str = "start"
    ) -> None:
        """A line of text whose base line is at `y`; `size` is the pixels of a grid unit."""
        x -= width(content) * size * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
        for stroke in strokes(content):
            self.line([(x + column * size, y + (row - 6) * size) for column, row in stroke], colour, 1.5)

    def encode(self) -> bytes:
        """The PNG file."""
        header = struct.pack(">IIBBBBB", self.columns, self.rows, 8, 2, 0, 0, 0)
        data = zlib.compress(b"".join(b"\x00" + bytes(row) for row in self._pixels), 9)
        return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")

    def _segment(self, start: Point, end: Point, colour: Colour, radius: float) -> None:
        (ax, ay), (bx, by) = start, end
        reach = radius + 1
        length = (bx - ax) ** 2 + (by - ay) ** 2
        for row in range(max(0, floor(min(ay, by) - reach)), min(self.rows, ceil(max(ay, by) + reach) + 1)):
            for column in range(max(0, floor(min(ax, bx) - reach)), min(self.columns, ceil(max(ax, bx) + reach) + 1)):
                share = ((column - ax) * (bx - ax) + (row - ay) * (by - ay)) / length if length else 0.0
                share = min(1.0, max(0.0, share))
                distance = hypot(column - ax - share * (bx - ax), row - ay - share * (by - ay))
                cover = min(1.0, radius + 0.5 - distance)
                if cover > 0:
                    self._blend(row, column, colour, cover)

    def _blend(self, row: int, column: int, colour: Colour, cover: float) -> None:
        pixels, first = self._pixels[row], 3 * column
        for channel in range(3):
            pixels[first + channel] += round((colour[channel] - pixels[first + channel]) * cover)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
