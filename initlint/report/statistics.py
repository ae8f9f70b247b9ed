"""`--statistics`: how many findings each rule has."""

from __future__ import annotations

from collections import Counter

from initlint.report.model import Report
from initlint.report.styled import Line


def table(report: Report) -> list[Line]:
    """A line for each rule, the most frequent first; `[*]` where fixes are offered."""
    counts = Counter((one.code, one.name) for one in report.findings)
    fixable = {one.code for one in report.findings if one.fix}
    width = max((len(str(count)) for count in counts.values()), default=0)
    return [
        [
            (f"{count:>{width}}  ", "bold"),
            (f"{code}  ", "bold red"),
            ("[*]  " if code in fixable else "     ", "cyan"),
            (name, ""),
        ]
        for (code, name), count in sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    ]
