"""INI002 syntax-error. The engine finds it: a file that does not parse has no description to check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class SyntaxErrorFound(Rule):
    """A file, or a cell of a notebook, cannot be read as Python.

    ## What it does
    Reports what cannot be linted: code that does not parse under the Python that runs initlint, bytes that do not
    decode, binary content, files that may not be read. The other files, and the other cells, are linted all the same.

    ## Why is this bad?
    Nothing in such a file has been checked.

    ## Example
    ```python
    print "epoch", epoch
    ```

    ## Use instead
    ```python
    print("epoch", epoch)
    ```

    ## References
    - [Source file encodings](https://peps.python.org/pep-0263/)
    """

    code = "INI002"
    name = "syntax-error"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Nothing by itself."""
        yield from ()
