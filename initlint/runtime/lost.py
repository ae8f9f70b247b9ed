"""Init that went nowhere: written to a recomputed weight (INI506), to a copy (INI507), over (INI509). (child)"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.nn.utils.parametrize import is_parametrized

from initlint.runtime.build import Build
from initlint.runtime.evaluate import COPYING
from initlint.runtime.frames import resolve
from initlint.runtime.geometry import Geometry, Relation, relate
from initlint.runtime.ledger import Ledger, Write
from initlint.runtime.protocol import Place, Verdict
from initlint.runtime.storages import view_of

_SELECTING = frozenset({"index", "index_select", "masked_select", "take", "gather"})
_WEIGHTS = ("weight",)
_FILLING = frozenset({"normal_", "uniform_", "fill_", "zero_", "copy_", "random_", "bernoulli_", "exponential_"})
_COMPUTED = frozenset({"_weight_norm_interface", "_weight_norm"})


def lost_writes(build: Build) -> Iterator[Verdict]:
    """Verdicts on init calls whose target is no parameter's memory."""
    owned = {parameter.untyped_storage()._cdata for parameter in _tensors(build.model)}
    last: dict[str, tuple[str, Write]] = {}  # of several lost writes to one weight, the last one
    for layer, ledger, owner in _recomputed(build):
        write = _init_on(ledger)
        if write is not None and (owner not in last or write.index > last[owner][1].index):
            last[owner] = (layer, write)
    seen: set[object] = set()
    for owner, (layer, write) in last.items():
        place = resolve(write.trail.best)
        if place in seen:
            continue
        seen.add(place)
        message = f"`{owner}` is recomputed from other parameters at every use: this {write.scheme} on it is lost"
        yield Verdict("INI506", layer, message, "initialise first, then wrap", place)
    yield from _on_copies(build, owned, seen)


def _tensors(model: nn.Module) -> Iterator[torch.Tensor]:
    yield from (value for value in (*model.parameters(), *model.buffers()) if not is_lazy(value))
    for module in model.modules():
        yield from (value for value in vars(module).values() if isinstance(value, torch.Tensor))


def _recomputed(build: Build) -> Iterator[tuple[str, Ledger, str]]:
    for name, module in build.model.named_modules():
        prefix = f"{name}." if name else ""
        for attribute in _WEIGHTS:
            value = vars(module).get(attribute)
            if isinstance(value, torch.Tensor) and f"{attribute}_g" in module._parameters:
                ledger = build.tape.ledgers.get(value.untyped_storage()._cdata)
                if ledger is not None:
                    yield name, ledger, f"{prefix}{attribute}"
    wrapped = {
        value.untyped_storage()._cdata: (name, f"{prefix}{attribute}")
        for name, module in build.model.named_modules()
        if is_parametrized(module)
        for prefix in [f"{name}." if name else ""]
        for attribute, held in module.parametrizations.items()
        for value in held.parameters()
    }
    for key, ledger in build.tape.ledgers.items() if wrapped else ():
        if ledger.writes and ledger.writes[0].function in _COMPUTED and _init_on(ledger):
            reads = {one for node in build.tape.log.nodes if key in node.writes for one in node.reads}
            found = next((wrapped[one] for one in reads if one in wrapped), None)
            if found is not None:
                yield found[0], ledger, found[1]


def _init_on(ledger: Ledger) -> Write | None:
    return next((write for write in ledger.writes if write.function.startswith("torch.nn.init.")), None)


def _on_copies(build: Build, owned: set[int], seen: set[object]) -> Iterator[Verdict]:
    """A copy of a parameter, initialised and then read by nothing."""
    read = {key for node in build.tape.log.nodes for key in node.reads - node.writes}
    for key, ledger in build.tape.ledgers.items():
        if key in owned or key in read or len(ledger.writes) < 2:
            continue
        born, write = ledger.writes[0], _init_on(ledger)
        copying = born.function in COPYING | _SELECTING
        if write is None or not copying or born.source is None or born.source[0].key not in owned:
            continue
        place = resolve(write.trail.best)
        if place is None or place in seen:
            continue
        seen.add(place)
        message = (
            f"this {write.scheme} fills a copy of a parameter (made by {born.function}), which is then thrown away"
        )
        yield Verdict("INI507", "", message, "write to the parameter itself, or to a view of it", place)


def dead_inits(build: Build) -> Iterator[Verdict]:
    """INI509: an init that the next statement of its block overwrites whole, with nothing read in between."""
    read = {key for node in build.tape.log.nodes for key in node.reads - node.writes}
    seen: set[Place] = set()
    for name, parameter in build.model.named_parameters():
        if is_lazy(parameter):
            continue
        ledger = build.tape.ledgers.get(parameter.untyped_storage()._cdata)
        if ledger is None or ledger.key in read:
            continue
        view = view_of(parameter)
        for first, second in pairwise(
            write for write in ledger.writes if relate(write.region, view) is not Relation.NONE
        ):
            one, two = (resolve(write.trail.best) for write in (first, second))
            if one is None or two is None or one in seen or not (_is_init(first, view) and _is_init(second, view)):
                continue
            if one.path == two.path and one.function == two.function and _in_a_row(one, two):
                seen.add(one)
                message = f"this {first.scheme} on `{name}` is lost: line {two.line} writes the whole tensor again"
                yield Verdict("INI509", name, message, "was the bias meant by one of the two?", one)


def _is_init(write: Write, view: Geometry) -> bool:
    """Whether an init call of the user's, and no constructor, wrote the whole tensor."""
    named = write.function.startswith("torch.nn.init.") or write.function in _FILLING
    return named and write.kind == "set" and write.region == view and not write.trail.constructor


def _in_a_row(one: Place, two: Place) -> bool:
    """Whether two calls are statements of one block, the second right after the first."""
    try:
        tree = ast.parse("".join(linecache.getlines(one.path)))
    except (SyntaxError, ValueError):
        return False
    for node in ast.walk(tree):
        for block in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
            if not isinstance(block, list):
                continue  # a lambda or a conditional expression
            lines = [statement.lineno for statement in block if isinstance(statement, ast.Expr)]
            if one.line in lines and two.line in lines and one.line < two.line:
                between = [item for item in block if one.line < item.lineno < two.line]
                return all(isinstance(item, ast.Expr) for item in between)
    return False
