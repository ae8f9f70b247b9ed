"""How many layers of one sort a signal passes in a row: the depth that a small error is raised to."""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Callable, Iterable

from initlint.describe.groups import Member
from initlint.describe.nodes import Model, Parameter, Site

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp)
_LONGEST = 200  # members of one chain that are followed; deeper ones change no verdict


def longest(members: Iterable[Member], accepts: Callable[[Member], bool]) -> tuple[list[Member], int]:
    """The longest series of accepted layers, each fed by the activation of the one before, and how deep it is.

    A layer made in a loop that is read once counts as often as the loop runs, if the signal comes back to it: heads
    side by side are made in a loop too.
    """
    chain = {id(member.parameter.module): member for member in members if accepts(member)}
    sites = [_place(member) for member in chain.values()]
    best: dict[int, tuple[int, list[Member]]] = {}

    def walk(key: int, seen: frozenset[int]) -> tuple[int, list[Member]]:
        if key in best:
            return best[key]
        member = chain[key]
        alone = sites.count(_place(member)) == 1 and member.parameter.in_list
        often = turns(member.parameter.site) if alone else 1
        rest: tuple[int, list[Member]] = (0, [])
        for following in _next(member):
            if following in chain and following not in seen and len(seen) < _LONGEST:
                rest = max(rest, walk(following, seen | {following}), key=lambda found: found[0])
        best[key] = (rest[0] + (often if often > 1 and _comes_back(chain, key) else 1), [member, *rest[1]])
        return best[key]

    found = [walk(key, frozenset({key})) for key in chain]
    depth, layers = max(found, key=lambda one: one[0], default=(0, []))
    return layers, depth


def deepest(members: Iterable[Member]) -> int:
    """The depth that `longest` cannot exceed, told without reading forward."""
    return sum(turns(member.parameter.site) for member in members)


def without_norms(model: Model, members: Iterable[Member]) -> list[Member]:
    """Those that do not stand among as many norms as layers: where each has its own, no series of them is plain."""
    norms = Counter(_holder(one) for one in model.parameters if one.role == "norm_weight")
    members = list(members)
    layers = Counter(_holder(member.parameter) for member in members)
    held = [(member, _holder(member.parameter)) for member in members]
    return [member for member, holder in held if norms[holder] < layers[holder]]


def _holder(parameter: Parameter) -> str:
    """The path of the module that holds the parameter's layer."""
    return parameter.name.rpartition(".")[0].rpartition(".")[0]


def _comes_back(chain: dict[int, Member], key: int) -> bool:
    """Whether what leaves the layer passes it again: it stands for a row of layers, each fed by the one before."""
    seen: set[int] = set()
    ahead = _next(chain[key])
    while ahead:
        following = ahead.pop()
        if following == key:
            return True
        if following in chain and following not in seen:
            seen.add(following)
            ahead.extend(_next(chain[following]))
    return False


def _next(member: Member) -> list[int]:
    follow = member.parameter.follow
    if follow is None:
        return []
    sure = [node for node in follow.then if all(guard.default for guard in node.guards)]
    return [id(node.module) for node in sure if node.op == "layer"]


def _place(member: Member) -> int:
    site = member.parameter.site
    return id(site.node) if site is not None else id(member)


def turns(site: Site | None) -> int:
    """How often the loops around a place run, as far as `range(n)` and a parameter's default tell."""
    if site is None:
        return 1
    product, node = 1, site.node
    while (above := site.source.parents.get(node)) is not None and not isinstance(above, _FUNCTIONS):
        if isinstance(above, ast.For) and node in above.body:
            product *= _length(site, above.iter)
        elif isinstance(above, _COMPREHENSIONS):
            outer = above.generators[: above.generators.index(node)] if node in above.generators else above.generators
            product *= math.prod(_length(site, generator.iter) for generator in outer)
        node = above
    return product


def _length(site: Site, iterable: ast.expr) -> int:
    match iterable:
        case ast.Call(func=ast.Name(id="range"), args=[stop]):
            return max(1, _number(site, stop))
        case ast.Call(func=ast.Name(id="range"), args=[start, stop]):
            return max(1, _number(site, stop) - _number(site, start))
    return 1


def _number(site: Site, node: ast.expr) -> int:
    match node:
        case ast.Constant(value=int(value)):
            return value
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _number(site, left) - _number(site, right)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _number(site, left) + _number(site, right)
        case ast.Name(id=name):
            return _default(site, name)
    return 1


def _default(site: Site, name: str) -> int:
    """The default of the parameter `name` of the function around."""
    node = site.source.function(site.node)
    if node is None:
        return 1
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(reversed(positional), reversed(arguments.defaults), strict=False)]
    pairs += [(one, value) for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value]
    for argument, value in pairs:
        if argument.arg == name and isinstance(value, ast.Constant) and isinstance(value.value, int):
            return value.value
    return 1
