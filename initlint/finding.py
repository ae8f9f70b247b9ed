"""What the tool says: findings, their fixes, and the words for how grave and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Severity(str, Enum):
    """`error` fails at run time or cannot learn, `warning` trains worse than it should, `info` is advice."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return _RANKS[self]


_RANKS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


class Confidence(str, Enum):
    """How sure the rule is of the facts it speaks on."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Evidence(str, Enum):
    """What stands behind a finding: the source text, the instantiated model, or both."""

    SOURCE = "source"
    RUNTIME = "runtime"
    BOTH = "both"


class Applicability(str, Enum):
    """`safe` keeps what the author evidently wanted; `unsafe` changes training or needs a person's eye."""

    SAFE = "safe"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of text. Lines and columns count from 1, columns in characters; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text in `span` by `replacement`; an empty span inserts. In a notebook, `span` counts in `cell`."""

    span: Span
    replacement: str
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """One repair: all its edits are made, or none.

    `message` is imperative and says so when the fix is value-preserving. An import that the new text needs is
    one of the edits.
    """

    applicability: Applicability
    message: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake at one place. `path` is as the user would type it; `cell` counts a notebook's cells from 1."""

    code: str
    name: str
    severity: Severity
    path: str
    span: Span
    message: str
    help: str = ""
    layer: str | None = None
    confidence: Confidence = Confidence.HIGH
    evidence: Evidence = Evidence.SOURCE
    cell: int | None = None
    fix: Fix | None = None
    concerns: tuple[str, ...] = field(default=(), compare=False)  # all parameters it is true of, for `describe`

    @property
    def url(self) -> str:
        """The address of the rule's page."""
        return f"{DOCS_URL}#{self.code.lower()}"

    @property
    def sort_key(self) -> tuple[str, int, Span, str]:
        """Findings are told in reading order."""
        return (self.path, self.cell or 0, self.span, self.code)


DOCS_URL = "https://initlint.readthedocs.io/rules"
