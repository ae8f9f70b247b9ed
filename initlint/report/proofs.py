"""What --verify found out: a line for each fix, and under it the model before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from initlint.fixer.proof import Proof, Sample, Verdict
from initlint.report.concise import place
from initlint.report.harmless import visible
from initlint.report.styled import Line, to_text

_STYLES = {
    Verdict.HELD: "bold green",
    Verdict.UNPROVED: "bold yellow",
    Verdict.UNBUILT: "bold yellow",
    Verdict.TAKEN_BACK: "bold red",
}
_MISSING = "-"


def proofs(found: Sequence[Proof], *, color: bool = False) -> str:
    """Every fix with its verdict, then the count."""
    if not found:
        return ""
    lines = [line for proof in found for line in _block(proof)]
    return to_text([*lines, _closing(found)], color=color)


def _block(proof: Proof) -> Iterable[Line]:
    where = f"{visible(proof.model)} " if proof.model else ""
    yield [
        (f"{place(proof.finding)}: ", "bold"),
        (f"{proof.finding.code} ", "bold"),
        (f"{proof.verdict.value}", _STYLES[proof.verdict]),
        (f": {where}{'' if not where else '- '}{visible(proof.text)}", ""),
    ]
    rows = [(name, one) for name, one in (("before", proof.before), ("after", proof.after)) if one is not None]
    cells = [_cells(sample) for _, sample in rows]
    known = [number for number, column in enumerate(zip(*cells, strict=True)) if any(one for _, one in column)]
    for (name, sample), row in zip(rows, cells, strict=True):
        count = f" ({sample.tensors})" if sample.tensors > 1 else ""
        text = "  ".join([f"{visible(sample.scheme) + count:<28}", *(_cell(*row[number]) for number in known)])
        yield [(f"    {name:<7}", "dim"), (text.rstrip(), "")]


def _cells(sample: Sample) -> list[tuple[str, str]]:
    """What is known of a side, by what it is called; what neither side knows is not shown."""
    return [
        ("mean", _number(sample.mean)),
        ("std", _number(sample.std)),
        ("output", _number(sample.output)),
        ("each layer: signal", _factor(sample.forward)),
        ("gradient", _factor(sample.backward)),
    ]


def _cell(name: str, value: str) -> str:
    return f"{name} {value or _MISSING:<8}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _factor(value: float | None) -> str:
    return "" if value is None else f"x{value:.3g}"


def _closing(found: Sequence[Proof]) -> Line:
    counts = Counter(proof.verdict for proof in found)
    told = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict])
    return [(f"Verified {len(found)} {'fix' if len(found) == 1 else 'fixes'}: {told}.", "bold")]
