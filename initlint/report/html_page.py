"""The page around every HTML report: one file, light and dark, no script, nothing fetched."""

from __future__ import annotations

from html import escape

from initlint.report.harmless import visible

_STYLE = """
:root { color-scheme: light dark; --bg: #f7f7f5; --card: #ffffff; --ink: #1d2126; --soft: #636b75; --rule: #e3e4e2;
  --grid: #ececea; --measured: #2456c9; --predicted: #8a3fc4; --signal: #0b8376; --bar: #b9c7e8; --good: #1a7f45;
  --error: #c02634; --warning: #a65a00; --info: #3f6491; --zone: #1a7f4514; }
@media (prefers-color-scheme: dark) { :root { --bg: #15171a; --card: #1d2024; --ink: #e6e7e9; --soft: #9aa2ad;
  --rule: #30343a; --grid: #2a2e33; --measured: #7ea6ff; --predicted: #c39bff; --signal: #4fc9b8; --bar: #40557f;
  --good: #5cc98a; --error: #ff7b86; --warning: #f0b35a; --info: #8fb4e0; --zone: #5cc98a1a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink); line-height: 1.5;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 36px 0 10px; } h3 { font-size: 15px; margin: 0 0 2px; }
p { margin: 6px 0; max-width: 82ch; } .soft { color: var(--soft); } .small { font-size: 13px; }
code, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size:
  .92em;
  overflow-wrap: anywhere; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 16px 18px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 16px; }
.tiles { display: flex; flex-wrap: wrap; gap: 8px 28px; margin: 16px 0 0; }
.tile b { display: block; font-size: 20px; font-weight: 600; } .tile > span { color: var(--soft); font-size: 13px; }
.finding { display: grid; grid-template-columns: 84px 1fr; gap: 2px 14px; padding: 12px 0; border-top: 1px solid
  var(--rule); }
.finding:first-child { border-top: 0; padding-top: 2px; } .finding:last-child { padding-bottom: 2px; }
.badge { font-size: 12px; font-weight: 600; padding-top: 2px; } .error { color: var(--error); }
.warning { color: var(--warning); } .info { color: var(--info); } .good { color: var(--good); }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 2px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px; color: var(--soft); margin: 4px 0 6px; }
.legend i { display: inline-block; width: 20px; border-top: 2.5px solid; vertical-align: middle; margin-right: 6px; }
.legend i.dash { border-top-style: dashed; }
.legend i.dot, .legend i.ring { width: 8px; height: 8px; border: 2px solid; border-radius: 50%; }
.legend i.dot { width: 4px; height: 4px; border-width: 4px; margin-right: 8px; }
svg { display: block; width: 100%; height: auto; }
svg .grid { stroke: var(--grid); } svg .tick { fill: var(--soft); font-size: 11px; } svg .label { fill: var(--ink);
  font-size: 11px; }
svg .measured { stroke: var(--measured); } svg .predicted { stroke: var(--predicted); } svg .signal { stroke:
  var(--signal); }
svg .band.measured { fill: var(--measured); stroke: none; opacity: .16; } svg .band.signal { fill: var(--signal);
  stroke: none; opacity: .14; }
svg .dot.measured { fill: var(--measured); stroke: none; } svg .dot.signal { fill: var(--signal); stroke: none; }
svg .ring { fill: var(--card); stroke-width: 2; } svg .bar { fill: var(--bar); } svg .zone { fill: var(--zone); }
svg .lost { stroke: var(--error); stroke-width: 2; } svg .lost.quiet { stroke: var(--soft); }
svg .good { fill: var(--good); } svg .bad { fill: var(--error); } svg .middling { fill: var(--warning); } svg
  .neutral { fill: var(--soft); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { text-align: left; font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--rule); padding: 6px 10px
  6px 0;
  white-space: nowrap; }
td { padding: 7px 10px 7px 0; border-bottom: 1px solid var(--grid); vertical-align: middle; }
tr:last-child td { border-bottom: 0; } td.num, th.num { text-align: right; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
td svg { min-width: 96px; } td code { overflow-wrap: normal; white-space: nowrap; } td .path { white-space: nowrap;
  } .grid-cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(236px, 1fr)); gap: 12px; }
.grid-cards .card { padding: 12px 14px; min-width: 0; } .grid-cards h3 { font-size: 13px; overflow-wrap: anywhere; }
details > summary { cursor: pointer; color: var(--soft); margin: 10px 0; }
footer { margin-top: 44px; color: var(--soft); font-size: 13px; }
@media (max-width: 560px) { .pair { grid-template-columns: 1fr; } main { padding: 20px 14px 40px; } }
@media print { body { background: #fff; } .card { break-inside: avoid; } }
"""

#: Nothing may be fetched or run, whatever a name in the model contains.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(title: str, body: str) -> str:
    """The whole file."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{safe(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n"
        "<footer>Written by initlint. This page is one file: it fetches nothing and runs no script.</footer>\n"
        "</main>\n</body>\n</html>\n"
    )


def safe(content: object) -> str:
    """Text of the user's, harmless in HTML: nothing in it is markup, and nothing reorders or hides."""
    return escape(visible(str(content)))


def prose(content: object) -> str:
    """A message: what stands between backquotes is code."""
    parts = safe(content).split("`")
    if len(parts) % 2 == 0:
        return "`".join(parts)
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def short_path(path: str, line: object) -> str:
    """`.../folder/file.py:12`, the whole of it when pointed at."""
    pieces = path.replace("\\", "/").split("/")
    short = "/".join(pieces[-2:]) if len(pieces) <= 2 else "…/" + "/".join(pieces[-2:])
    return f'<span class="path" title="{safe(path)}">{safe(short)}:{safe(line)}</span>'


def code(content: object) -> str:
    """A name or a piece of source."""
    return f"<code>{safe(content)}</code>"


def tiles(*pairs: tuple[str, str]) -> str:
    """Numbers with what they are."""
    inner = "".join(f'<div class="tile"><b>{value}</b><span>{safe(name)}</span></div>' for value, name in pairs)
    return f'<div class="tiles">{inner}</div>'


def legend(*entries: tuple[str, str, str]) -> str:
    """(colour, line style, meaning) of each series."""
    items = (
        f'<span><i class="{style}" style="border-color:var(--{colour})"></i>{safe(name)}</span>'
        for colour, style, name in entries
    )
    return f'<div class="legend">{"".join(items)}</div>'
