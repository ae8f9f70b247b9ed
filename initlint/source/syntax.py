"""Going over syntax trees, several times faster than `ast.walk`, which looks every field up by its name."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def children(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes directly below `node`, as `ast.iter_child_nodes`."""
    for value in vars(node).values():
        kind = value.__class__
        if kind is int or kind is str:  # positions and names: most of what a node holds
            continue
        if kind is list:
            for item in value:
                if isinstance(item, ast.AST):
                    yield item
        elif isinstance(value, ast.AST):
            yield value


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """`node` and all nodes below it, the upper ones first, as `ast.walk`."""
    queue = [node]
    for above in queue:
        yield above
        for value in vars(above).values():
            kind = value.__class__
            if kind is int or kind is str:
                continue
            if kind is list:
                queue += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST):
                queue.append(value)


def last_name(node: ast.AST | None) -> str:
    """`Linear` of `nn.Linear` and of `Linear`; empty for what is neither a name nor an attribute."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def parents(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    """For each node of the tree, the node that holds it."""
    queue, found = [tree], {}
    for above in queue:
        for value in vars(above).values():
            kind = value.__class__
            if kind is int or kind is str:
                continue
            for item in value if kind is list else (value,):
                if isinstance(item, ast.AST):
                    found[item] = above
                    queue.append(item)
    return found
