"""Programs that nobody would write so, and that Python takes all the same."""

from __future__ import annotations

from hypothesis import strategies as st

_SIMPLE = st.sampled_from(
    [
        "a = 1",
        "nn.init.f_(w, [g(2)], (3,))",
        "x = '''\n y # no comment\n'''",
        "f(\n  1,  # inside\n# at the margin\n    2)",
        "a = 1 + \\\n  2",
        "é = 'ß' * ü",
        "(y := 3)",
        "z = f'{x!r}{{}}#'",
        "pass",
        "b: int = 4",
        "del q, r",
        "w = lambda: (1, 2)",
        "s = 'a' 'b;c'",
    ]
)
_HEADERS = st.sampled_from(
    [
        "if x:",
        "if (x,\n  y):",
        "for i in j:",
        "while (n := f()):",
        "with a as b, c:",
        "def f(self, x: int = 1) -> None:",
        "@d(1)\n# of d\n@e\ndef é():",
        "class A(B):",
        "async def g():",
        "try:",
        "match v:",
    ]
)
_COMMENT = st.sampled_from(["", "", "", "  # note", " #tight", "  # ß"])


@st.composite
def _row(draw: st.DrawFn) -> str:
    statements = draw(st.lists(_SIMPLE, min_size=1, max_size=3))
    return draw(st.sampled_from(["; ", ";", " ; ", "; \\\n  "])).join(statements) + draw(st.sampled_from(["", "", ";"]))


@st.composite
def _block(draw: st.DrawFn, indent: str, unit: str, depth: int) -> str:
    text = ""
    for _ in range(draw(st.integers(1, 3))):
        match draw(st.integers(0, 9 if depth else 6)):
            case 0:
                text += f"{indent}# about the next\n"
            case 1:
                text += draw(st.sampled_from(["\n", "   \n", "\x0c\n", "# at the margin\n"]))
            case 2 | 3 | 4 | 5 | 6:
                text += f"{indent}{draw(_row())}{draw(_COMMENT)}\n"
            case _:
                text += draw(_compound(indent, unit, depth))
    text += f"{indent}{draw(_row())}{draw(_COMMENT)}\n"
    return text + draw(st.sampled_from(["", "", f"{indent}# the end\n"]))


@st.composite
def _compound(draw: st.DrawFn, indent: str, unit: str, depth: int) -> str:
    header = draw(_HEADERS)
    *above, last = header.split("\n") if header.startswith("@") else [header]
    text = "".join(f"{indent}{line}\n" for line in above)
    if header == "match v:":
        return f"{text}{indent}{last}\n{indent}{unit}case 1:" + draw(_body(indent + unit, unit, depth - 1))
    text += f"{indent}{last}" + draw(_body(indent, unit, depth - 1))
    if header == "try:":
        text += f"{indent}except E as e:" + draw(_body(indent, unit, depth - 1))
        text += f"{indent}finally:" + draw(_body(indent, unit, depth - 1))
    elif header.startswith("if"):
        for branch in draw(st.sampled_from([[], ["else:"], ["elif y:"], ["elif y:", "else:"]])):
            text += f"{indent}{branch}" + draw(_body(indent, unit, depth - 1))
    return text


@st.composite
def _body(draw: st.DrawFn, indent: str, unit: str, depth: int) -> str:
    if draw(st.booleans()):
        between = draw(st.sampled_from([" ", "", " \\\n "]))
        return f"{between}{draw(_row())}{draw(_COMMENT)}\n"
    return f"{draw(_COMMENT)}\n{draw(_block(indent + unit, unit, depth))}"


@st.composite
def programs(draw: st.DrawFn) -> str:
    """The text of a program; it parses."""
    text = draw(_block("", draw(st.sampled_from(["    ", "\t", "  "])), 3))
    return text if draw(st.booleans()) else text.rstrip("\n")
