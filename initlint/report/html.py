"""The runtime report as one HTML page: findings, signal, weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from initlint.report import html_signal, html_weights
from initlint.report.html_page import code, page, prose, safe, tiles
from initlint.runtime.propagation_report import Propagation
from initlint.runtime.protocol import decode

Record = Mapping[str, Any]

_ORDER = ("error", "warning", "info")

_METHODS = {
    "meta": "init read on the meta device",
    "replay": "init read on the meta device, with replays",
    "real": "init read while built for real",
    "live": "built before: no init read",
}


def render(record: Record) -> str:
    """The page for the object that `initlint runtime --output-format json` writes (DESIGN.md)."""
    models: Sequence[Record] = record.get("models") or ()
    findings: Sequence[Record] = record.get("findings") or ()
    names = [str(model["name"]) for model in models]
    title = f"{names[0]} – initlint" if len(names) == 1 else "initlint runtime report"
    body = _overview(record, models) if len(models) != 1 else ""
    if len(models) != 1:
        body += findings_section(findings)
    body += "".join(_model(model, record, alone=len(models) == 1) for model in models)
    return page(title, body)


def findings_section(findings: Sequence[Record]) -> str:
    """The findings as a list, the gravest first."""
    if not findings:
        return '<h2>Findings</h2><div class="card"><p class="good">Nothing found.</p></div>'
    ordered = sorted(findings, key=lambda one: _ORDER.index(str(one["severity"])))
    return f'<h2>Findings</h2><div class="card">{"".join(_finding(one) for one in ordered)}</div>'


def _finding(one: Record) -> str:
    place = f"{one.get('path')}:{one.get('line')}" if one.get("path") else ""
    layer = f" in {code(one['layer'])}" if one.get("layer") else ""
    url = str(one.get("url") or "")
    name = f"{safe(one['code'])} {safe(one['name'])}"
    linked = f'<a href="{safe(url)}">{name}</a>' if url.startswith("https://") else name
    help_text = f'<div class="soft">{prose(one["help"])}</div>' if one.get("help") else ""
    return (
        f'<div class="finding"><div class="badge {safe(one["severity"])}">{safe(one["severity"])}</div><div>'
        f'<b>{linked}</b>{layer} <span class="soft mono">{safe(place)}</span>'
        f"<div>{prose(one['message'])}</div>{help_text}</div></div>"
    )


def _overview(record: Record, models: Sequence[Record]) -> str:
    found = record.get("findings") or ()
    head = tiles((str(len(models)), "models"), (_count(sum(int(m["parameters"]) for m in models)), "parameters"),
                 (str(len(found)), _findings(found)))  # fmt: skip
    return f"<h1>initlint runtime report</h1>{head}{_contents(models)}"


def _contents(models: Sequence[Record]) -> str:
    """Links to the models."""
    links = (f'<a href="#{_anchor(model, models)}">{safe(model["target"])}</a>' for model in models)
    return f'<p class="mono small">{"<br>".join(links)}</p>' if models else ""


def _anchor(model: Record, models: Sequence[Record]) -> str:
    """By number: a name of the user's may hold anything."""
    return f"model-{next(index for index, one in enumerate(models) if one is model)}"


def _findings(found: Sequence[Any]) -> str:
    return "finding" if len(found) == 1 else "findings"


def _model(model: Record, record: Record, *, alone: bool) -> str:
    rows = [row for row in record.get("parameters") or () if row.get("target") == model["target"]]
    anchor = "" if alone else f' id="{_anchor(model, record["models"])}" style="margin-top:56px"'
    parts = [f"<h1{anchor}>{safe(model['name'])}</h1>", f'<div class="soft mono">{safe(model["target"])}</div>']
    parts.append(_facts(model, record, rows, alone=alone))
    parts += [f'<p class="soft">{safe(note)}</p>' for note in model.get("notes") or ()]
    if alone:
        parts.append(findings_section(record.get("findings") or ()))
    plain = None
    if model.get("propagation"):
        signal = decode(Propagation, dict(model["propagation"]))
        plain = html_signal.plain_layers(signal) if signal.layers else None
        parts += [html_signal.section(signal), html_signal.table(signal) if signal.layers else ""]
    if rows:
        parts.append(html_weights.section(rows, plain))
    return "".join(parts)


def _facts(model: Record, record: Record, rows: Sequence[Record], *, alone: bool) -> str:
    tensors = sum(row["kind"] == "parameter" for row in rows)
    facts = [
        (_count(int(model["parameters"])), "parameters"),
        (str(tensors), "tensor" if tensors == 1 else "tensors"),
        (safe(model["seed"]), "seed"),
        (f"{float(model['seconds']):.1f} s", f"torch {model['torch']}, {_METHODS[str(model['method'])]}"),
    ]
    if alone:
        found = record.get("findings") or ()
        grave = sum(one["severity"] != "info" for one in found)
        colour = "error" if grave else "good"
        facts.insert(0, (f'<span class="{colour}">{len(found)}</span>', _findings(found)))
    return tiles(*facts)


def _count(value: int) -> str:
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            return f"{value / (1e3 if unit == 'k' else size):.3g} {unit}"
    return str(value)
