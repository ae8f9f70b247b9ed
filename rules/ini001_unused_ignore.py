"""INI001 unused-ignore. The engine finds it: only a whole run knows which ignores silenced something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class UnusedIgnore(Rule):
    """A suppression comment silences nothing.

    ## What it does
    Reports `# initlint: ignore[...]` comments, and initlint's own codes in `# noqa: ...`, where no finding is silenced.
    Codes of rules that are switched off are not judged, nor are those of the runtime's rules (INI8xx). A comment
    that wants to be a directive and is none (`# initlint: disable=INI201`) silences nothing: that is told as a warning.

    ## Why is this bad?
    The comment says that something is odd here and was looked at. When the oddity is gone, it misleads, and it would
    hide the next mistake on that line.

    ## Example
    ```python
    nn.init.kaiming_normal_(self.fc.weight, nonlinearity="relu")  # initlint: ignore[INI201]
    ```

    ## Use instead
    ```python
    nn.init.kaiming_normal_(self.fc.weight, nonlinearity="relu")
    ```

    ## Fix safety
    Safe: a comment is deleted, or the codes in it that silence nothing.

    ## References
    - [Suppressing findings](https://initlint.readthedocs.io/suppression)
    """

    code = "INI001"
    name = "unused-ignore"
    severity = Severity.WARNING

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Nothing by itself."""
        yield from ()
