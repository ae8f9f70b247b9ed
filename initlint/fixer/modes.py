"""The mode of a Kaiming init, exchanged."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from initlint.describe.signatures import SIGNATURES
from initlint.finding import Edit
from initlint.fixer.calls import quoted, set_arguments
from initlint.fixer.fragment import CannotRewrite

if TYPE_CHECKING:
    from initlint.describe.nodes import InitCall

_OTHER = {"fan_in": "fan_out", "fan_out": "fan_in"}


def other_mode(call: InitCall | None) -> tuple[Edit, ...]:
    """`mode="fan_out"` where the call asks for fan_in, and the reverse; nothing where that cannot be written."""
    if (
        call is None
        or not isinstance(call.site.node, ast.Call)
        or not call.function.startswith("torch.nn.init.kaiming")
    ):
        return ()
    mode = _OTHER.get(call.values.get("mode", "fan_in"))
    given = call.nodes.get("mode")
    if mode is None or (given is not None and not isinstance(given, ast.Constant)):
        return ()
    source = call.site.source
    order = [name for name, _ in SIGNATURES[call.name]] if call.name in SIGNATURES else []
    try:
        return set_arguments(source, call.site.node, order=order, set={"mode": quoted(source, mode)})
    except CannotRewrite:
        return ()
