"""The contract that every rule fulfils."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from initlint.finding import Confidence, Finding, Fix, Severity

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, Site


class Rule(ABC):
    """One kind of mistake. The class docstring is its page: `initlint rule CODE` prints it.

    A rule reads the description of a file and yields findings. It keeps no state and does no I/O.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity]
    confidence: ClassVar[Confidence] = Confidence.HIGH
    options: ClassVar[Mapping[str, Any]] = {}  # name -> default; [tool.initlint.rules.CODE] sets self.options

    @abstractmethod
    def check(self, file: FileModel) -> Iterator[Finding]:
        """Yield a finding for each place in the file where the mistake is certain."""

    def finding(
        self,
        site: Site,
        message: str,
        *,
        help: str = "",  # noqa: A002 - the JSON field's name
        layer: str | None = None,
        concerns: Iterable[str] = (),
        severity: Severity | None = None,
        fix: Fix | None = None,
    ) -> Finding:
        """A finding of this rule at `site`. `layer` is the one that the message names, `concerns` all it is true of."""
        return Finding(
            code=self.code,
            name=self.name,
            severity=severity or self.severity,
            confidence=self.confidence,
            path=site.path,
            cell=site.cell,
            span=site.span,
            message=message,
            help=help,
            layer=layer,
            fix=fix,
            concerns=tuple(concerns),
        )
