"""The description of a file: the data that rules, `describe`, the fixer and the editor read.

Nothing here computes; `build` fills it. `None` always means unknown, and a rule says nothing about the unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from initlint.finding import Span

if TYPE_CHECKING:
    import ast

    from initlint.describe.symbols import Dim
    from initlint.source.text import SourceText


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the user's text, and the syntax node that stands there."""

    path: str
    span: Span
    node: ast.AST = field(compare=False, repr=False)
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """One condition under which something happens: `test` is its source text.

    `default` tells whether the class's default configuration takes this side; `None` where nothing decides.
    """

    test: str
    taken: bool
    default: bool | None
    site: Site = field(compare=False)


@dataclass(frozen=True, slots=True)
class InitEvent:
    """One write to a parameter.

    Scheme names: zeros, ones, constant, uniform, normal, trunc_normal, xavier_uniform, xavier_normal,
    kaiming_uniform, kaiming_normal, lecun_uniform, lecun_normal, variance_scaling, orthogonal, eye, dirac, sparse,
    empty (raw memory), copy, unknown.

    `std` is the standard deviation of what is drawn, `mean` its mean, `low` and `high` its bounds; each a number or
    a symbol, `None` where unknown. `arguments` are the call's own, bound to their parameter names.
    """

    scheme: str
    site: Site
    call: InitCall | None = None
    mean: Dim | None = None
    std: Dim | None = None
    low: Dim | None = None
    high: Dim | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    default: bool = False  # the constructor's own
    spelling: str = "call"  # call, method, assign, constructor, load
    region: str | None = None  # None: the whole tensor; else the source text of the part written
    guards: tuple[Guard, ...] = ()
    scope: str = ""  # the function it was written in
    broad: bool = False  # written by a loop or an apply over many modules, not by name
    scaled: bool = False  # multiplies or adds to what was there
    function: str | None = None  # dotted name of what was called

    @property
    def certain(self) -> bool:
        """Whether it happens in the default configuration."""
        return all(guard.default for guard in self.guards)
