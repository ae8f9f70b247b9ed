"""One decoded file, its syntax tree, and the way from tree positions to places a person can find."""

from __future__ import annotations

import ast
import re
import sys
import warnings
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import accumulate, takewhile
from typing import TypeAlias, TypeVar

from initlint.finding import Span
from initlint.source import syntax
from initlint.source.scopes import Scope, scopes

Node = TypeVar("Node", bound=ast.AST)
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# Of a text over several lines the rest of a line behind a # may go with it.
_COMMENT = re.compile(r"""^((?:[^"'#\n]|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')*)#.*$""", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A code cell of a notebook: its number among all cells, counted from 1, and where its text starts."""

    number: int
    first_line: int  # in the joined text, counted from 1


class _Compact:
    """A text that is held as UTF-8 where Python would take two or four bytes for each of its characters.

    One emoji does that, and a project's texts are all held. Those that were asked for last are kept as they were read.
    """

    def __get__(self, holder: SourceText | None, owner: type | None = None) -> str:
        if holder is None:
            raise AttributeError  # for the dataclass: there is no default
        held = vars(holder)["text"]
        return held if held.__class__ is str else _unpacked(held)

    def __set__(self, holder: SourceText, text: str) -> None:
        narrow = sys.getsizeof(text) < 2 * len(text) + sys.getsizeof("")
        vars(holder)["text"] = text if narrow else text.encode(errors="surrogatepass")


class _Packed(bytes):
    """A text as UTF-8, compressed."""


@lru_cache(maxsize=64)
def _unpacked(held: bytes) -> str:
    return (zlib.decompress(held) if isinstance(held, _Packed) else held).decode(errors="surrogatepass")


@dataclass(frozen=True)
class SourceText:
    """A file's text with `\\n` line ends; `encoding`, `bom` and `newline` say how to write it back.

    A notebook is the text of its code cells, one after the other; `cells` says where each starts.
    """

    path: str
    text: str = _Compact()  # type: ignore[assignment]
    encoding: str = "utf-8"
    bom: bool = False
    newline: str = "\n"
    cells: tuple[Cell, ...] = field(default=())

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree. Raises SyntaxError (ValueError for a NUL byte)."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in the user's string is not ours to tell
            return ast.parse(self.text)

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends, as Python counts lines."""
        return self.text.split("\n")

    @cached_property
    def parents(self) -> syntax.Parents:
        """For each node of the tree, the node that holds it."""
        return syntax.Parents(self.tree)

    @cached_property
    def scopes(self) -> list[Scope]:
        """The module and its functions, outer ones first, each with the plain assignments in its own body."""
        return list(scopes(self.tree))

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that `node` belongs to."""
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        return node

    def around(self, node: ast.AST, *kinds: type[Node]) -> Node | None:
        """The innermost node of these kinds that `node` stands in, or is."""
        return next((one for one in self.above(node) if isinstance(one, kinds)), None)

    def function(self, node: ast.AST) -> Function | None:
        """The innermost function that `node` stands in, or is; None at the top level of a file or class."""
        return next((one for one in self.above(node) if isinstance(one, _FUNCTIONS)), None)

    def inside(self, node: ast.AST) -> Iterator[ast.AST]:
        """`node` and what holds it within the innermost function, or within the module."""
        return takewhile(lambda one: not isinstance(one, _FUNCTIONS), self.above(node))

    def above(self, node: ast.AST | None) -> Iterator[ast.AST]:
        """`node`, what holds it, what holds that, up to the module."""
        while node is not None:
            yield node
            node = self.parents.get(node)

    def span(self, node: ast.AST) -> Span:
        """Where `node` stands in the whole text. `ast` counts columns in UTF-8 bytes; people count characters."""
        line, end_line = node.lineno, node.end_lineno  # type: ignore[attr-defined]
        return Span(
            line,
            self._characters(line, node.col_offset) + 1,  # type: ignore[attr-defined]
            end_line,
            self._characters(end_line, node.end_col_offset) + 1,  # type: ignore[attr-defined]
        )

    @cached_property
    def starts(self) -> list[int]:
        """Where each line starts, and the end of the text."""
        return [0, *accumulate(len(line) + 1 for line in self.lines)]

    def lines_with(self, pattern: re.Pattern[str], *, lower: bool = False) -> list[int]:
        """The lines on which a match begins, ascending: what a word is looked for in need not be walked elsewhere.

        `lower` looks for a pattern of lower case in text of whatever case: far quicker than `re.IGNORECASE`.
        """
        if pattern not in self._matches:
            starts, text = self.starts, self._lower if lower else self.text
            lines = dict.fromkeys(bisect_right(starts, match.start()) for match in pattern.finditer(text))
            self._matches[pattern] = list(lines)
        return self._matches[pattern]

    @cached_property
    def _matches(self) -> dict[re.Pattern[str], list[int]]:
        return {}

    def holds(self, pattern: re.Pattern[str], node: ast.AST) -> bool:
        """Whether a match begins on one of the node's lines."""
        first, last = node.lineno, node.end_lineno  # type: ignore[attr-defined]
        return pattern.search(self.text, self.starts[first - 1], self.starts[last]) is not None

    def speaks_of(self, word: str) -> bool:
        """Whether the word stands in the text, in whatever case."""
        return word.lower() in self._lower

    @cached_property
    def _lower(self) -> str:
        lower = self.text.lower()
        if len(lower) == len(self.text):
            return lower
        return "".join(one.lower() if len(one.lower()) == 1 else one for one in self.text)  # places stay the same

    def segment(self, span: Span) -> str:
        """The text in `span` (of the whole text)."""
        lines = self.lines[span.line - 1 : span.end_line]
        lines[-1] = lines[-1][: span.end_column - 1]
        lines[0] = lines[0][span.column - 1 :]
        return "\n".join(lines)

    def whole_lines(self, node: ast.AST) -> str:
        """The lines that `node` stands on, from the first one's beginning to the last one's end."""
        return "\n".join(self.lines[node.lineno - 1 : node.end_lineno])  # type: ignore[attr-defined]

    def code_lines(self, node: ast.AST) -> str:
        """The same without comments: what is commented out is not done."""
        return _COMMENT.sub(r"\1", self.whole_lines(node))

    def local(self, span: Span) -> tuple[int | None, Span]:
        """The notebook cell that `span` lies in, and the span inside it; for a plain file, None and the span."""
        if not self.cells:
            return None, span
        starts = [cell.first_line for cell in self.cells]
        cell = self.cells[max(0, bisect_right(starts, span.line) - 1)]
        shift = cell.first_line - 1
        return cell.number, Span(span.line - shift, span.column, span.end_line - shift, span.end_column)

    def absolute(self, cell: int | None, span: Span) -> Span:
        """The way back from `local`: the span in the whole text."""
        shift = next((one.first_line - 1 for one in self.cells if one.number == cell), 0)
        return Span(span.line + shift, span.column, span.end_line + shift, span.end_column)

    def pack(self) -> None:
        """Hold the text compressed, to a quarter; it is read as before, if not as quickly."""
        vars(self)["text"] = _Packed(zlib.compress(self.text.encode(errors="surrogatepass"), 1))

    def anew(self) -> SourceText:
        """The same text, without what has been made of it."""
        made = replace(self)
        vars(made)["text"] = vars(self)["text"]
        return made

    def forget(self) -> None:
        """Drop the tree, which is many times larger than the text; it is parsed again when next asked for."""
        for name in ("tree", "parents", "lines", "starts", "scopes", "_lower", "_matches"):
            self.__dict__.pop(name, None)

    def _characters(self, line: int, byte_offset: int) -> int:
        text = self.lines[line - 1]
        if text.isascii():
            return byte_offset
        return len(text.encode()[:byte_offset].decode(errors="replace"))
