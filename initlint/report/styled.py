"""Lines made of pieces with a style; rich colours them on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

Line = list[tuple[str, str]]  # pieces of text, each with a rich style; "" is plain


def to_text(lines: Iterable[Line], *, color: bool) -> str:
    """The lines as text, each with its end."""
    if not color:
        return "".join("".join(piece for piece, _ in line).rstrip() + "\n" for line in lines)
    from rich.color import ColorSystem  # only a terminal pays for it
    from rich.style import Style

    def painted(text: str, style: str) -> str:
        return Style.parse(style).render(text, color_system=ColorSystem.STANDARD) if style else text

    return "".join("".join(painted(*piece) for piece in line) + "\n" for line in lines)
