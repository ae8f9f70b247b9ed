"""Facts about the way a file is written, beside the writes themselves: names that do not exist, tests that miss."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from initlint.describe.handing import Handing
from initlint.describe.nodes import Site
from initlint.describe.values import ModuleObject


@dataclass(frozen=True, slots=True)
class InitName:
    """A name looked up in torch.nn.init that it does not have, or that is deprecated there. `name` is the last part."""

    site: Site
    name: str
    in_try: bool


@dataclass(frozen=True, slots=True)
class MissingAttribute:
    """`module.weight` or `.bias` of a module of the project that has none."""

    site: Site
    module: ModuleObject
    name: str
    in_try: bool


@dataclass(frozen=True, slots=True)
class BranchChain:
    """`if <m has a bias>: writes the bias; elif <m has a weight>: writes the weight`. `site` is the second test.

    `owner` is the source of the layer; `first` the source of the first test.
    """

    site: Site
    owner: str
    first: str


@dataclass(frozen=True, slots=True)
class BiasAskedFirst:
    """A layer without a bias met `if <type> and <m has a bias>: writes the weight`, and nothing else sees to it."""

    site: Site
    module: ModuleObject
    asked: str


@dataclass(frozen=True, slots=True)
class HelperGivenTensor:
    """A helper of the project looks for `.name` on a tensor it was given. `argument` is the tensor's name there."""

    site: Site
    argument: ast.expr
    name: str
    via: tuple[Handing, ...]


@dataclass(frozen=True, slots=True)
class Constructed:
    """A transformers model was built from its class. `site` is the class, `init` its constructor.

    `finished` says that `post_init` or `init_weights` was reached.
    """

    site: Site
    init: ast.FunctionDef | ast.AsyncFunctionDef
    module: ModuleObject
    finished: bool
