"""A constant weight given random numbers: the write replaced, or a draw put behind the constructor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Applicability, Fix
from initlint.fixer.fill import fill_tensor
from initlint.fixer.fragment import CannotRewrite
from initlint.fixer.scheme import recommended

if TYPE_CHECKING:
    from initlint.describe.groups import Group
    from initlint.describe.nodes import FileModel


def redraw(file: FileModel, group: Group) -> Fix | None:
    """The unsafe fix that draws a group's weights as what follows them asks for; None where none is surely right."""
    from initlint.describe.advice import agreed

    if group.event.call is not None:
        return None if _writes_more(file, group) else recommended(group.event.call, group.members)
    suited = agreed(group.members)
    if suited is None:
        return None
    try:
        edits = fill_tensor(group.site.source, group.site.node, suited.code)
    except CannotRewrite:
        return None
    return Fix(Applicability.UNSAFE, f"Draw it with `{suited.code.call('w', '')}`", edits)


def _writes_more(file: FileModel, group: Group) -> bool:
    """Whether the same statement also writes to what is no matrix: a bias, a norm's scale, a token."""
    from initlint.describe.nodes import InitCall

    calls = [call for call in file.facts(InitCall) if call.site.node is group.site.node]
    return any(call.target.ndim is None or call.target.ndim < 2 for call in calls)
