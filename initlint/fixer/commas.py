"""Items between brackets: dropped and added so that line breaks, trailing commas and comments stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import libcst as cst

from initlint.fixer.fragment import code_of


@dataclass(slots=True)
class Items:
    """The texts of the items, what stands between them (commas, white space, comments), before and behind them."""

    opening: str
    texts: list[str]
    gaps: list[str] = field(default_factory=list)
    closing: str = ""

    @property
    def code(self) -> str:
        """All of it, as it stands between the brackets."""
        pairs = zip(self.texts, [*self.gaps, self.closing], strict=False)
        return self.opening + ("".join(text + gap for text, gap in pairs) if self.texts else self.closing)

    def drop(self, index: int) -> None:
        """Take an item out, with the comment behind it on its line."""
        del self.texts[index]
        if not self.gaps:
            self.closing = self.closing.lstrip(",")
            return
        if index < len(self.gaps):
            before = self.opening if index == 0 else self.gaps[index - 1]
            after = self.gaps.pop(index)
            if "#" in after.partition("\n")[2]:  # comments on lines of their own speak of the next item
                self._set_before(index, after.partition("\n")[2], before)
            return
        before = self.gaps.pop()
        if "#" in before:
            self.closing = before.rstrip(" \t") + (self.closing.lstrip(", \t") or _indent(self.opening))

    def append(self, text: str) -> None:
        """Put an item at the end, on a line of its own where the others have theirs."""
        if not self.texts:
            self.texts.append(text)
            return
        self.texts.append(text)
        if "\n" not in self.closing:
            alike = [gap for gap in self.gaps if "\n" in gap]
            if not alike or len(alike) < len(self.gaps):
                self.gaps.append(", ")
            else:  # outside of brackets the break is a backslash's
                self.gaps.append(f",\n{_indent(alike[-1])}" if "#" in alike[-1] else alike[-1])
            return
        head, _, tail = self.closing.partition("\n")
        comma = "," if head.lstrip().startswith(",") else ""
        broken = next((gap for gap in [*self.gaps[::-1], self.opening] if "\n" in gap), None)
        blank = f"\n{_indent(broken)}" if broken is not None else " "
        if "#" in head and broken is None:
            blank = f"\n{_indent(self.closing)}"
        self.gaps.append((head if comma else f",{head}") + blank)
        self.closing = f"{comma}\n{tail}"

    def _set_before(self, index: int, comment_lines: str, before: str) -> None:
        text = (before.rstrip(" \t") if "\n" in before else before.rstrip() + "\n") + comment_lines
        if index == 0:
            self.opening = text
        else:
            self.gaps[index - 1] = text


def arguments_of(call: cst.Call) -> Items:
    """The arguments of a call."""
    texts, gaps = [], []
    for argument in call.args:
        bare = argument.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=cst.SimpleWhitespace(""))
        texts.append(code_of(bare))
        gaps.append(code_of(argument.whitespace_after_arg) + _comma(argument.comma))
    return Items(code_of(call.whitespace_before_args), texts, gaps[:-1], gaps[-1] if gaps else "")


def names_of(statement: cst.ImportFrom, names: Sequence[cst.ImportAlias]) -> Items:
    """The names of an import."""
    texts = [code_of(name.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for name in names]
    gaps = [_comma(name.comma) for name in names]
    opening = code_of(statement.lpar.whitespace_after) if statement.lpar else ""
    closing = gaps[-1] + (code_of(statement.rpar.whitespace_before) if statement.rpar else "")
    return Items(opening, texts, gaps[:-1], closing)


def _comma(comma: cst.Comma | cst.MaybeSentinel) -> str:
    return code_of(comma) if isinstance(comma, cst.Comma) else ""


def _indent(gap: str) -> str:
    """The white space that the line after the last break in `gap` begins with."""
    return gap.rpartition("\n")[2] if "\n" in gap else ""
