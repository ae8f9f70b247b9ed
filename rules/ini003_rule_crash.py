"""INI003 rule-crash. The engine reports it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel


class RuleCrash(Rule):
    """A rule failed on this file: a bug in the rule, not in the file.

    ## What it does
    Names the rule that raised, what it raised, and the place in the file that it was looking at. All other rules and
    files are checked, and the exit status is 3.

    ## Why is this bad?
    The file has not been checked for this rule's mistake.

    ## Example
    A finding of this rule. `initlint --debug` prints the traceback; please report it together with the line named.

    ## Use instead
    Until it is mended, `--ignore CODE` leaves the rule out.

    ## References
    - [Reporting a bug](https://initlint.readthedocs.io/bugs)
    """

    code = "INI003"
    name = "rule-crash"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Nothing by itself."""
        yield from ()
