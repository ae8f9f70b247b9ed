"""One report that every format is shown with, and one of hostile names and texts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from initlint import packs
from initlint.finding import Applicability, Confidence, Edit, Evidence, Finding, Fix, Severity, Span
from initlint.report.model import Report
from initlint.source.baseline import fingerprints
from initlint.source.text import Cell, SourceText

NET = SourceText(
    "src/net.py",
    "import torch\n"
    "from torch import nn\n"
    "\n"
    "class Net(nn.Module):\n"
    "    def __init__(self):\n"
    "        super().__init__()\n"
    "        self.fc = nn.Linear(4, 4)\n"
    "\tif True: nn.init.zeros_(self.fc.weight)  # \u65e5\u672c\n"
    "        nn.init.normal_(\n"
    "            self.fc.weight, 0.02\n"
    "        )\n"
    "\n"
    "\n",
)
BOOK = SourceText("n b.ipynb", "x = 1\ny = 2\nz = 3\nw = 4", cells=(Cell(2, 1), Cell(4, 3)))

FINDINGS = (
    Finding("INI002", "syntax-error", Severity.ERROR, "gone.py", Span(1, 1, 1, 1), "cannot read the file: no"),
    Finding("INI304", "std-as-mean", Severity.WARNING, "n b.ipynb", Span(2, 1, 2, 2), "in a cell", cell=4),
    Finding(
        "INI101",
        "zero-hidden-weight",
        Severity.ERROR,
        "src/net.py",
        Span(8, 11, 8, 41),
        "the weight is all zero: 100 % of the units stay equal, [see](it)",
        help="initialise it for `relu`\nby Kaiming",
        layer="Net.fc.weight",
        confidence=Confidence.MEDIUM,
        evidence=Evidence.BOTH,
        fix=Fix(
            Applicability.UNSAFE,
            "Use kaiming_normal_",
            (Edit(Span(8, 11, 8, 25), "nn.init.kaiming_normal_"), Edit(Span(8, 40, 8, 40), ", nonlinearity='relu'")),
        ),
    ),
    Finding(
        "INI304",
        "std-as-mean",
        Severity.INFO,
        "src/net.py",
        Span(9, 9, 11, 10),
        "0.02 is the mean",
        fix=Fix(Applicability.SAFE, "Write `std=`", (Edit(Span(10, 29, 10, 29), "std="),)),
    ),
)

EVIL = "\x1b[31m\r\n::error::x<script>alert(1)</script>&]]>\u202e\ud800\x00\x9b`|*_[a](b){0}%0A\u2028,"
EVIL_SOURCE = SourceText(EVIL, f"x = '{EVIL.replace(chr(10), ' ').replace(chr(13), ' ')}'\n::error::y\n")
EVIL_FINDINGS = (
    Finding(
        "INI101",
        "zero-hidden-weight",
        Severity.ERROR,
        EVIL,
        Span(1, 1, 1, 30),
        EVIL,
        help=EVIL,
        layer=EVIL,
        fix=Fix(Applicability.SAFE, EVIL, (Edit(Span(1, 1, 1, 2), EVIL),)),
    ),
    Finding("INI101", "zero-hidden-weight", Severity.ERROR, "::error::name.py", Span(1, 1, 1, 1), "m"),
)


def report(findings: Sequence[Finding] = FINDINGS, **options: object) -> Report:
    """A report as a run gives it."""
    texts = {one.path: one for one in (NET, BOOK, EVIL_SOURCE)}

    def lines(finding: Finding) -> str:
        return hashlib.sha256(str(finding.span).encode()).hexdigest()

    return Report(
        tuple(findings),
        texts.get,
        lambda some: fingerprints(some, lines, "."),
        rules={"INI002": packs.load()["INI002"]},  # of the others, no page is known
        files=3,
        **options,  # type: ignore[arg-type]
    )
